/* SPDX-License-Identifier: MIT */
/*
 * git_message.c - see git_message.h. libc only; fuzzed.
 */
#include "git_message.h"

#include "core/record.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* ---- the message ---- */

static const char *const plain_keys[] = {
    "protocol", "host",	      "path",
    "username", "password",   "password_expiry_utc",
    "authtype", "credential", "oauth_refresh_token",
    "ephemeral"};
static const char *const list_keys[] = {"capability[]", "wwwauth[]", "state[]"};

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static const char *known_git_key(const char *const *keys, size_t count,
				 const char *key, size_t len)
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
static int set_git_value(struct record *message, const char *key,
			 const char *value, size_t len)
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
		rc = set_git_value(message, key, buf_text(&value), value.len);
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
static int take_git_url(struct record *message, const char *url)
{
	const char *host = strstr(url, "://"), *path, *at;
	size_t len;
	int rc;

	if (!host || host == url)
		return RECORD_MALFORMED;
	rc = set_git_value(message, "protocol", url, (size_t)(host - url));
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
	key = known_git_key(plain_keys, COUNT(plain_keys), line, key_len);
	if (key)
		return set_git_value(message, key, value, value_len);
	key = known_git_key(list_keys, COUNT(list_keys), line, key_len);
	if (key)
		return take_list(message, key, value, value_len);
	if (key_len == 3 && memcmp(line, "url", 3) == 0) {
		rc = buf_add(&url, value, value_len)
			 ? RECORD_NOMEM
			 : take_git_url(message, buf_text(&url));
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

/* ---- what the server asks for ---- */

/* One header may hold several challenges, and commas part both challenges and
 * parameters: a token that '=' follows is a parameter, any other one begins a
 * challenge. */

#define TOKEN                                                 \
	"!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz" \
	"ABCDEFGHIJKLMNOPQRSTUVWXYZ"

/* What is too long is "?": nothing that is known here is so long. */
static void copy_if_fits(char *out, size_t size, const char *text, size_t len)
{
	if (len < size)
		snprintf(out, size, "%.*s", (int)len, text);
	else
		strcpy(out, "?");
}

/* A quoted-string at *at, which it passes; false if it does not end. */
static bool take_quoted(const char **at, char *out, size_t size)
{
	size_t len = 0;

	for (++*at; **at && **at != '"'; ++*at) {
		if (**at == '\\' && (*at)[1])
			++*at;
		if (len + 1 < size)
			out[len] = **at;
		len++;
	}
	if (len < size)
		out[len] = '\0';
	else
		strcpy(out, "?");
	if (**at != '"')
		return false;
	++*at;
	return true;
}

static bool take_challenge_value(struct git_challenge *challenge)
{
	size_t len;

	challenge->at += strspn(challenge->at, " \t");
	if (*challenge->at == '"')
		return take_quoted(&challenge->at, challenge->value,
				   sizeof(challenge->value));
	len = strcspn(challenge->at, ", \t");
	copy_if_fits(challenge->value, sizeof(challenge->value), challenge->at,
		     len);
	challenge->at += len;
	return true;
}

bool git_challenge_next(struct git_challenge *challenge)
{
	const char *word, *after;
	size_t len;

	challenge->at += strspn(challenge->at, ", \t");
	word = challenge->at;
	len = strspn(word, TOKEN);
	if (!len)
		return false;
	after = word + len + strspn(word + len, " \t");
	*challenge->value = '\0';
	if (*after == '=' && *challenge->scheme) {
		copy_if_fits(challenge->name, sizeof(challenge->name), word,
			     len);
		challenge->at = after + 1;
		return take_challenge_value(challenge);
	}
	*challenge->name = '\0';
	copy_if_fits(challenge->scheme, sizeof(challenge->scheme), word, len);
	challenge->at = word + len;
	return true;
}

bool git_challenge_refuses(const char *header)
{
	struct git_challenge challenge = {.at = header};

	while (git_challenge_next(&challenge))
		if (strcasecmp(challenge.scheme, "Bearer") == 0 &&
		    strcmp(challenge.name, "error") == 0 &&
		    strcmp(challenge.value, "invalid_token") == 0)
			return true;
	return false;
}

/* ---- what git keeps for us ---- */

#define STAGES_MAX 4
#define STATE "valetkey:"

/* FNV-1a. */
uint32_t git_state_mark(const char *token)
{
	uint32_t mark = 2166136261u;

	for (; *token; token++)
		mark = (mark ^ (unsigned char)*token) * 16777619u;
	return mark ? mark : 1;
}

/* "valetkey:STAGE:SCHEME:MARK:EXPIRY:ACCOUNT", our words of a moment ago. */
static bool take_state(const char *state, struct git_past *past)
{
	char *end;
	long stage, scheme;

	if (strncmp(state, STATE, strlen(STATE)) != 0)
		return false;
	stage = strtol(state + strlen(STATE), &end, 10);
	if (*end != ':' || stage < 1 || stage > STAGES_MAX)
		return false;
	scheme = strtol(end + 1, &end, 10);
	if (*end != ':' || (scheme != GIT_BASIC && scheme != GIT_BEARER))
		return false;
	past->mark = (uint32_t)strtoul(end + 1, &end, 16);
	if (*end != ':')
		return false;
	past->expires_at = strtoll(end + 1, &end, 10);
	if (*end != ':' || past->expires_at < 0)
		return false;
	past->stage = (int)stage;
	past->scheme = (enum git_scheme)scheme;
	past->account = end + 1;
	return true;
}

void git_state_read(const struct record *message, struct git_past *past)
{
	const char *state = NULL;

	*past = (struct git_past){.scheme = GIT_NONE};
	while (!past->refused &&
	       (state = record_next(message, "state[]", state)))
		past->refused = take_state(state, past);
	if (past->refused || record_get(message, "password") ||
	    record_get(message, "credential"))
		return;
	*past = (struct git_past){.scheme = GIT_NONE};
	past->expires_at = record_get_int(message, "password_expiry_utc", 0);
	past->refused = past->expires_at > 0;
	past->stage = past->refused;
	past->scheme = record_get(message, "authtype") ? GIT_BEARER : GIT_BASIC;
}

/* Asking again is worth it after a first answer, after another scheme, and if a
 * token had expired in a long operation. */
static bool may_repeat(const struct git_past *past, enum git_scheme scheme,
		       int *stage)
{
	bool over = past->expires_at && past->expires_at <= (int64_t)time(NULL);

	*stage = past->refused && !over ? past->stage + 1 : 1;
	return *stage == 1 || (past->scheme != scheme && *stage < STAGES_MAX);
}

int git_state_add(const struct git_past *past, enum git_scheme scheme,
		  const struct valetkey_token *token, struct record *answer)
{
	struct buf state = {0};
	int stage, rc;
	bool repeat = may_repeat(past, scheme, &stage);

	rc = buf_fmt(&state, STATE "%d:%d:%x:%lld:%s",
		     stage > STAGES_MAX ? STAGES_MAX : stage, (int)scheme,
		     git_state_mark(token->access_token),
		     (long long)token->expires_at, token->account) ||
	     record_add(answer, "continue", repeat ? "1" : NULL) ||
	     record_add(answer, "state[]", buf_text(&state));
	buf_free(&state);
	return rc;
}
