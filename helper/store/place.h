/* SPDX-License-Identifier: MIT */
/*
 * place.h - where small files of an account lie: beside the account's own file,
 * or, if that folder takes none (it is read-only), in the runtime directory, which
 * ends with the last login session. Used by lock.c, park.c and recover.c.
 */
#ifndef VALETKEY_PLACE_H
#define VALETKEY_PLACE_H

#include "core/buf.h"

enum place {
	PLACE_ACCOUNT = 0, /* beside the account's file: the first choice */
	PLACE_RUNTIME = 1  /* $XDG_RUNTIME_DIR/valetkey, if only we may enter */
};

/* The folder's path, whether or not it is there; 0, or -1: there is no such
 * place. */
int place_folder(enum place place, struct buf *path);

/* The path of .ID.NAME in it, by the same rule. */
int place_path(enum place place, const char *id, const char *name,
	       struct buf *path);

/* Makes the folder in the runtime directory if it is not there. */
void place_make_runtime(void);

#endif
