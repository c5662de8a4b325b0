/* SPDX-License-Identifier: MIT */
/*
 * id_token.h - the OpenID Connect ID Token: what the authorization server says
 * about who logged in (OpenID Connect Core 1.0, 2 and 3.1.3.7).
 *
 * Only for a token that came from the token endpoint in the answer to our own
 * request: the TLS connection says who made it, so its signature need not be
 * checked (3.1.3.7, rule 6), and is not. What was not checked here is never to
 * be believed if a token came another way.
 */
#ifndef VALETKEY_ID_TOKEN_H
#define VALETKEY_ID_TOKEN_H

#include "core/text.h"
#include "json/json.h"

#include <stdbool.h>
#include <stdint.h>

#define ID_TOKEN_MAX (64u << 10)
#define ID_TOKEN_SUBJECT_MAX 255 /* Core 2: of `sub` */

/* What a good one says. */
struct id_token_expect {
	const char *issuer;    /* exactly */
	const char *client_id; /* among the audience */
	const char *nonce;     /* as it was sent; NULL: none was */
	int64_t now;	       /* Unix seconds, the server's if possible */
};

/*
 * Takes the token apart and judges its claims, which are in `claims` then (it
 * must be empty, and is to be freed in any case). 0, or ERR_DENIED with the
 * reason in *problem.
 */
int id_token_read(const char *token, const struct id_token_expect *expect,
		  struct json *claims, struct problem *problem);

/* When a good one expires, Unix seconds. */
int64_t id_token_expiry(const struct json *claims);

/* Whether a token that was good once is of the same login as these claims, which
 * a refresh has brought (12.2): about the same person (sub), for the same party
 * (azp), and if they tell it of the same authentication (nonce, auth_time). */
bool id_token_same_login(const char *token, const struct json *claims);

#endif
