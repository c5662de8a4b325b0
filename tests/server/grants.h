/* SPDX-License-Identifier: MIT */
/*
 * Everything that was granted: authorization codes, and families of
 * tokens. A family is all that came from one login or from one use of
 * client_credentials; it dies as a whole. Nothing is ever forgotten, so
 * that a token or a code that comes back is always recognised.
 *
 * The caller holds the provider's lock.
 */
#ifndef PROVIDER_GRANTS_H
#define PROVIDER_GRANTS_H

#include "client.h"
#include "request.h"

#include <stdint.h>

#define GRANTS_BUCKETS 4096

struct family {
	struct family *next;
	const struct client *client;
	const char *user;  /* NULL for client_credentials */
	const char *nonce; /* of the login, NULL when there is none */
	unsigned scope;
	bool dead;
	unsigned number;
	enum given given;
	const char *refresh; /* the newest refresh token, or NULL */
};

enum token_kind {
	TOKEN_ACCESS = 1,
	TOKEN_REFRESH = 2,
};

struct token {
	struct token *next;
	char *value;
	enum token_kind kind;
	struct family *family;
	unsigned scope;
	int64_t expires_ms; /* on util_clock_ms() */
	unsigned generation;
	bool superseded; /* a refresh token that was rotated */
	bool revoked;
};

struct code {
	struct code *next;
	char *value;
	const struct client *client;
	const char *user;
	char *redirect;
	char *challenge; /* NULL: no PKCE */
	char *nonce;
	unsigned scope;
	int64_t expires_ms;
	bool used;
	struct family *family; /* NULL while nothing was issued */
};

struct grants {
	struct token *tokens[GRANTS_BUCKETS];
	struct family *families;
	struct code *codes;
	unsigned generation; /* older access tokens are no good */
};

/* Adds a copy of the code with a value and a life of its own. */
struct code *grants_add_code(struct grants *grants, const struct code *code);
struct code *grants_find_code(struct grants *grants, const char *value);

struct family *grants_add_family(struct grants *grants,
				 const struct family *family);

/* Adds a copy of the token, its value too; without one, with a random one of that
 * length. */
struct token *grants_add_token(struct grants *grants, const struct token *token,
			       size_t length);
struct token *grants_find_token(struct grants *grants, const char *value);

/* Why the token is no good, for the log; NULL when it is good. */
const char *grants_token_problem(const struct grants *grants,
				 const struct token *token);

void grants_free(struct grants *grants);

#endif
