/* SPDX-License-Identifier: MIT */
/*
 * git_field.h - the fields of a git credential on their way between the command
 * and the helper. git allows any byte but NUL and newline in a value, a record
 * of the line protocol no control characters: they travel as %XX.
 */
#ifndef VALETKEY_GIT_FIELD_H
#define VALETKEY_GIT_FIELD_H

#include "core/record.h"

#include <stdbool.h>

/* Adds value with what is not printable, and '%', written as %XX. NULL adds
 * nothing. 0 or RECORD_NOMEM. */
int git_field_add(struct record *record, const char *key, const char *value);

/* The value as it was, in `value` (must be empty). *found false: there is none.
 * 0, RECORD_NOMEM, RECORD_MALFORMED. */
int git_field_get(const struct record *record, const char *key,
		  struct buf *value, bool *found);

/* Undoes %XX (RFC 3986 2.1) in len bytes of text. RECORD_MALFORMED where a '%'
 * is not followed by two digits, or stands for NUL. */
int git_field_decode(const char *text, size_t len, struct buf *out);

#endif
