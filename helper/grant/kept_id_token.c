/* SPDX-License-Identifier: MIT */
/*
 * kept_id_token.c - see kept_id_token.h. Nothing here fails a refresh: an ID
 * token that is missing or bad is no reason to lose a refresh token.
 */
#include "kept_id_token.h"

#include "oauth/id_token.h"

#define KEPT_MAX 32000 /* as long as any other token */

static int keep_token(const struct record *fields, const struct json *claims,
		      struct grant *grant)
{
	int64_t now = record_get_int(fields, "id_token_date", 0);

	grant->id_token_missed = 0;
	grant->id_token_expires_in = id_token_expiry(claims) - now;
	return grant_set(&grant->id_token, record_get(fields, "id_token"));
}

int kept_id_token_begin(const struct record *fields, const struct json *claims,
			struct grant *grant)
{
	if (!text_word(record_get(fields, "id_token"), KEPT_MAX))
		return 0;
	return keep_token(fields, claims, grant);
}

/* The nonce was the login's, and need not be here. */
static bool is_renewed(const struct client *client,
		       const struct grant_source *source, struct json *claims)
{
	const char *token = record_get(source->answer, "id_token");
	const struct id_token_expect expect = {
	    .issuer = client->issuer,
	    .client_id = client->client_id,
	    .now = record_get_int(source->answer, "id_token_date", 0),
	};
	struct problem ignored;

	return text_word(token, KEPT_MAX) && expect.issuer &&
	       id_token_read(token, &expect, claims, &ignored) == 0 &&
	       id_token_expiry(claims) > expect.now &&
	       (!source->old->id_token ||
		id_token_same_login(source->old->id_token, claims));
}

int kept_id_token_renew(const struct client *client,
			const struct grant_source *source, struct grant *grant)
{
	const struct grant *old = source->old;
	struct json claims = {0};
	int rc;

	if (is_renewed(client, source, &claims)) {
		rc = keep_token(source->answer, &claims, grant);
	} else {
		grant->id_token_missed = 1;
		grant->id_token_expires_in = grant_id_token_good_for(old);
		rc = grant_set(&grant->id_token, old->id_token);
	}
	json_free(&claims);
	return rc;
}
