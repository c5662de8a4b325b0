/* SPDX-License-Identifier: MIT */
/*
 * form.c - see form.h.
 */
#include "form.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

static int hex_digit(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = c > 0x20 ? strchr(digits, c | 0x20) : NULL;

	return at ? (int)(at - digits) : -1;
}

/* Decodes in place, and ends it with NUL; false where it is not well-formed. */
static bool decode_in_place(char *text, size_t *len)
{
	size_t in, out = 0;

	for (in = 0; in < *len; in++) {
		char c = text[in];

		if (c == '%') {
			int high = in + 2 < *len ? hex_digit(text[in + 1]) : -1;
			int low = high < 0 ? -1 : hex_digit(text[in + 2]);

			if (low < 0)
				return false;
			c = (char)(high << 4 | low);
			in += 2;
		} else if (c == '+') {
			c = ' ';
		} else if (!c) {
			return false;
		}
		text[out++] = c;
	}
	text[out] = '\0';
	*len = out;
	return true;
}

enum form_step form_next(struct form *form, struct form_pair *pair)
{
	char *stop, *equals;

	*pair = (struct form_pair){.name = form->at};
	if (form->at >= form->end)
		return FORM_END;
	stop = memchr(form->at, '&', (size_t)(form->end - form->at));
	stop = stop ? stop : form->end;
	equals = memchr(form->at, '=', (size_t)(stop - form->at));
	pair->name_len = (size_t)((equals ? equals : stop) - form->at);
	if (equals) {
		pair->value = equals + 1;
		pair->value_len = (size_t)(stop - pair->value);
	}
	form->at = stop < form->end ? stop + 1 : form->end;
	return decode_in_place(pair->name, &pair->name_len) &&
		       (!pair->value ||
			decode_in_place(pair->value, &pair->value_len))
		   ? FORM_PAIR
		   : FORM_MALFORMED;
}

static bool is_text(const char *text, size_t len)
{
	return text && strlen(text) == len;
}

enum record_error form_read(const char *text, size_t len, struct record *pairs)
{
	enum record_error rc = RECORD_OK;
	struct buf copy = {0};
	struct form_pair pair;
	enum form_step step;
	struct form form;

	if (!len)
		return RECORD_OK;
	if (buf_add(&copy, text, len))
		return RECORD_NOMEM;
	form = (struct form){copy.data, copy.data + copy.len};
	while (!rc && (step = form_next(&form, &pair)) != FORM_END) {
		if (!pair.name_len && !pair.value)
			continue; /* "&&" */
		if (step == FORM_MALFORMED ||
		    !is_text(pair.name, pair.name_len) ||
		    !is_text(pair.value, pair.value_len))
			rc = RECORD_MALFORMED;
		else if (record_add(pairs, pair.name, pair.value))
			rc = RECORD_NOMEM;
	}
	buf_free(&copy);
	return rc;
}

int form_encode(struct buf *out, const char *text)
{
	static const char hex[] = "0123456789ABCDEF";
	int rc = 0;

	for (; *text && !rc; text++) {
		unsigned char c = (unsigned char)*text;
		const char escaped[3] = {'%', hex[c >> 4], hex[c & 15]};

		if (c < 0x80 && (isalnum(c) || strchr("-._~", c)))
			rc = buf_char(out, (char)c);
		else
			rc = buf_add(out, escaped, sizeof(escaped));
	}
	return rc;
}

int form_add(struct buf *form, const char *name, const char *value)
{
	if (!value)
		return 0;
	if ((form->len && buf_char(form, '&')) || form_encode(form, name) ||
	    buf_char(form, '=') || form_encode(form, value))
		return -1;
	return 0;
}
