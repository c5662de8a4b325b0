/* SPDX-License-Identifier: MIT */
/*
 * fuzz_id_token.c - any bytes into id_token_read(): as a token, or where they
 * begin like a JSON object, as the claims of one that is well-formed. What it
 * took must be for us and name somebody.
 */
#include "oauth/id_token.h"

#include <glib.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* {"alg":"RS256"} */
#define HEADER "eyJhbGciOiJSUzI1NiJ9."

static int add_encoded(struct buf *token, const uint8_t *data, size_t size)
{
	gchar *text = g_base64_encode(data, size);
	int rc = 0;

	for (gchar *c = text; *c && *c != '=' && !rc; c++)
		rc = buf_char(token, *c == '+' ? '-' : *c == '/' ? '_' : *c);
	g_free(text);
	return rc;
}

static int make_token(struct buf *token, const uint8_t *data, size_t size)
{
	if (size && *data == '{')
		return buf_str(token, HEADER) ||
		       add_encoded(token, data, size) ||
		       buf_str(token, ".c2ln");
	return buf_add(token, data, size) || buf_str(token, "");
}

static bool is(const struct record *record, const char *key, const char *value)
{
	const char *found = record_get(record, key);

	return found && (!value || strcmp(found, value) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct id_token_expect expect = {
	    .issuer = "https://op.example/",
	    .client_id = "me",
	    .nonce = size % 2 ? "n" : NULL,
	    .now = 1700000000,
	};
	struct problem problem = {0};
	struct json claims = {0};
	struct buf token = {0};

	if (make_token(&token, data, size) == 0) {
		if (id_token_read(buf_text(&token), &expect, &claims,
				  &problem) == 0) {
			if (!is(&claims.strings, "iss", expect.issuer) ||
			    !is(&claims.strings, "sub", NULL) ||
			    !is(&claims.scalars, "exp", NULL) ||
			    (expect.nonce &&
			     !is(&claims.strings, "nonce", expect.nonce)) ||
			    id_token_expiry(&claims) <= expect.now - 300 ||
			    !id_token_same_login(buf_text(&token), &claims))
				abort();
		} else if (!*problem.text) {
			abort();
		}
	}
	json_free(&claims);
	buf_free(&token);
	return 0;
}
