/* SPDX-License-Identifier: MIT */
/*
 * form.c - see form.h.
 */
#include "form.h"

#include "text.h"

#include <stdbool.h>
#include <string.h>

bool form_decode(char *text, size_t *len)
{
	char *plus = text;

	if (memchr(text, '\0', *len))
		return false;
	while ((plus = memchr(plus, '+', *len - (size_t)(plus - text))))
		*plus++ = ' ';
	return text_unescape(text, len);
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
	return form_decode(pair->name, &pair->name_len) &&
		       (!pair->value ||
			form_decode(pair->value, &pair->value_len))
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
	static const char unreserved[] = "abcdefghijklmnopqrstuvwxyz"
					 "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
					 "0123456789-._~";
	const char *at = text;
	int rc = 0;

	for (; !rc && *(at += strspn(at, unreserved)); at++) {
		rc = buf_add(out, text, (size_t)(at - text)) ||
		     buf_fmt(out, "%%%02X", (unsigned char)*at);
		text = at + 1;
	}
	return rc || buf_add(out, text, (size_t)(at - text)) ? -1 : 0;
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
