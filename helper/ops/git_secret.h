/* SPDX-License-Identifier: MIT */
/*
 * git_secret.h - the secret text of a stored git credential, as
 * git-credential-libsecret writes it: the password is the first line, and
 * NAME=VALUE lines may follow. Any program may have written it.
 */
#ifndef VALETKEY_GIT_SECRET_H
#define VALETKEY_GIT_SECRET_H

#include "core/record.h"

#include <stdbool.h>

/* Reads the first line as the field `first`, and those of the named lines that
 * are there. 0 or RECORD_NOMEM. */
int git_secret_read(const struct buf *secret, const char *first,
		    const char *const *names, struct record *fields);

/* The reverse; a field that is missing adds nothing. */
int git_secret_make(const struct record *fields, const char *first,
		    const char *const *names, struct buf *secret);

/* Whether the first line is this. */
bool git_secret_is(const struct buf *secret, const char *first);

/* Whether a line of that name is there and not empty. */
bool git_secret_has(const struct buf *secret, const char *name);

/* Whether its password_expiry_utc has passed; false if it has none. */
bool git_secret_expired(const struct buf *secret);

#endif
