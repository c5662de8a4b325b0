/* SPDX-License-Identifier: MIT */
/*
 * utf8.c - see utf8.h. Used for JSON in both directions.
 */
#include "utf8.h"

#include <string.h>

/* The bytes of the UTF-8 character that starts here (RFC 3629), 0: none. */
static size_t character(const unsigned char *s, size_t len)
{
	size_t n = *s < 0x80 ? 1 : *s < 0xe0 ? 2 : *s < 0xf0 ? 3 : 4;
	size_t i;

	if ((*s >= 0x80 && *s < 0xc2) || *s > 0xf4 || n > len)
		return 0;
	for (i = 1; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	if ((*s == 0xe0 && s[1] < 0xa0) || (*s == 0xed && s[1] > 0x9f) ||
	    (*s == 0xf0 && s[1] < 0x90) || (*s == 0xf4 && s[1] > 0x8f))
		return 0;
	return n;
}

bool utf8_good(const char *text, size_t len)
{
	const unsigned char *s = (const unsigned char *)text;
	size_t n;

	for (; len; s += n, len -= n) {
		n = character(s, len);
		if (!n || !*s)
			return false;
	}
	return true;
}

size_t utf8_mark(const char *text, size_t len)
{
	return len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
}
