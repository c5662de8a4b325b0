/* SPDX-License-Identifier: MIT */
/*
 * token_error.h - an answer of the token endpoint that gives no token: the server's
 * error (RFC 6749 5.2), in whatever shape it comes, or none.
 */
#ifndef VALETKEY_TOKEN_ERROR_H
#define VALETKEY_TOKEN_ERROR_H

#include "client/client.h"
#include "core/text.h"
#include "json/json.h"

#include <stdbool.h>

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

/* What an error means for a person: the result, and what to do next. In a table the
 * last row has no error, and is for all others. */
struct error_advice {
	const char *error;
	int result;
	const char *next;
	const char *edit; /* what follows if there is an account to edit */
};
const struct error_advice *error_advice_find(const struct error_advice *advice,
					     const char *error);

/* What to do next, with the account's name for the word ACCOUNT in it, and its
 * scopes for ASKED. */
#define ERROR_ADVICE_MAX 512
const char *error_advice_next(char out[ERROR_ADVICE_MAX],
			      const struct error_advice *advice,
			      const struct client *client);

/* A server's sentence as problem_quote() does it, without the period at its end:
 * ours follows. */
const char *error_detail(char *out, const char *text);

/* Too many requests, or a server that is out of order: sets problem; else 0. */
int error_of_state(const struct client *client, long status,
		   struct problem *problem);

#endif
