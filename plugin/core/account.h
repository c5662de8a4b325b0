/* SPDX-License-Identifier: MIT */
/*
 * account.h - a person's accounts: one file of key=value lines each, without
 * secrets, at $XDG_CONFIG_HOME/valetkey/ACCOUNT.conf. Both halves read them,
 * the helper makes them, and people may edit them.
 *
 * A directory or file counts only if the effective user (or root) owns it and
 * nobody else can write it.
 */
#ifndef VALETKEY_ACCOUNT_H
#define VALETKEY_ACCOUNT_H

#include "record.h"

#include <stdbool.h>

#define ACCOUNT_NAME_MAX 64
#define ACCOUNT_ID_LENGTH 32 /* lower case hex digits */

/* [A-Za-z0-9._@-], 1 to 64 of them, not starting with '.' or '-'. */
bool account_name_ok(const char *name);

/* Whether it can be an account's id. */
bool account_id_ok(const char *id);

/* Whether it is one by these rules, or there is nothing by that name yet. */
bool account_directory_ok(const char *path);

/* $XDG_CONFIG_HOME if it counts, else ~/.config. 0 or ERR_NOMEM, _ACCOUNT:
 * nobody knows the user's home. */
int account_config_home(struct buf *path);

/* The same of $XDG_STATE_HOME, else ~/.local/state. */
int account_state_home(struct buf *path);

/* The same with "/valetkey" and, if `file` is not NULL, "/file". ERR_ACCOUNT
 * if that directory is there and does not count; `path` is the directory. */
int account_path(struct buf *path, const char *file);

/*
 * Reads a file under the rules above, or, if it is `installed` beside the
 * program itself, whoever owns it; missing, not ours, or too long: ERR_ACCOUNT;
 * malformed: ERR_ARG with *bad_line set (may be NULL).
 */
int account_read_file(const char *path, bool installed, struct record *record,
		      unsigned *bad_line);

/* Reads an account's file. As account_read_file(). */
int account_read(const char *name, struct record *account, unsigned *bad_line);

/*
 * Calls `see` with the name of every account, sorted; it returns 0 to go on.
 * 0, what `see` returned, ERR_NOMEM or _DENIED; ERR_ACCOUNT if the directory
 * is there and does not count or cannot be read. No directory: no accounts.
 */
int account_each(int (*see)(const char *name, void *data), void *data);

/* Whether there is something by the account's name, or in the way to it, that
 * account_read() does not take. */
bool account_unusable(const char *name);

/* Whether the origin is one of the account's hosts. */
bool account_has_origin(const struct record *account, const char *origin);

/*
 * The one account whose hosts have this origin, read into `account`, its name
 * into `name`. ERR_RESOURCE if there is none, ERR_ACCOUNT if several or
 * if they cannot be looked through.
 */
int account_find(const char *origin, char name[ACCOUNT_NAME_MAX + 1],
		 struct record *account);

#endif
