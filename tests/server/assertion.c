/* SPDX-License-Identifier: MIT */
/*
 * Signed statements and certificates of clients: see assertion.h. GnuTLS
 * verifies; the JSON is read by hand, for it has strings without escapes and
 * whole numbers only.
 */
#include "assertion.h"

#include "encode.h"
#include "provider.h"

#include <gnutls/abstract.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LIFETIME_MAX_S 60
#define SKEW_S 5
#define JTI_MIN 22 /* 128 bits */

/* ---- the parts ---- */

static int assertion_decode(const char *text, size_t len, gnutls_datum_t *out)
{
	struct buf plain = {0};
	gnutls_datum_t in;
	int rc;

	for (size_t i = 0; i < len; i++)
		buf_add(&plain,
			text[i] == '-'	 ? "+"
			: text[i] == '_' ? "/"
					 : &text[i],
			1);
	while (plain.len % 4)
		buf_adds(&plain, "=");
	in.data = (unsigned char *)plain.data;
	in.size = (unsigned)plain.len;
	rc = strcspn(text, "+/=") < len || !len ||
	     gnutls_base64_decode2(&in, out);
	buf_clear(&plain);
	return rc ? -1 : 0;
}

/* The member of a flat object: without its quotation marks, or a number. */
static char *assertion_member(const gnutls_datum_t *json, const char *name)
{
	char *text = util_strndup((char *)json->data, json->size);
	struct buf key = {0};
	char *value = NULL;
	const char *at;

	buf_printf(&key, "\"%s\":", name);
	at = strchr(text, '\\') ? NULL : strstr(text, key.data);
	if (at && !strstr(at + 1, key.data)) {
		at += key.len;
		value = *at == '"' ? util_strndup(at + 1, strcspn(at + 1, "\""))
				   : util_strndup(at, strcspn(at, ",}"));
	}
	buf_clear(&key);
	free(text);
	return value;
}

static bool assertion_says(const gnutls_datum_t *json, const char *name,
			   const char *wanted)
{
	char *value = assertion_member(json, name);
	bool same = value && !strcmp(value, wanted);

	free(value);
	return same;
}

static int64_t assertion_number(const gnutls_datum_t *json, const char *name)
{
	char *value = assertion_member(json, name);
	int64_t number = -1;

	if (value)
		util_number(value, 0, INT64_MAX, &number);
	free(value);
	return number;
}

/* ---- the signature ---- */

static const struct algorithm {
	const char *name;
	gnutls_sign_algorithm_t sign;
	gnutls_pk_algorithm_t key;
	unsigned bits;
	unsigned half;
} algorithms[] = {
    {"RS256", GNUTLS_SIGN_RSA_SHA256, GNUTLS_PK_RSA, 0, 0},
    {"ES256", GNUTLS_SIGN_ECDSA_SHA256, GNUTLS_PK_ECDSA, 256, 32},
    {"ES384", GNUTLS_SIGN_ECDSA_SHA384, GNUTLS_PK_ECDSA, 384, 48},
    {"EdDSA", GNUTLS_SIGN_EDDSA_ED25519, GNUTLS_PK_EDDSA_ED25519, 0, 0},
};

static int assertion_verify(gnutls_pubkey_t key,
			    const struct algorithm *algorithm,
			    const gnutls_datum_t *data,
			    const gnutls_datum_t *signature)
{
	unsigned half = algorithm->half;
	gnutls_datum_t r = {signature->data, half};
	gnutls_datum_t s = {signature->data + half, half};
	gnutls_datum_t der = {NULL, 0};
	int rc;

	if (!half)
		return gnutls_pubkey_verify_data2(key, algorithm->sign, 0, data,
						  signature);
	if (signature->size != 2 * half || gnutls_encode_rs_value(&der, &r, &s))
		return -1;
	rc = gnutls_pubkey_verify_data2(key, algorithm->sign, 0, data, &der);
	gnutls_free(der.data);
	return rc;
}

static const char *assertion_signed(struct request *request,
				    const struct client *client,
				    const gnutls_datum_t *header,
				    const gnutls_datum_t *data,
				    const gnutls_datum_t *signature)
{
	const gnutls_datum_t pem = {(unsigned char *)client->public_key,
				    (unsigned)strlen(client->public_key)};
	const struct algorithm *algorithm = NULL;
	const char *why = "assertion-algorithm";
	gnutls_pubkey_t key;
	unsigned bits = 0;
	int kind;

	for (size_t i = 0; i < sizeof(algorithms) / sizeof(*algorithms); i++)
		if (assertion_says(header, "alg", algorithms[i].name))
			algorithm = &algorithms[i];
	if (!algorithm || gnutls_pubkey_init(&key))
		return why;
	if (gnutls_pubkey_import(key, &pem, GNUTLS_X509_FMT_PEM)) {
		why = "registered-key";
		goto out;
	}
	kind = gnutls_pubkey_get_pk_algorithm(key, &bits);
	if (kind != (int)algorithm->key ||
	    (algorithm->bits && bits != algorithm->bits))
		goto out;
	request_log(request, "alg", algorithm->name);
	why = assertion_verify(key, algorithm, data, signature) < 0
		  ? "assertion-signature"
		  : NULL;
out:
	gnutls_pubkey_deinit(key);
	return why;
}

/* ---- what it says ---- */

static const char *assertion_once(struct assertions *assertions, char *jti)
{
	if (!jti || strlen(jti) < JTI_MIN ||
	    assertions->count == ASSERTION_MAX_SEEN)
		return "assertion-jti";
	for (size_t i = 0; i < assertions->count; i++)
		if (!strcmp(assertions->seen[i], jti))
			return "assertion-replayed";
	assertions->seen[assertions->count++] = util_strdup(jti);
	return NULL;
}

static const char *assertion_audience(struct provider *provider,
				      struct request *request,
				      const gnutls_datum_t *claims)
{
	struct buf issuer = {0}, endpoint = {0};
	const char *found = NULL;

	buf_printf(&issuer, "%s/", provider->origin);
	buf_printf(&endpoint, "%s/ws/oauth/token", provider->origin);
	if (assertion_says(claims, "aud", issuer.data))
		found = "issuer";
	else if (assertion_says(claims, "aud", endpoint.data))
		found = "token_endpoint";
	if (found)
		request_log(request, "aud", found);
	buf_clear(&issuer);
	buf_clear(&endpoint);
	return found ? NULL : "assertion-audience";
}

static const char *assertion_claims(struct provider *provider,
				    struct request *request,
				    const struct client *client,
				    const gnutls_datum_t *claims)
{
	int64_t now = time(NULL), iat = assertion_number(claims, "iat");
	int64_t exp = assertion_number(claims, "exp");
	const char *why;
	char *jti;

	if (!assertion_says(claims, "iss", client->id) ||
	    !assertion_says(claims, "sub", client->id))
		return "assertion-client";
	if (iat < 0 || iat > now + SKEW_S || exp < now - SKEW_S ||
	    exp - iat > LIFETIME_MAX_S)
		return "assertion-time";
	why = assertion_audience(provider, request, claims);
	if (why)
		return why;
	jti = assertion_member(claims, "jti");
	why = assertion_once(&provider->assertions, jti);
	free(jti);
	return why;
}

const char *assertion_check(struct provider *provider, struct request *request,
			    const struct client *client, const char *text)
{
	const char *dot = text ? strchr(text, '.') : NULL;
	const char *last = dot ? strchr(dot + 1, '.') : NULL;
	gnutls_datum_t header = {NULL, 0}, claims = {NULL, 0};
	gnutls_datum_t signature = {NULL, 0}, data;
	const char *why = "assertion-malformed";

	if (!last || strchr(last + 1, '.') ||
	    assertion_decode(text, (size_t)(dot - text), &header) ||
	    assertion_decode(dot + 1, (size_t)(last - dot - 1), &claims) ||
	    assertion_decode(last + 1, strlen(last + 1), &signature))
		goto out;
	data.data = (unsigned char *)text;
	data.size = (unsigned)(last - text);
	if (client->key_id && !assertion_says(&header, "kid", client->key_id))
		why = "assertion-kid";
	else
		why = assertion_signed(request, client, &header, &data,
				       &signature);
	if (!why)
		why = assertion_claims(provider, request, client, &claims);
out:
	gnutls_free(header.data);
	gnutls_free(claims.data);
	gnutls_free(signature.data);
	return why;
}

void assertions_free(struct assertions *assertions)
{
	while (assertions->count)
		free(assertions->seen[--assertions->count]);
}

/* ---- certificates ---- */

static char *assertion_hex(const gnutls_datum_t *der)
{
	unsigned char digest[32];
	struct buf hex = {0};

	if (gnutls_hash_fast(GNUTLS_DIG_SHA256, der->data, der->size, digest))
		return NULL;
	for (size_t i = 0; i < sizeof(digest); i++)
		buf_printf(&hex, "%02x", digest[i]);
	return hex.data;
}

char *assertion_fingerprint(const char *pem)
{
	const gnutls_datum_t text = {(unsigned char *)pem,
				     (unsigned)strlen(pem)};
	gnutls_datum_t der = {NULL, 0};
	char *hex = NULL;

	if (gnutls_pem_base64_decode2("CERTIFICATE", &text, &der) == 0)
		hex = assertion_hex(&der);
	gnutls_free(der.data);
	return hex;
}

char *assertion_peer(void *session)
{
	const gnutls_datum_t *chain;
	unsigned verdict = 0, count = 0;

	chain = gnutls_certificate_get_peers(session, &count);
	if (!chain || !count ||
	    gnutls_certificate_verify_peers2(session, &verdict) || verdict)
		return NULL;
	return assertion_hex(chain);
}
