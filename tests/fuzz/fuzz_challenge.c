/* SPDX-License-Identifier: MIT */
/*
 * fuzz_challenge.c - any text as WWW-Authenticate into challenge_read(). What is
 * taken has each name once and in lower case; what is malformed gives nothing. Put
 * together again as one challenge it reads the same.
 */
#include "core/challenge.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int add_quoted(struct buf *text, const char *value)
{
	int rc = buf_char(text, '"');

	for (; !rc && *value; value++)
		rc = (strchr("\"\\", *value) && buf_char(text, '\\')) ||
		     buf_char(text, *value);
	return rc || buf_char(text, '"');
}

static void write_again(const struct record *params, struct buf *text)
{
	const char *name, *value;
	size_t at = 0;

	if (buf_str(text, "Basic, bEARER"))
		abort();
	while ((name = record_each(params, &at, &value)))
		if (buf_str(text, text->len > 13 ? " ,\t" : " ") ||
		    buf_fmt(text, "%s = ", name) || add_quoted(text, value))
			abort();
	if (buf_str(text, ", Bearer scope=other"))
		abort();
}

static void check_params(const struct record *params)
{
	struct record again = {0};
	struct buf text = {0};
	const char *name, *value;
	size_t at = 0;

	while ((name = record_each(params, &at, &value)))
		if (record_next(params, name, NULL) != value ||
		    record_next(params, name, value) ||
		    strpbrk(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ \"\\=,"))
			abort();
	write_again(params, &text);
	if (text.len > CHALLENGE_MAX)
		goto out;
	if (challenge_read(text.data, "Bearer", &again) != RECORD_OK ||
	    again.pairs.len != params->pairs.len ||
	    (again.pairs.len && memcmp(again.pairs.data, params->pairs.data,
				       again.pairs.len) != 0))
		abort();
out:
	record_free(&again);
	buf_free(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct record params = {0};
	char *text = malloc(size + 1);
	const char *scope;

	if (!text)
		return 0;
	if (size)
		memcpy(text, data, size);
	text[size] = '\0';
	if (challenge_read(text, "Bearer", &params) == RECORD_OK)
		check_params(&params);
	else if (params.pairs.len)
		abort();
	scope = record_get(&params, "scope");
	if (scope && challenge_scope_ok(scope) && strpbrk(scope, "\"\\\t\n"))
		abort();
	record_free(&params);
	free(text);
	return 0;
}
