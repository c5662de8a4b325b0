/* SPDX-License-Identifier: MIT */
/*
 * endpoint.h - one request to the token or revocation endpoint (RFC 6749 3.2,
 * RFC 7009), with the client's authentication, and what the answer means.
 */
#ifndef VALETKEY_ENDPOINT_H
#define VALETKEY_ENDPOINT_H

#include "client/client.h"
#include "core/text.h"
#include "core/record.h"
#include "net/net.h"
#include "token_answer.h"

#include <stdbool.h>
#include <stdint.h>

#define ENDPOINT_LIMIT_MS 60000 /* a request that was sent runs this long */

struct endpoint_request {
	const struct client *client;
	const char *client_secret; /* NULL: the client has none */
	struct buf *params;	   /* grant_type and so on, see form_add;
				      the client's authentication is added */

	/* See struct http_request: told of a success before anybody looks at
	 * it; or NULL. */
	void (*received)(const struct buf *body, bool whole, void *data);
	void *data;
};

/*
 * Sends the params with the client's authentication to one of the server's
 * endpoints. 0 if it answered, whatever it said; see http_send().
 */
int endpoint_post(const struct endpoint_request *request, const char *url,
		  struct http_answer *answer, struct problem *problem);

/*
 * Asks the token endpoint. 0: fields holds a usable Bearer token. Otherwise
 * *problem is set and, if the server named an error, `error` too:
 * ERR_LOGIN invalid_grant; ERR_DENIED invalid_client and other refusals;
 * ERR_SCOPE invalid_scope; ERR_THROTTLED 429; ERR_NETWORK, ERR_TIMEOUT.
 */
int endpoint_token(const struct endpoint_request *request,
		   struct token_answer *answer, struct problem *problem);

/* The same with a refresh token, to where those go. */
int endpoint_refresh(const struct endpoint_request *request,
		     struct token_answer *answer, struct problem *problem);

/* RFC 7009: 0 if the server says that the token is revoked or unknown. */
int endpoint_revoke(const struct endpoint_request *request,
		    struct problem *problem);

/* ---- what a provider's data adds ---- */

/* What a provider's data adds to a request: parameters of its own, and JSON
 * instead of a form. Never changes what we send ourselves. */

/*
 * Adds the NAME=VALUE of `list` ("token_parameter[]") to the form: each whose
 * name is neither there already nor one that valetkey sends itself
 * (client/provider_keys.h). 0 or -1.
 */
int endpoint_add_parameters(const struct client *client, const char *list,
			    struct buf *form);

/* Adds the client's resource[] (RFC 8707), of an authorization request too. 0
 * or -1. */
int endpoint_add_resources(const struct client *client, struct buf *form);

/* The same parameters as a JSON object; one that repeats is an array. 0, -1. */
int endpoint_json(const struct buf *form, struct buf *json);

#endif
