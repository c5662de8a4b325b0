/* SPDX-License-Identifier: MIT */
/*
 * assertion.c - see assertion.h.
 *
 * Whom it is for: the issuer, where that is known, as RFC 7523bis demands. A
 * server that gets its audience from outside could make a client that has to do
 * with two of them sign what the other one takes; an issuer's identifier is
 * compared when it is learned, an endpoint is not. A provider's file may say
 * that its server knows the token endpoint only, which RFC 7523 had allowed.
 */
#include "assertion.h"

#include "crypto/crypto.h"
#include "json/json.h"
#include "key_file.h"
#include "net/net.h"
#include <valetkey.h>

#include <string.h>
#include <time.h>

#define LIFETIME_S 60

static int no_memory(struct problem *problem)
{
	return problem_set(problem, VALETKEY_ERR_NOMEM, "Out of memory.");
}

static const char *audience(const struct client *client)
{
	if (client->issuer && !client->assertion_to_endpoint)
		return client->issuer;
	return client->token_endpoint ? client->token_endpoint : client->issuer;
}

/* One part of a JWS: a record as JSON in base64url. */
static int add_part(struct buf *out, const struct record *record)
{
	static const char *const bare[] = {"iat", "exp", NULL};
	struct buf json = {0};
	int rc = json_write(record, bare, &json) ||
		 buf_base64url(out, json.data, json.len);

	buf_free(&json);
	return rc;
}

static int add_header(struct buf *out, const char *alg, const char *kid)
{
	struct record header = {0};
	int rc = record_add(&header, "alg", alg) ||
		 record_add(&header, "typ", "JWT") ||
		 record_add(&header, "kid", kid) || add_part(out, &header);

	record_free(&header);
	return rc;
}

static int add_claims(struct buf *out, const struct client *client)
{
	const int64_t now = time(NULL);
	struct record claims = {0};
	struct buf jti = {0};
	int rc = crypto_random(&jti) ||
		 record_add(&claims, "iss", client->client_id) ||
		 record_add(&claims, "sub", client->client_id) ||
		 record_add(&claims, "aud", audience(client)) ||
		 record_add(&claims, "jti", jti.data) ||
		 record_add_int(&claims, "iat", now) ||
		 record_add_int(&claims, "exp", now + LIFETIME_S) ||
		 add_part(out, &claims);

	record_free(&claims);
	buf_free(&jti);
	return rc;
}

static int write_signed(const struct client *client,
			const struct signer *signer, const char *alg,
			struct buf *out)
{
	struct problem ignored;
	struct buf signature = {0};
	const struct net *net = net_load(&ignored);
	int rc = add_header(out, alg, client->client_key_id) ||
		 buf_char(out, '.') || add_claims(out, client) || !net ||
		 net->signer_sign(signer, out, &signature, &ignored) ||
		 buf_char(out, '.') ||
		 buf_base64url(out, signature.data, signature.len);

	buf_free(&signature);
	return rc;
}

int assertion_make(const struct client *client, struct buf *assertion,
		   struct problem *problem)
{
	const struct net *net = net_load(problem);
	struct signer *signer = NULL;
	struct buf pem = {0};
	const char *alg;
	int rc;

	if (!net)
		return problem->result;
	rc = key_file_read(client->client_key, &pem, problem);
	if (!rc)
		rc = net->signer_open(&pem, &signer, &alg, problem);
	buf_free(&pem);
	if (!rc && write_signed(client, signer, alg, assertion))
		rc = no_memory(problem);
	net->signer_close(signer);
	return rc;
}
