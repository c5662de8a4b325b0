/* SPDX-License-Identifier: MIT */
/*
 * form.h - reads and writes application/x-www-form-urlencoded, of a query or of a body
 * (RFC 6749 appendix B).
 */
#ifndef VALETKEY_FORM_H
#define VALETKEY_FORM_H

#include "record.h"

#include <stdbool.h>

/* What is not read yet. Pairs are decoded in place; the byte at `end` must be
 * there, and is overwritten. */
struct form {
	char *at;
	char *end;
};

struct form_pair {
	char *name;
	size_t name_len;
	char *value; /* NULL: it came without '=' */
	size_t value_len;
};

enum form_step {
	FORM_END = 0,
	FORM_PAIR = 1,
	FORM_MALFORMED = 2 /* this pair; the next may be good */
};

/* Name and value end with NUL. They may hold one of their own, as "%00". */
enum form_step form_next(struct form *form, struct form_pair *pair);

/*
 * All pairs of a text. RECORD_MALFORMED if one is, has no '=', or has NUL in
 * it; the pairs before that one are there.
 */
enum record_error form_read(const char *text, size_t len, struct record *pairs);

/* One name or value, in place: false if it is malformed, then it is decoded as
 * far as it can be. The byte behind it must be there. */
bool form_decode(char *text, size_t *len);

/* Appends a value, form-urlencoded. */
int form_encode(struct buf *out, const char *text);

/* Adds "&name=value", form-urlencoded (RFC 6749 appendix B). */
int form_add(struct buf *form, const char *name, const char *value);

#endif
