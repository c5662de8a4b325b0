/* SPDX-License-Identifier: MIT */
/*
 * private_file.h - writes the few files that a service leaves: its units and its
 * secret. Each is whole or as it was, and nobody else can read it.
 */
#ifndef VALETKEY_PRIVATE_FILE_H
#define VALETKEY_PRIVATE_FILE_H

#include "core/buf.h"

/* Makes the folders above it too. `path` is absolute. 0 or a result, told. */
int private_file_write(const char *path, const struct buf *text);

#endif
