/* SPDX-License-Identifier: MIT */
/*
 * account_change.h - writes and deletes accounts' files. A change is of single keys and
 * leaves all other lines as the person wrote them. The file is the old one or the new
 * one, never half of both; a link to it stays a link. The command does so, and the
 * helper if it must be under the account's lock.
 */
#ifndef VALETKEY_ACCOUNT_CHANGE_H
#define VALETKEY_ACCOUNT_CHANGE_H

#include "core/buf.h"
#include "core/record.h"
#include "core/text.h"

#include <sys/types.h>

/* Each key of `changes` gets the values that it has there; "" takes it away. 0 or
 * ERR_DENIED: nothing was changed. */
int account_change(const char *account, const struct record *changes);

/* What the file says is on the disk after this: 0 or ERR_DENIED. */
int account_sync(const char *account);

/*
 * Writes a new file beside `path`, and has `place` (rename, or what takes the same two
 * names) put it there once it is on the disk. The lock on it says that somebody writes
 * it: one that nobody has locked was left by a run that was killed, and the helper
 * deletes it, maybe just before we lock. 0, or -1 with errno.
 */
int account_write(const char *path, const struct buf *text, mode_t mode,
		  int (*place)(const char *from, const char *to));

/* Deletes the account's file. 0 or a result code with *problem set. */
int account_delete(const char *account, struct problem *problem);

#endif
