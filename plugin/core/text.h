/* SPDX-License-Identifier: MIT */
/*
 * text.h - whether text from outside has only characters that it may have; eight
 * bytes at a time, because tokens are long and checked wherever they pass. And
 * what is said to a person.
 */
#ifndef VALETKEY_TEXT_H
#define VALETKEY_TEXT_H

#include "buf.h"

#include <stdbool.h>
#include <stddef.h>

/* Whether both are there and equal. */
bool text_same(const char *a, const char *b);

/* Printable ASCII without blanks. */
bool text_visible(const char *text, size_t len);

/* Whether there is a text (NULL: none), of 1 to max visible characters. */
bool text_word(const char *text, size_t max);

/* Printable ASCII and spaces. */
bool text_printable(const char *text, size_t len);

/* No control characters; anything else, beyond ASCII too. */
bool text_plain(const char *text, size_t len);

/* UTF-8 as RFC 3629 defines it: no overlong forms, no surrogates, nothing above
 * U+10FFFF; nor U+0000, because all our text ends at one. */
bool text_utf8(const char *text, size_t len);

/* The value of a hexadecimal digit, -1 if it is none. */
int text_hex_digit(char c);

/* Undoes %XX (RFC 3986 2.1) in place, and ends it with NUL; the byte behind it
 * must be there. False if a '%' is not followed by two digits; it stays. */
bool text_unescape(char *text, size_t *len);

/* How many bytes in front are a byte order mark. */
size_t text_mark(const char *text, size_t len);

/* Adds text as a JSON string (RFC 8259 7), with quotes; what is not UTF-8
 * becomes U+FFFD. -1: no memory. */
int text_json_string(struct buf *out, const char *text);

/* ---- what went wrong ---- */

/* What went wrong: a result code of the ABI, and one or two sentences for a
 * person: what happened, why, and the next thing to do.
 *
 * Text from outside (a server, a file) enters only through problem_quote(),
 * which takes control characters out and cuts at 200 bytes. No secret is ever
 * put in. */

struct problem {
	int result; /* enum valetkey_result */
	char text[1000];
};

/* Sets both, and returns result. A later problem replaces an earlier one. */
int problem_set(struct problem *problem, int result, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The same for ERR_NOMEM. */
int problem_no_memory(struct problem *problem);

#define PROBLEM_QUOTE_MAX 201

/* A clean copy of outside text in `out` (PROBLEM_QUOTE_MAX bytes): returns it.
 */
const char *problem_quote(char *out, const char *text);

/* ---- near words ---- */

/* How far two words are apart, for "did you mean". */

/* Levenshtein's distance; to a b of 64 characters or more just its length. */
size_t edit_distance(const char *a, const char *b);

#endif
