/* SPDX-License-Identifier: MIT */
/*
 * utf8.h - whether text is UTF-8 as RFC 3629 defines it: no overlong forms, no
 * surrogates, nothing above U+10FFFF. U+0000 is refused as well, because all
 * our text ends at one.
 */
#ifndef VALETKEY_UTF8_H
#define VALETKEY_UTF8_H

#include <stdbool.h>
#include <stddef.h>

bool utf8_good(const char *text, size_t len);

/* How many bytes in front are a byte order mark. */
size_t utf8_mark(const char *text, size_t len);

#endif
