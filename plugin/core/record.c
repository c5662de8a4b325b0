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

int record_add(struct record *record, const char *key, const char *value)
{
	size_t before = record->pairs.len;

	if (!value)
		return 0;
	if (buf_add(&record->pairs, key, strlen(key) + 1) ||
	    buf_add(&record->pairs, value, strlen(value) + 1)) {
		record->pairs.len = before;
		return RECORD_NOMEM;
	}
	return 0;
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
	const char *name, *value;
	size_t at = 0, from = 0;

	while ((name = record_each(record, &at, &value))) {
		if (strcmp(name, key) == 0) {
			memmove(pairs->data + from, pairs->data + at,
				pairs->len - at);
			explicit_bzero(pairs->data + pairs->len - (at - from),
				       at - from);
			pairs->len -= at - from;
			at = from;
		}
		from = at;
	}
}

int record_set(struct record *record, const char *key, const char *value)
{
	record_remove(record, key);
	return record_add(record, key, value);
}

const char *record_get(const struct record *record, const char *key)
{
	const char *name, *value, *found = NULL;
	size_t at = 0;

	while ((name = record_each(record, &at, &value)))
		if (strcmp(name, key) == 0)
			found = value;
	return found;
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
	const char *name, *value;
	size_t at = 0;
	bool seen = !previous;

	while ((name = record_each(record, &at, &value))) {
		if (seen && strcmp(name, key) == 0)
			return value;
		if (value == previous)
			seen = true;
	}
	return NULL;
}

int record_append(struct record *record, const struct record *from)
{
	return buf_add(&record->pairs, from->pairs.data, from->pairs.len)
		   ? RECORD_NOMEM
		   : 0;
}

/* The length of the key that starts the line, 0 where none does. */
static size_t key_length(const char *line, size_t len)
{
	size_t n = 0;

	while (n < len && (isalnum((unsigned char)line[n]) ||
			   (line[n] && strchr("._-", line[n]))))
		n++;
	if (n && n + 1 < len && line[n] == '[' && line[n + 1] == ']')
		n += 2;
	return n;
}

static int add_pair(struct record *record, const char *key, size_t key_len,
		    const char *value, size_t len)
{
	bool list = key_len > 2 && key[key_len - 1] == ']';
	size_t before = record->pairs.len;
	char *name;
	int rc = 0;

	if (list && !len) {
		name = strndup(key, key_len);
		if (!name)
			return RECORD_NOMEM;
		record_remove(record, name);
		free(name);
		return 0;
	}
	if (buf_add(&record->pairs, key, key_len) ||
	    buf_char(&record->pairs, '\0') ||
	    buf_add(&record->pairs, value, len) ||
	    buf_char(&record->pairs, '\0')) {
		record->pairs.len = before;
		rc = RECORD_NOMEM;
	}
	return rc;
}

int record_parse_line(struct record *record, const char *line, size_t len)
{
	size_t key = key_length(line, len);

	if (!key || len > RECORD_LINE_MAX || key == len || line[key] != '=' ||
	    !text_plain(line + key + 1, len - key - 1))
		return RECORD_MALFORMED;
	return add_pair(record, line, key, line + key + 1, len - key - 1);
}

static bool is_blank_char(char c)
{
	return c == ' ' || c == '\t';
}

/* One line of a file: as above, with comments and white space. */
static int parse_file_line(struct record *record, const char *line, size_t len)
{
	size_t key, value;

	while (len && is_blank_char(*line)) {
		line++;
		len--;
	}
	while (len && is_blank_char(line[len - 1]))
		len--;
	if (!len || *line == '#')
		return 0;
	key = key_length(line, len);
	for (value = key; value < len && is_blank_char(line[value]); value++)
		;
	if (!key || len > RECORD_LINE_MAX || value == len || line[value] != '=')
		return RECORD_MALFORMED;
	for (value++; value < len && is_blank_char(line[value]); value++)
		;
	if (!text_plain(line + value, len - value))
		return RECORD_MALFORMED;
	return add_pair(record, line, key, line + value, len - value);
}

int record_parse_text(struct record *record, const char *text, size_t len,
		      unsigned *bad_line)
{
	size_t at = 0, end;
	unsigned number = 0;
	int rc = len > RECORD_TEXT_MAX ? RECORD_MALFORMED : 0;

	while (!rc && at < len) {
		const char *newline = memchr(text + at, '\n', len - at);

		number++;
		end = newline ? (size_t)(newline - text) : len;
		rc = parse_file_line(record, text + at, end - at);
		at = end + 1;
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
		if (buf_str(out, key) || buf_char(out, '=') ||
		    buf_add(out, value, len) || buf_char(out, '\n'))
			return RECORD_NOMEM;
	}
	return 0;
}

void record_free(struct record *record)
{
	buf_free(&record->pairs);
}

/* ---- fields of a git credential ---- */

/* Used by both halves; libc only. */

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

static int digit_value(char c)
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
			int high = i + 2 < len ? digit_value(text[i + 1]) : -1;
			int low = high >= 0 ? digit_value(text[i + 2]) : -1;

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
