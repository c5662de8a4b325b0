/* SPDX-License-Identifier: MIT */
/*
 * account_change.h - changes single keys of an account's file and leaves all other
 * lines as the person wrote them. The file is the old one or the new one, never
 * half of both; a link to it stays a link. The command does so, and the helper if
 * it must be under the account's lock.
 */
#ifndef VALETKEY_ACCOUNT_CHANGE_H
#define VALETKEY_ACCOUNT_CHANGE_H

#include "core/buf.h"
#include "core/record.h"

/* Each key of `changes` gets the values that it has there; "" takes it away. 0 or
 * ERR_DENIED: nothing was changed. */
int account_change(const char *account, const struct record *changes);

/* What the file says is on the disk after this: 0 or ERR_DENIED. */
int account_sync(const char *account);

/*
 * A new file beside `path`, on its way to be that; its name in `name`. The lock on
 * it says that somebody writes it: one that nobody has locked was left by a run that
 * was killed, and the helper deletes it, maybe just before we lock. The descriptor
 * or -1.
 */
int account_temporary(struct buf *name, const char *path);

#endif
