/* SPDX-License-Identifier: MIT */
/*
 * park_file.h - the other place to park: a file beside the account's, for where
 * the kernel has no room or no keyring; in place.h's other place if that folder takes
 * none. What lies there is sealed (park.h). It
 * outlives the process, and a reboot too once the system has written it.
 */
#ifndef VALETKEY_PARK_FILE_H
#define VALETKEY_PARK_FILE_H

#include "core/buf.h"

#include <stdbool.h>

#define PARK_FILE_MAX (512u << 10)

/* The file is .ID.SLOT. */
struct park_file {
	const char *id;
	const char *slot; /* "parked" or "parked-login" */
};

/* Puts it in place of what is there; room once taken is not given back. */
bool park_file_put(const struct park_file *file, const struct buf *payload);

/* False: there is none, or none of ours. `payload` must be empty. */
bool park_file_read(const struct park_file *file, struct buf *payload);

void park_file_remove(const struct park_file *file);

#endif
