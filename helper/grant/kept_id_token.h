/* SPDX-License-Identifier: MIT */
/*
 * kept_id_token.h - the ID token that a grant keeps, for programs that ask for
 * one: that of the login, and what refreshes bring in its place (OpenID Connect
 * Core 12.2). Only a token that was judged as id_token.h says is kept. It lies in
 * the grant's item and nowhere else, and its own expiry counts.
 */
#ifndef VALETKEY_KEPT_ID_TOKEN_H
#define VALETKEY_KEPT_ID_TOKEN_H

#include "grant.h"
#include "json/json.h"

/* Of a login: `fields` (token_answer.h) have it, and `claims` are those of it.
 * -1: no memory. */
int kept_id_token_begin(const struct record *fields, const struct json *claims,
			struct grant *grant);

/*
 * Of a refresh: the answer's if it is good and about the same person; else the
 * old grant's, for as long as that is good, and the grant notes that this refresh
 * brought none. `grant` knows already when it was issued. -1: no memory.
 */
int kept_id_token_renew(const struct client *client,
			const struct grant_source *source, struct grant *grant);

#endif
