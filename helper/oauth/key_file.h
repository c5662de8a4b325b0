/* SPDX-License-Identifier: MIT */
/*
 * key_file.h - reads a client's private key (PEM) out of a file that nobody else
 * can read: a regular file of the person's or root's, as ssh wants its keys.
 */
#ifndef VALETKEY_KEY_FILE_H
#define VALETKEY_KEY_FILE_H

#include "core/buf.h"
#include "core/problem.h"

/* 0; ERR_DENIED with why not, and what to type; ERR_NOMEM. */
int key_file_read(const char *path, struct buf *pem, struct problem *problem);

#endif
