/* SPDX-License-Identifier: MIT */
/*
 * Ways to write one text inside another: see encode.h.
 *
 * The decoder refuses what a careful client never sends, so that a client
 * which forgets to encode is caught here and not by a lucky guess.
 */
#include "encode.h"

#include <stdlib.h>
#include <string.h>

static int encode_hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* One character from the text; returns how many it took, 0 when bad. */
static size_t encode_form_char(const char *text, size_t len, char *out)
{
	int high, low;

	if (*text == '+') {
		*out = ' ';
		return 1;
	}
	if (*text != '%') {
		*out = *text;
		return *text > ' ' && *text < 127 ? 1 : 0;
	}
	if (len < 3)
		return 0;
	high = encode_hex_value(text[1]);
	low = encode_hex_value(text[2]);
	if (high < 0 || low < 0 || high + low == 0)
		return 0;
	*out = (char)(high * 16 + low);
	return 3;
}

int encode_form_decode(const char *text, size_t len, char **out)
{
	char *decoded = util_alloc(len + 1);
	size_t at = 0, used;

	*out = NULL;
	while (len) {
		used = encode_form_char(text, len, &decoded[at++]);
		if (!used) {
			free(decoded);
			return -1;
		}
		text += used;
		len -= used;
	}
	decoded[at] = '\0';
	*out = decoded;
	return 0;
}

bool encode_is_unreserved(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || (c && strchr("-._~", c));
}

void encode_percent(struct buf *buf, const char *text)
{
	for (; *text; text++) {
		if (encode_is_unreserved(*text))
			buf_add(buf, text, 1);
		else
			buf_printf(buf, "%%%02X", (unsigned char)*text);
	}
}

void encode_base64url(struct buf *buf, const unsigned char *data, size_t len)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				       "abcdefghijklmnopqrstuvwxyz"
				       "0123456789-_";
	unsigned bits = 0, have = 0;

	for (size_t i = 0; i < len; i++) {
		bits = (bits << 8 | data[i]) & 0xffff;
		have += 8;
		while (have >= 6) {
			have -= 6;
			buf_add(buf, &alphabet[bits >> have & 63], 1);
		}
	}
	if (have)
		buf_add(buf, &alphabet[bits << (6 - have) & 63], 1);
}

void encode_json(struct buf *buf, const char *text)
{
	buf_adds(buf, "\"");
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			buf_printf(buf, "\\%c", *text);
		else if ((unsigned char)*text < ' ')
			buf_printf(buf, "\\u%04x", (unsigned char)*text);
		else
			buf_add(buf, text, 1);
	}
	buf_adds(buf, "\"");
}

void encode_html(struct buf *buf, const char *text)
{
	for (; *text; text++) {
		if (*text > 0 && strchr("&<>\"'", *text))
			buf_printf(buf, "&#%d;", *text);
		else
			buf_add(buf, text, 1);
	}
}
