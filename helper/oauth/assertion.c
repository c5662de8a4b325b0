/* SPDX-License-Identifier: MIT */
/*
 * assertion.c - see assertion.h.
 *
 * Whom it is for: the issuer, if that is known, as RFC 7523bis demands. A
 * server that gets its audience from outside could make a client that has to do
 * with two of them sign what the other one takes; an issuer's identifier is
 * compared when it is learned, an endpoint is not. A provider's file may say
 * that its server knows the token endpoint only, which RFC 7523 had allowed.
 */
#include "assertion.h"

#include "crypto/crypto.h"
#include "json/json.h"
#include "net/net.h"
#include <valetkey.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* ---- the key ---- */

/* Opened once and judged through the descriptor, so that what was judged is
 * what is read. No part of the content gets into a problem's text. */

#define KEY_FILE_MAX 65536

static int assertion_refuse(struct problem *problem, const char *path,
			    const char *why)
{
	char quoted[PROBLEM_QUOTE_MAX];

	return problem_set(problem, VALETKEY_ERR_DENIED,
			   "The client's key %s %s.",
			   problem_quote(quoted, path), why);
}

/* Root may share a key of its own with a group. */
static int assertion_judge(int fd, const char *path, struct problem *problem)
{
	char quoted[PROBLEM_QUOTE_MAX];
	mode_t never = S_IRWXG | S_IRWXO;
	struct stat st;

	if (fstat(fd, &st))
		return assertion_refuse(problem, path, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return assertion_refuse(problem, path, "is not a regular file");
	if (st.st_uid != geteuid() && st.st_uid != 0)
		return assertion_refuse(
		    problem, path,
		    "belongs to somebody else, so it is not used. It "
		    "must be yours or root's");
	if (st.st_uid == 0 && geteuid() != 0)
		never = S_IWGRP | S_IRWXO;
	if (st.st_mode & never)
		return problem_set(
		    problem, VALETKEY_ERR_DENIED,
		    "The client's key %s can be used by others, so valetkey "
		    "does not use it. Run: chmod 600 %s",
		    problem_quote(quoted, path), quoted);
	if (st.st_size > KEY_FILE_MAX)
		return assertion_refuse(problem, path, "is larger than 64 KiB");
	return VALETKEY_OK;
}

static int assertion_read_all(int fd, const char *path, struct buf *pem,
			      struct problem *problem)
{
	ssize_t n;

	do {
		if (buf_reserve(pem, 4096))
			return problem_no_memory(problem);
		n = read(fd, pem->data + pem->len, 4096);
		if (n > 0)
			pem->len += (size_t)n;
		if (pem->len > KEY_FILE_MAX)
			return assertion_refuse(problem, path,
						"is larger than 64 KiB");
	} while (n > 0 || (n < 0 && errno == EINTR));
	pem->data[pem->len] = '\0';
	return n < 0 ? assertion_refuse(problem, path, "cannot be read")
		     : VALETKEY_OK;
}

static int assertion_judge_text(const char *path, const struct buf *pem,
				struct problem *problem)
{
	if (!memmem(pem->data, pem->len, "-----BEGIN ", 11))
		return assertion_refuse(
		    problem, path,
		    "is not PEM: it has no line \"-----BEGIN ...\". "
		    "Convert it: openssl pkey -inform DER");
	if (!memmem(pem->data, pem->len, "PRIVATE KEY-----", 16))
		return assertion_refuse(
		    problem, path,
		    "contains no private key (is it the certificate "
		    "or the public key?)");
	if (memmem(pem->data, pem->len, "ENCRYPTED", 9))
		return assertion_refuse(
		    problem, path,
		    "is encrypted, and there is nobody to ask for "
		    "its passphrase. Store it without one: openssl "
		    "pkey -in OLD -out NEW, on an encrypted disk");
	return VALETKEY_OK;
}

int key_file_read(const char *path, struct buf *pem, struct problem *problem)
{
	char quoted[PROBLEM_QUOTE_MAX];
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	int rc;

	if (fd < 0)
		return problem_set(problem, VALETKEY_ERR_DENIED,
				   "The client's key %s cannot be opened: %s. "
				   "Check client_key in the account's file.",
				   problem_quote(quoted, path),
				   strerror(errno));
	rc = assertion_judge(fd, path, problem);
	if (!rc)
		rc = assertion_read_all(fd, path, pem, problem);
	if (!rc)
		rc = assertion_judge_text(path, pem, problem);
	close(fd);
	return rc;
}

#define LIFETIME_S 60

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

static int assertion_add_header(struct buf *out, const char *alg,
				const char *kid)
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
	int rc = assertion_add_header(out, alg, client->client_key_id) ||
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
		rc = problem_no_memory(problem);
	net->signer_close(signer);
	return rc;
}
