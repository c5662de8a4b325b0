/* SPDX-License-Identifier: MIT */
/*
 * identity.h - who logged in: what the ID token says, else the UserInfo endpoint
 * (OpenID Connect Core 5.3), else the token answer if the provider's data
 * name its members (identity and identity_id of provider.h).
 *
 * A grant keeps it as `identity`, for people, free of control characters, and
 * `identity_id`, which tells persons apart. A provider that tells nothing is no
 * error.
 */
#ifndef VALETKEY_IDENTITY_H
#define VALETKEY_IDENTITY_H

#include "grant/grant.h"
#include "login.h"
#include "oauth/endpoint.h"

#include <stdbool.h>

/* A login that was redeemed. */
struct identity_login {
	const struct client *client;
	const struct token_answer *answer;
	const char *scope; /* that was asked for, may be NULL */
	const char *nonce; /* that was sent, NULL: none */
};

/*
 * Adds who it is to the new grant. 0; ERR_DENIED: the ID token is not one for
 * this login, so the grant must not be used; ERR_NOMEM. Asks the UserInfo
 * endpoint if it must.
 */
int identity_find(const struct identity_login *login, struct grant *grant,
		  struct problem *problem);

/* Whether both say who it is, and it is not the same. */
bool identity_is_another(const struct grant *stored, const struct grant *grant);

/*
 * Whether the grant may take the place of the stored one: if that is somebody
 * else's the person is asked, unless that was accepted before. 0, ERR_CANCELED: no, and
 * *problem says what to do.
 */
int identity_check(struct login *login, const struct grant *grant);

#endif
