/* SPDX-License-Identifier: MIT */
/*
 * fuzz_git.c - any bytes as what git says to its credential helper, and every
 * text in it as what it may be: a challenge, a host, our state. No value comes
 * through with a line break, and what was read is read again as the same. Any
 * bytes as a stored secret as well.
 */
#include "core/record.h"
#include "fronts/git_message.h"
#include "ops/git_secret.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_challenge(const char *value)
{
	struct git_challenge challenge = {.at = value};
	const char *before = value;

	while (git_challenge_next(&challenge)) {
		if (challenge.at <= before || !*challenge.scheme)
			abort();
		before = challenge.at;
	}
	git_challenge_refuses(value);
}

static void check_host(const char *value)
{
	struct buf server = {0}, port = {0};

	if (git_message_server(value, &server, &port) == 0 &&
	    strncmp(value, buf_text(&server), server.len) != 0)
		abort();
	buf_free(&server);
	buf_free(&port);
}

/* What goes to the helper comes back as it was. */
static void check_field(const char *value)
{
	struct record record = {0};
	struct buf back = {0};
	bool found;

	if (git_field_add(&record, "x", value) == 0 &&
	    (git_field_get(&record, "x", &back, &found) != 0 || !found ||
	     strcmp(buf_text(&back), value) != 0))
		abort();
	record_free(&record);
	buf_free(&back);
}

static void check_values(const struct record *message)
{
	const char *value;
	size_t at = 0;

	while (record_each(message, &at, &value)) {
		if (!git_message_value_ok(value))
			abort();
		check_challenge(value);
		check_host(value);
		check_field(value);
	}
}

static void write_and_read(const struct record *message)
{
	struct record again = {0};
	struct buf text = {0};
	const char *key, *value;
	size_t at = 0;
	int rc = 0;

	while (!rc && (key = record_each(message, &at, &value)))
		rc = buf_str(&text, key) || buf_char(&text, '=') ||
		     buf_str(&text, value) || buf_char(&text, '\n');
	/* What a URL says may be longer decoded than a line may be. */
	if (!rc && git_message_parse(buf_text(&text), text.len, &again) == 0 &&
	    again.pairs.len != message->pairs.len)
		abort();
	record_free(&again);
	buf_free(&text);
}

static void check_secret(const char *text, size_t size)
{
	static const char *const names[] = {"password_expiry_utc",
					    "oauth_refresh_token", NULL};
	struct record fields = {0};
	struct buf secret = {0}, again = {0};

	if (buf_add(&secret, text, size) == 0 &&
	    git_secret_read(&secret, "password", names, &fields) == 0 &&
	    git_secret_make(&fields, "password", names, &again) == 0 &&
	    git_secret_expired(&secret) != git_secret_expired(&again))
		abort();
	buf_free(&secret);
	buf_free(&again);
	record_free(&fields);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct record message = {0};
	struct git_past past;
	char *text = malloc(size ? size : 1); /* its end is watched */

	if (!text)
		return 0;
	if (size)
		memcpy(text, data, size);
	if (git_message_parse(text, size, &message) == 0) {
		check_values(&message);
		write_and_read(&message);
		git_state_read(&message, &past);
	}
	check_secret(text, size);
	record_free(&message);
	free(text);
	return 0;
}
