/* SPDX-License-Identifier: MIT */
/*
 * git_field.c - see git_field.h. Used by both halves; libc only.
 */
#include "git_field.h"

#include <string.h>

static int add_encoded(struct buf *out, const char *value)
{
	int rc = 0;

	for (; !rc && *value; value++) {
		unsigned char c = (unsigned char)*value;

		if (c < 0x20 || c == 0x7f || c == '%')
			rc = buf_fmt(out, "%%%02X", c);
		else
			rc = buf_char(out, *value);
	}
	return rc;
}

int git_field_add(struct record *record, const char *key, const char *value)
{
	struct buf encoded = {0};
	int rc = 0;

	if (!value)
		return 0;
	if (add_encoded(&encoded, value) ||
	    record_add(record, key, buf_text(&encoded)))
		rc = RECORD_NOMEM;
	buf_free(&encoded);
	return rc;
}

static int digit(char c)
{
	return c >= '0' && c <= '9'   ? c - '0'
	       : c >= 'A' && c <= 'F' ? c - 'A' + 10
	       : c >= 'a' && c <= 'f' ? c - 'a' + 10
				      : -1;
}

int git_field_decode(const char *text, size_t len, struct buf *out)
{
	for (size_t i = 0; i < len; i++) {
		char c = text[i];

		if (c == '%') {
			int high = i + 2 < len ? digit(text[i + 1]) : -1;
			int low = high >= 0 ? digit(text[i + 2]) : -1;

			if (low < 0 || (!high && !low))
				return RECORD_MALFORMED;
			c = (char)(high * 16 + low);
			i += 2;
		}
		if (buf_char(out, c))
			return RECORD_NOMEM;
	}
	return 0;
}

int git_field_get(const struct record *record, const char *key,
		  struct buf *value, bool *found)
{
	const char *text = record_get(record, key);

	*found = text != NULL;
	return text ? git_field_decode(text, strlen(text), value) : 0;
}
