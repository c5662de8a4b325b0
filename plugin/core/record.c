/* SPDX-License-Identifier: MIT */
/*
 * record.c - see record.h. Every parser of key=value text in both halves.
 */
#include "record.h"

#include "text.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int record_add_pair(struct record *record, struct record_pair pair)
{
	struct buf *pairs = &record->pairs;
	size_t len = pair.key_len + pair.len + 2;
	char *at;

	if (len >= pairs->cap - pairs->len && buf_reserve(pairs, len))
		return RECORD_NOMEM;
	at = mempcpy(pairs->data + pairs->len, pair.key, pair.key_len);
	*at++ = '\0';
	at = mempcpy(at, pair.value, pair.len);
	at[0] = at[1] = '\0';
	pairs->len += len;
	return 0;
}

int record_add(struct record *record, const char *key, const char *value)
{
	if (!value)
		return 0;
	return record_add_pair(
	    record,
	    (struct record_pair){key, strlen(key), value, strlen(value)});
}

int record_add_int(struct record *record, const char *key, int64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%lld", (long long)value);
	return record_add(record, key, text);
}

const char *record_each(const struct record *record, size_t *at,
			const char **value)
{
	const char *key;

	if (*at >= record->pairs.len)
		return NULL;
	key = record->pairs.data + *at;
	*value = key + strlen(key) + 1;
	*at += (size_t)(*value - key) + strlen(*value) + 1;
	return key;
}

void record_remove(struct record *record, const char *key)
{
	struct buf *pairs = &record->pairs;
	const char *value;

	while ((value = record_next(record, key, NULL))) {
		size_t from = (size_t)(value - pairs->data) - strlen(key) - 1;
		size_t len = strlen(key) + strlen(value) + 2;

		pairs->len -= len;
		memmove(pairs->data + from, pairs->data + from + len,
			pairs->len - from);
		explicit_bzero(pairs->data + pairs->len, len);
	}
}

int record_set(struct record *record, const char *key, const char *value)
{
	record_remove(record, key);
	return record_add(record, key, value);
}

const char *record_get(const struct record *record, const char *key)
{
	const char *value = NULL, *found = NULL;

	while ((value = record_next(record, key, value)))
		found = value;
	return found;
}

bool record_is(const struct record *record, const char *key, const char *value)
{
	return text_same(record_get(record, key), value);
}

int64_t record_get_int(const struct record *record, const char *key,
		       int64_t fallback)
{
	const char *text = record_get(record, key);
	char *end;
	long long value;

	if (!text || !*text || isspace((unsigned char)*text))
		return fallback;
	errno = 0;
	value = strtoll(text, &end, 10);
	return errno || *end ? fallback : value;
}

const char *record_next(const struct record *record, const char *key,
			const char *previous)
{
	const char *pairs = record->pairs.data;
	size_t at = 0;

	if (previous)
		at = (size_t)(previous - pairs) + strlen(previous) + 1;
	while (at < record->pairs.len) {
		const char *value = pairs + at + strlen(pairs + at) + 1;

		if (strcmp(pairs + at, key) == 0)
			return value;
		at = (size_t)(value - pairs) + strlen(value) + 1;
	}
	return NULL;
}

bool record_has(const struct record *record, const char *key, const char *value)
{
	const char *one = NULL;

	while ((one = record_next(record, key, one)))
		if (strcmp(one, value) == 0)
			return true;
	return false;
}

int record_append(struct record *record, const struct record *from)
{
	return buf_add(&record->pairs, from->pairs.data, from->pairs.len)
		   ? RECORD_NOMEM
		   : 0;
}

static bool is_key(const char *text, size_t len)
{
	size_t n = 0;

	if (len > 2 && memcmp(text + len - 2, "[]", 2) == 0)
		len -= 2;
	while (n < len && (isalnum((unsigned char)text[n]) ||
			   (text[n] && strchr("._-", text[n]))))
		n++;
	return n && n == len;
}

static const char blanks[] = {' ', '\t'};

/* `key[]=` in a line. */
static int empty_list(struct record *record, struct record_pair pair)
{
	char *name = strndup(pair.key, pair.key_len);

	if (!name)
		return RECORD_NOMEM;
	record_remove(record, name);
	free(name);
	return 0;
}

/* In a file white space around key and value is dropped. */
static int parse_line(struct record *record, const char *line, size_t len,
		      bool file)
{
	const char *equals = memchr(line, '=', len);
	struct record_pair pair;

	if (!equals || len > RECORD_LINE_MAX)
		return RECORD_MALFORMED;
	pair.key = line;
	pair.key_len = (size_t)(equals - line);
	pair.value = equals + 1;
	pair.len = len - pair.key_len - 1;
	while (file && pair.key_len &&
	       memchr(blanks, line[pair.key_len - 1], sizeof(blanks)))
		pair.key_len--;
	for (; file && pair.len && memchr(blanks, *pair.value, sizeof(blanks));
	     pair.value++)
		pair.len--;
	if (!is_key(pair.key, pair.key_len) ||
	    !text_plain(pair.value, pair.len))
		return RECORD_MALFORMED;
	return !pair.len && pair.key[pair.key_len - 1] == ']'
		   ? empty_list(record, pair)
		   : record_add_pair(record, pair);
}

int record_parse_line(struct record *record, const char *line, size_t len)
{
	return parse_line(record, line, len, false);
}

int record_parse_text(struct record *record, const char *text, size_t len,
		      unsigned *bad_line)
{
	unsigned number = 0;
	size_t at = 0;
	int rc = len > RECORD_TEXT_MAX ? RECORD_MALFORMED : 0;

	while (!rc && at < len) {
		const char *line = text + at;
		const char *end = memchr(line, '\n', len - at);
		size_t n = end ? (size_t)(end - line) : len - at;

		number++;
		at += n + 1;
		for (; n && memchr(blanks, *line, sizeof(blanks)); line++)
			n--;
		while (n && memchr(blanks, line[n - 1], sizeof(blanks)))
			n--;
		if (n && *line != '#')
			rc = parse_line(record, line, n, true);
	}
	if (rc && bad_line)
		*bad_line = number;
	return rc;
}

int record_write(const struct record *record, struct buf *out)
{
	const char *key, *value;
	size_t at = 0;

	while ((key = record_each(record, &at, &value))) {
		size_t len = strlen(value);

		if (!text_plain(value, len) ||
		    strlen(key) + len + 2 > RECORD_LINE_MAX)
			return RECORD_MALFORMED;
		if (buf_fmt(out, "%s=%s\n", key, value))
			return RECORD_NOMEM;
	}
	return 0;
}

void record_free(struct record *record)
{
	buf_free(&record->pairs);
}

/* ---- fields of a git credential ---- */

static int add_encoded(struct buf *out, const char *value)
{
	const char *at = value;
	int rc = 0;

	for (; !rc && *at; at++) {
		unsigned char c = (unsigned char)*at;

		if (c >= 0x20 && c != 0x7f && c != '%')
			continue;
		rc = buf_add(out, value, (size_t)(at - value)) ||
		     buf_fmt(out, "%%%02X", c);
		value = at + 1;
	}
	return rc || buf_add(out, value, (size_t)(at - value));
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

int git_field_decode(const char *text, size_t len, struct buf *out)
{
	if (buf_add(out, text, len))
		return RECORD_NOMEM;
	if (!text_unescape(out->data, &out->len) ||
	    memchr(out->data, '\0', out->len))
		return RECORD_MALFORMED;
	return 0;
}

int git_field_get(const struct record *record, const char *key,
		  struct buf *value, bool *found)
{
	const char *text = record_get(record, key);

	*found = text != NULL;
	return text ? git_field_decode(text, strlen(text), value) : 0;
}
