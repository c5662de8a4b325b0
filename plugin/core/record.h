/* SPDX-License-Identifier: MIT */
/*
 * record.h - key=value lines: the one format of the line protocol, of account
 * and provider files, of keyring secrets and of git's credential protocol.
 *
 * On a socket a blank line ends a record (git's format); in a file blank lines
 * and lines that start with '#' mean nothing and white space around key and
 * value is dropped. `key[]=value` adds to a list, and `key[]=` empties it; of
 * a plain key the last value counts. Keys are [A-Za-z0-9._-] with an optional
 * "[]", values any text without control characters, a line at most 65,535
 * bytes. Values are wiped when the record is freed.
 */
#ifndef VALETKEY_RECORD_H
#define VALETKEY_RECORD_H

#include "buf.h"

#include <stdbool.h>
#include <stdint.h>

#define RECORD_LINE_MAX 65535u
#define RECORD_TEXT_MAX (1u << 20)

struct record {
	struct buf pairs; /* key NUL value NUL ... */
};

/* A pair whose parts need not end with NUL, and have none in them. */
struct record_pair {
	const char *key;
	size_t key_len;
	const char *value;
	size_t len;
};
int record_add_pair(struct record *record, struct record_pair pair);

/* Adds a pair as it is. -1: no memory. A NULL value adds nothing. */
int record_add(struct record *record, const char *key, const char *value);
int record_add_int(struct record *record, const char *key, int64_t value);

/* Replaces all values of key. */
int record_set(struct record *record, const char *key, const char *value);

/* Takes all values of key away. */
void record_remove(struct record *record, const char *key);

/* The last value of key, or NULL. Valid until the record changes. */
const char *record_get(const struct record *record, const char *key);

/* Whether the last value of key is this one; whether any is. */
bool record_is(const struct record *record, const char *key, const char *value);
bool record_has(const struct record *record, const char *key,
		const char *value);

/* As a number; fallback if it is absent or not one. */
int64_t record_get_int(const struct record *record, const char *key,
		       int64_t fallback);

/* The next value of key after `previous` (NULL: the first), or NULL. */
const char *record_next(const struct record *record, const char *key,
			const char *previous);

/* Goes through all pairs: *at is 0 at first. NULL at the end. */
const char *record_each(const struct record *record, size_t *at,
			const char **value);

/* Adds every pair of `from`. */
int record_append(struct record *record, const struct record *from);

enum record_error { RECORD_OK = 0, RECORD_NOMEM = -1, RECORD_MALFORMED = -2 };

/* Parses one line (no newline in it) of a socket's record. */
int record_parse_line(struct record *record, const char *line, size_t len);

/*
 * Parses a file's or a secret's whole text. If it is malformed *bad_line is
 * the number of the line (from 1); the text itself is never shown.
 */
int record_parse_text(struct record *record, const char *text, size_t len,
		      unsigned *bad_line);

/*
 * Writes the lines, without the blank line. RECORD_MALFORMED if a value
 * cannot be written (a control character).
 */
int record_write(const struct record *record, struct buf *out);

void record_free(struct record *record);

/* ---- fields of a git credential ---- */

/* The fields of a git credential on their way between the command and the
 * helper. git allows any byte but NUL and newline in a value, a record of the
 * line protocol no control characters: they travel as %XX. */

/* Adds value with what is not printable, and '%', written as %XX. NULL adds
 * nothing. 0 or RECORD_NOMEM. */
int git_field_add(struct record *record, const char *key, const char *value);

/* The value as it was, in `value` (must be empty). *found false: there is none.
 * 0, RECORD_NOMEM, RECORD_MALFORMED. */
int git_field_get(const struct record *record, const char *key,
		  struct buf *value, bool *found);

/* Undoes %XX (RFC 3986 2.1) in len bytes of text; `out` must be empty.
 * RECORD_MALFORMED if a '%' is not followed by two digits, or stands for NUL. */
int git_field_decode(const char *text, size_t len, struct buf *out);

#endif
