/* SPDX-License-Identifier: MIT */
/*
 * sealed_folder.h - the folder `sealed` beside the accounts' files, and how a file
 * in it is read and replaced. Folder and files count only if they are ours and
 * nobody else may even look (0700, 0600); anything else is refused, not mended.
 */
#ifndef VALETKEY_SEALED_FOLDER_H
#define VALETKEY_SEALED_FOLDER_H

#include "core/buf.h"
#include "core/text.h"

#include <stdbool.h>

/* Its descriptor in *folder; -1 and 0: it is not there, and was not to be made.
 * ERR_ACCOUNT: it does not count, or cannot be made. */
int sealed_folder_open(bool make, int *folder, struct problem *problem);

/* Adds the file's text. *found false: there is none. ERR_DENIED: it does not
 * count, or cannot be read. */
int sealed_folder_read(int folder, const char *name, struct buf *text,
		       bool *found, struct problem *problem);

/* Replaces it: written beside, on the disk, renamed, read back. ERR_DENIED: the
 * old one is still there. */
int sealed_folder_write(int folder, const char *name, const struct buf *text,
			struct problem *problem);

/* 0 if there was none. */
int sealed_folder_delete(int folder, const char *name, struct problem *problem);

/* Whether a file of so many bytes would find room: it is taken, and given back. */
int sealed_folder_room(int folder, size_t size, struct problem *problem);

/* Calls `see` with each name, until it returns other than 0, which is returned. */
int sealed_folder_each(int folder, int (*see)(const char *name, void *data),
		       void *data, struct problem *problem);

#endif
