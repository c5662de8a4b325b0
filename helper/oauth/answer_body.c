/* SPDX-License-Identifier: MIT */
/*
 * answer_body.c - see answer_body.h.
 */
#include "answer_body.h"

#include "core/form.h"
#include "core/text.h"

#include <string.h>

struct span {
	const char *text;
	size_t len;
};

static bool is_white(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static struct span answer_body_trim(const struct buf *body)
{
	size_t mark = text_mark(buf_text(body), body->len);
	struct span span = {buf_text(body) + mark, body->len - mark};

	for (; span.len && is_white(*span.text); span.text++)
		span.len--;
	while (span.len && is_white(span.text[span.len - 1]))
		span.len--;
	return span;
}

bool answer_body_empty(const struct buf *body)
{
	return !answer_body_trim(body).len;
}

/* So that a sentence or an address with parameters does not pass for one. */
static bool is_of_oauth(const struct record *pairs)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyz"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789._-[]";
	const char *name, *value;
	size_t at = 0;

	while ((name = record_each(pairs, &at, &value)))
		if (name[strspn(name, allowed)])
			return false;
	return record_get(pairs, "access_token") ||
	       record_get(pairs, "refresh_token") ||
	       record_get(pairs, "device_code") || record_get(pairs, "error");
}

static enum record_error read_form(struct span span, bool whole,
				   struct record *pairs)
{
	enum record_error rc;

	while (!whole && span.len && span.text[span.len - 1] != '&')
		span.len--;
	rc = form_read(span.text, span.len, pairs);
	if (rc == RECORD_NOMEM || is_of_oauth(pairs))
		return rc;
	record_free(pairs);
	return RECORD_MALFORMED;
}

enum record_error answer_body_read(const struct buf *body, bool whole,
				   struct json *members)
{
	const struct span span = answer_body_trim(body);

	if (!span.len || *span.text == '<')
		return RECORD_MALFORMED;
	if (*span.text == '{' || *span.text == '[')
		return json_parse_answer(span.text, span.len, whole, members);
	return read_form(span, whole, &members->strings);
}
