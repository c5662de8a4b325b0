/* SPDX-License-Identifier: MIT */
/*
 * text.h - whether text from outside has only characters that it may have; eight
 * bytes at a time, because tokens are long and checked wherever they pass.
 */
#ifndef VALETKEY_TEXT_H
#define VALETKEY_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* Printable ASCII without blanks. */
bool text_visible(const char *text, size_t len);

/* No control characters; anything else, beyond ASCII too. */
bool text_plain(const char *text, size_t len);

/* UTF-8 as RFC 3629 defines it: no overlong forms, no surrogates, nothing above
 * U+10FFFF; nor U+0000, because all our text ends at one. */
bool text_utf8(const char *text, size_t len);

/* How many bytes in front are a byte order mark. */
size_t text_mark(const char *text, size_t len);

#endif
