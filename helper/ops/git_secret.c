/* SPDX-License-Identifier: MIT */
/*
 * git_secret.c - see git_secret.h. libc only.
 */
#include "git_secret.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

/* The text behind "\nNAME=", up to its line's end; NULL: there is none. */
static const char *find_line(const struct buf *secret, const char *name,
			     size_t *len)
{
	const char *line = buf_text(secret);
	size_t name_len = strlen(name);

	while ((line = strchr(line, '\n'))) {
		line++;
		if (strncmp(line, name, name_len) == 0 &&
		    line[name_len] == '=') {
			*len = strcspn(line + name_len + 1, "\n");
			return line + name_len + 1;
		}
	}
	return NULL;
}

static int git_secret_add(struct record *fields, const char *key,
			  const char *value, size_t len)
{
	struct buf text = {0};
	int rc = buf_add(&text, value, len) ||
			 record_add(fields, key, buf_text(&text))
		     ? RECORD_NOMEM
		     : 0;

	buf_free(&text);
	return rc;
}

int git_secret_read(const struct buf *secret, const char *first,
		    const char *const *names, struct record *fields)
{
	const char *text = buf_text(secret);
	int rc = git_secret_add(fields, first, text, strcspn(text, "\n"));

	for (; !rc && *names; names++) {
		size_t len = 0;
		const char *value = find_line(secret, *names, &len);

		if (value && len)
			rc = git_secret_add(fields, *names, value, len);
	}
	return rc;
}

int git_secret_make(const struct record *fields, const char *first,
		    const char *const *names, struct buf *secret)
{
	const char *value = record_get(fields, first);

	if (buf_str(secret, value ? value : ""))
		return RECORD_NOMEM;
	for (; *names; names++) {
		value = record_get(fields, *names);
		if (value &&
		    (buf_char(secret, '\n') || buf_str(secret, *names) ||
		     buf_char(secret, '=') || buf_str(secret, value)))
			return RECORD_NOMEM;
	}
	return 0;
}

bool git_secret_is(const struct buf *secret, const char *first)
{
	const char *text = buf_text(secret);
	size_t len = strcspn(text, "\n");

	return strlen(first) == len && memcmp(text, first, len) == 0;
}

bool git_secret_has(const struct buf *secret, const char *name)
{
	size_t len = 0;

	return find_line(secret, name, &len) && len;
}

bool git_secret_expired(const struct buf *secret)
{
	size_t len = 0;
	const char *text = find_line(secret, "password_expiry_utc", &len);
	long long at = text && len ? strtoll(text, NULL, 10) : 0;

	return at > 0 && at <= (long long)time(NULL);
}
