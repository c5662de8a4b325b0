/* SPDX-License-Identifier: MIT */
/*
 * fuzz_token_answer.c - any answer of a token endpoint into token_answer_read()
 * and token_answer_refresh(): the first byte chooses the HTTP status, lines of
 * the provider's data follow up to a blank line, the rest is the body. What is
 * taken must be good to store, a failure must be told, and both must find the
 * same refresh token.
 */
#include "oauth/token_answer.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* By the digits '0' to '9': 200, 400, ... */
static const long statuses[] = {401, 403, 404, 429, 500,
				302, 201, 204, 200, 400};

#define STATUSES (sizeof(statuses) / sizeof(*statuses))

static void check(const struct token_answer *answer, int rc,
		  const struct problem *problem)
{
	const char *token = record_get(&answer->fields, "access_token");
	int64_t life = record_get_int(&answer->fields, "expires_in", 0);

	if (!rc != (token != NULL) || (rc && !*problem->text) ||
	    (rc && rc != problem->result))
		abort();
	for (; token && *token; token++)
		if ((unsigned char)*token <= 0x20 ||
		    (unsigned char)*token >= 0x7f)
			abort();
	if (life < 0 || life > 10LL * 365 * 24 * 3600)
		abort();
}

/* What goes into a keyring item has no control characters. */
static void check_storable(const struct token_answer *answer)
{
	static const char *const keys[] = {"access_token", "refresh_token",
					   "scope", "expires_in", "id_token"};
	struct record stored = {0};
	struct buf lines = {0};

	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
		if (record_add(&stored, keys[i],
			       record_get(&answer->fields, keys[i])))
			goto out;
	if (record_write(&stored, &lines) == RECORD_MALFORMED)
		abort();
out:
	record_free(&stored);
	buf_free(&lines);
}

static void check_refresh(const struct client *client, const struct buf *body,
			  const char *taken)
{
	struct buf whole = {0}, cut = {0};
	enum refresh_verdict verdict =
	    token_answer_refresh(client, body, true, &whole);

	if ((verdict == REFRESH_NEW) != (whole.len > 0) ||
	    (verdict == REFRESH_NEW &&
	     (!taken || strcmp(taken, buf_text(&whole)) != 0)))
		abort();
	verdict = token_answer_refresh(client, body, false, &cut);
	if (verdict == REFRESH_UNREADABLE ||
	    (verdict == REFRESH_NEW) != (cut.len > 0))
		abort();
	buf_free(&whole);
	buf_free(&cut);
}

static void run(long status, const uint8_t *data, size_t size)
{
	const uint8_t *blank = memmem(data, size, "\n\n", 2);
	size_t head = blank ? (size_t)(blank - data) : 0;
	struct client client = {.provider_name = "Example",
				.token_endpoint = "https://op.example/token"};
	struct http_answer http = {
	    .status = status, .date = 1700000000, .retry_after_s = -1};
	struct token_answer answer = {0};
	struct problem problem = {0};
	size_t skip = blank ? head + 2 : 0;
	int rc;

	if (record_parse_text(&client.config, (const char *)data, head, NULL) ==
		0 &&
	    buf_add(&http.body, data + skip, size - skip) == 0) {
		rc = token_answer_read(&client, &http, &answer, &problem);
		check(&answer, rc, &problem);
		check_storable(&answer);
		if (http_success(status))
			check_refresh(
			    &client, &http.body,
			    record_get(&answer.fields, "refresh_token"));
	}
	record_free(&client.config);
	buf_free(&http.body);
	token_answer_free(&answer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size)
		run(statuses[*data % STATUSES], data + 1, size - 1);
	return 0;
}
