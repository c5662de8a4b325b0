/* SPDX-License-Identifier: MIT */
/*
 * text.c - see text.h. A bit of HIGH is set if one of eight bytes is bad.
 */
#include "text.h"

#include <valetkey.h>

#include <ctype.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define ONES 0x0101010101010101u
#define HIGH (ONES << 7)

bool text_same(const char *a, const char *b)
{
	return a && b && strcmp(a, b) == 0;
}

/* Nothing below `low`, no DEL, and if `ascii` nothing above it. */
static bool text_has_only(const char *text, size_t len, unsigned low,
			  bool ascii)
{
	uint64_t bad = 0, word, delete;
	size_t at;

	for (at = 0; at + sizeof(word) <= len; at += sizeof(word)) {
		memcpy(&word, text + at, sizeof(word));
		delete = word ^ ONES * 0x7f;
		bad |= ((word - ONES * low) & ~word) |
		       ((delete - ONES) & ~delete) | (ascii ? word : 0);
	}
	for (bad &= HIGH; at < len; at++)
		bad |= (unsigned char)text[at] < low || text[at] == 0x7f ||
		       (ascii && (unsigned char)text[at] > 0x7f);
	return !bad;
}

bool text_visible(const char *text, size_t len)
{
	return text_has_only(text, len, 0x21, true);
}

bool text_word(const char *text, size_t max)
{
	size_t len = text ? strlen(text) : 0;

	return len > 0 && len <= max && text_visible(text, len);
}

bool text_printable(const char *text, size_t len)
{
	return text_has_only(text, len, 0x20, true);
}

bool text_plain(const char *text, size_t len)
{
	return text_has_only(text, len, 0x20, false);
}

/* The bytes of the UTF-8 character that starts here (RFC 3629), 0: none. */
static size_t utf8_character(const unsigned char *s, size_t len)
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

bool text_utf8(const char *text, size_t len)
{
	const unsigned char *s = (const unsigned char *)text;
	size_t n;

	for (; len; s += n, len -= n) {
		n = *s < 0x80 ? *s > 0 : utf8_character(s, len);
		if (!n)
			return false;
	}
	return true;
}

int text_hex_digit(char c)
{
	if (!isxdigit((unsigned char)c))
		return -1;
	return c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
}

bool text_unescape(char *text, size_t *len)
{
	size_t in, out = 0;
	bool good = true;

	for (in = 0; in < *len; in++) {
		char c = text[in];

		if (c == '%') {
			int high =
			    in + 2 < *len ? text_hex_digit(text[in + 1]) : -1;
			int low = high < 0 ? -1 : text_hex_digit(text[in + 2]);

			if (low >= 0) {
				c = (char)(high << 4 | low);
				in += 2;
			} else {
				good = false;
			}
		}
		text[out++] = c;
	}
	text[out] = '\0';
	*len = out;
	return good;
}

size_t text_mark(const char *text, size_t len)
{
	return len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
}

/* How many characters from here on stand for themselves in JSON, and are ASCII. */
static size_t json_plain(const char *text)
{
	size_t len = 0;

	while (text[len] >= ' ' && text[len] < 0x7f && text[len] != '"' &&
	       text[len] != '\\')
		len++;
	return len;
}

int text_json_string(struct buf *out, const char *text)
{
	static const char special[] = "\"\\\b\f\n\r\t";
	static const char letters[] = "\"\\bfnrt";
	int rc = buf_char(out, '"');

	while (!rc && *text) {
		const unsigned char *c = (const unsigned char *)text;
		size_t len = json_plain(text);
		const char *at = strchr(special, *text);

		if (len) {
			rc = buf_add(out, text, len);
			text += len;
			continue;
		}
		len = utf8_character(c, strnlen(text, 4));
		if (at)
			rc = buf_char(out, '\\') ||
			     buf_char(out, letters[at - special]);
		else if (*c < 0x20 || *c == 0x7f)
			rc = buf_fmt(out, "\\u%04x", *c);
		else if (!len)
			rc = buf_str(out, "\\ufffd");
		else
			rc = buf_add(out, text, len);
		text += len ? len : 1;
	}
	return rc || buf_char(out, '"') ? -1 : 0;
}

/* ---- what went wrong ---- */

int problem_set(struct problem *problem, int result, const char *format, ...)
{
	va_list args;

	problem->result = result;
	va_start(args, format);
	vsnprintf(problem->text, sizeof(problem->text), format, args);
	va_end(args);
	for (char *c = problem->text; *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			*c = ' ';
	return result;
}

int problem_no_memory(struct problem *problem)
{
	return problem_set(problem, VALETKEY_ERR_NOMEM, "Out of memory.");
}

const char *problem_quote(char *out, const char *text)
{
	size_t n = 0;

	while (text && *text && n < PROBLEM_QUOTE_MAX - 1) {
		unsigned char c = (unsigned char)*text++;

		out[n++] = c < 0x20 || c >= 0x7f ? '?' : (char)c;
	}
	out[n] = '\0';
	return out;
}

/* ---- near words ---- */

/* One row of the table is enough. */

#define LONGEST 64

static size_t least_of(size_t a, size_t b)
{
	return a < b ? a : b;
}

size_t edit_distance(const char *a, const char *b)
{
	size_t row[LONGEST], len = strlen(b);

	if (len >= LONGEST)
		return len;
	for (size_t j = 0; j <= len; j++)
		row[j] = j;
	for (size_t i = 1; a[i - 1]; i++) {
		size_t corner = row[0];

		row[0] = i;
		for (size_t j = 1; j <= len; j++) {
			size_t above = row[j];

			row[j] = least_of(least_of(above, row[j - 1]) + 1,
					  corner + (a[i - 1] != b[j - 1]));
			corner = above;
		}
	}
	return row[len];
}
