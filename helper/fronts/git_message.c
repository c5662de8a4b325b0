/* SPDX-License-Identifier: MIT */
/*
 * git_message.c - see git_message.h. libc only; fuzzed.
 */
#include "git_message.h"

#include "core/git_field.h"

#include <stdlib.h>
#include <string.h>

static const char *const plain_keys[] = {
    "protocol", "host",	      "path",
    "username", "password",   "password_expiry_utc",
    "authtype", "credential", "oauth_refresh_token",
    "ephemeral"};
static const char *const list_keys[] = {"capability[]", "wwwauth[]", "state[]"};

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static const char *known(const char *const *keys, size_t count, const char *key,
			 size_t len)
{
	for (size_t i = 0; i < count; i++)
		if (strlen(keys[i]) == len && memcmp(keys[i], key, len) == 0)
			return keys[i];
	return NULL;
}

bool git_message_value_ok(const char *text)
{
	return !text[strcspn(text, "\r\n")];
}

/* The last value of a plain key counts. */
static int set(struct record *message, const char *key, const char *value,
	       size_t len)
{
	struct buf text = {0};
	int rc = RECORD_NOMEM;

	if (buf_add(&text, value, len) == 0)
		rc = memchr(value, '\0', len) ||
			     !git_message_value_ok(buf_text(&text))
			 ? RECORD_MALFORMED
			 : record_set(message, key, buf_text(&text));
	buf_free(&text);
	return rc;
}

static int set_decoded(struct record *message, const char *key,
		       const char *text, size_t len)
{
	struct buf value = {0};
	int rc = git_field_decode(text, len, &value);

	if (!rc)
		rc = set(message, key, buf_text(&value), value.len);
	buf_free(&value);
	return rc;
}

/* USER[:PASSWORD] in front of the '@'. */
static int take_userinfo(struct record *message, const char *text, size_t len)
{
	const char *colon = memchr(text, ':', len);
	size_t user = colon ? (size_t)(colon - text) : len;
	int rc = set_decoded(message, "username", text, user);

	if (!rc && colon)
		rc =
		    set_decoded(message, "password", colon + 1, len - user - 1);
	return rc;
}

/* PROTOCOL://[USER[:PASSWORD]@]HOST[/PATH], each part with %XX undone. */
static int take_url(struct record *message, const char *url)
{
	const char *host = strstr(url, "://"), *path, *at;
	size_t len;
	int rc;

	if (!host || host == url)
		return RECORD_MALFORMED;
	rc = set(message, "protocol", url, (size_t)(host - url));
	host += 3;
	len = strcspn(host, "/?#");
	at = memchr(host, '@', len);
	if (!rc && at) {
		rc = take_userinfo(message, host, (size_t)(at - host));
		len -= (size_t)(at + 1 - host);
		host = at + 1;
	}
	if (!rc)
		rc = set_decoded(message, "host", host, len);
	path = host + len;
	path += strspn(path, "/");
	for (len = strlen(path); len && path[len - 1] == '/';)
		len--;
	if (!rc && len)
		rc = set_decoded(message, "path", path, len);
	return rc;
}

static int take_list(struct record *message, const char *key, const char *value,
		     size_t len)
{
	struct buf text = {0};
	int rc = RECORD_MALFORMED;

	if (!len) { /* an empty one starts the list again */
		record_remove(message, key);
		return 0;
	}
	if (buf_add(&text, value, len))
		rc = RECORD_NOMEM;
	else if (git_message_value_ok(buf_text(&text)))
		rc = record_add(message, key, buf_text(&text));
	buf_free(&text);
	return rc;
}

static int take_line(struct record *message, const char *line, size_t len)
{
	const char *equals = memchr(line, '=', len), *key;
	size_t key_len = equals ? (size_t)(equals - line) : 0;
	const char *value = line + key_len + 1;
	size_t value_len = len - key_len - 1;
	struct buf url = {0};
	int rc = 0;

	if (!equals || !key_len || len + 1 > RECORD_LINE_MAX)
		return RECORD_MALFORMED;
	key = known(plain_keys, COUNT(plain_keys), line, key_len);
	if (key)
		return set(message, key, value, value_len);
	key = known(list_keys, COUNT(list_keys), line, key_len);
	if (key)
		return take_list(message, key, value, value_len);
	if (key_len == 3 && memcmp(line, "url", 3) == 0) {
		rc = buf_add(&url, value, value_len)
			 ? RECORD_NOMEM
			 : take_url(message, buf_text(&url));
		buf_free(&url);
	}
	return rc;
}

int git_message_parse(const char *text, size_t len, struct record *message)
{
	size_t at = 0;
	int rc = len > GIT_MESSAGE_MAX || memchr(text, '\0', len)
		     ? RECORD_MALFORMED
		     : 0;

	while (!rc && at < len) {
		const char *newline = memchr(text + at, '\n', len - at);
		size_t end = newline ? (size_t)(newline - text) : len;

		if (end == at)
			break;
		rc = take_line(message, text + at, end - at);
		at = end + 1;
	}
	return rc;
}

bool git_message_lists(const struct record *message, const char *key,
		       const char *value)
{
	const char *at = NULL;

	while ((at = record_next(message, key, at)))
		if (strcmp(at, value) == 0)
			return true;
	return false;
}

int git_message_server(const char *host, struct buf *server, struct buf *port)
{
	const char *colon = strrchr(host, ':');
	long number = 0;

	if (colon && (*host != '[' || (colon > host && colon[-1] == ']')) &&
	    strlen(colon) > 1 && strlen(colon) < 7 &&
	    !colon[1 + strspn(colon + 1, "0123456789")])
		number = strtol(colon + 1, NULL, 10);
	if (number < 1 || number > 65535)
		return buf_str(server, host) ? RECORD_NOMEM : 0;
	return buf_add(server, host, (size_t)(colon - host)) ||
		       buf_fmt(port, "%ld", number)
		   ? RECORD_NOMEM
		   : 0;
}
