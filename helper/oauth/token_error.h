/* SPDX-License-Identifier: MIT */
/*
 * token_error.h - an answer of the token endpoint that gives no token: the
 * server's error (RFC 6749 5.2), in whatever shape it comes, or none.
 */
#ifndef VALETKEY_TOKEN_ERROR_H
#define VALETKEY_TOKEN_ERROR_H

#include "endpoint.h"
#include "json/json.h"
#include "net/net.h"

/*
 * Whether this is the server's word that it does not do what was asked, and not
 * about its state, or of somebody in between. With a 2xx too: an error all the
 * same.
 */
bool token_error_is(const struct json *json, long status);

/* What the error is called, and what there is to say of it; NULL: nothing. */
const char *token_error_name(const struct json *json);
const char *token_error_text(const struct json *json);

/* The standard's name for what a server calls `name`, by the lines of error[]
 * in `names`: NAME=ERROR; else `name`. */
const char *token_error_meaning(const struct record *names, const char *name);

/*
 * Sets problem, answer->name and answer->error (the name of RFC 6749 where the provider's data
 * tell it). `json` is what the answer holds, NULL: no JSON. Results as
 * endpoint_token()'s.
 */
int token_error_set(const struct client *client, const struct json *json,
		    struct endpoint_answer *answer, struct problem *problem);

#endif
