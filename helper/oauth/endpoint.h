/* SPDX-License-Identifier: MIT */
/*
 * endpoint.h - one request to the token or revocation endpoint (RFC 6749 3.2,
 * RFC 7009), with the client's authentication, and what the answer means.
 */
#ifndef VALETKEY_ENDPOINT_H
#define VALETKEY_ENDPOINT_H

#include "client/client.h"
#include "core/problem.h"
#include "core/record.h"
#include "net/net.h"

#include <stdbool.h>
#include <stdint.h>

#define ENDPOINT_LIMIT_MS 60000 /* a request that was sent runs this long */

/* Appends a value, form-urlencoded. */
int endpoint_encode(struct buf *out, const char *text);

/* Adds "&name=value", form-urlencoded (RFC 6749 appendix B). */
int endpoint_param(struct buf *form, const char *name, const char *value);

struct endpoint_answer {
	long status;	       /* of HTTP; 0: no whole answer */
	bool unknown;	       /* it was sent, and no whole answer came: nobody
			       knows whether the server acted on it */
	char error[64];	       /* RFC 6749 5.2, "" where none */
	char name[64];	       /* what the server calls that */
	char moved_to[128];    /* the host of a redirect, "" where none */
	bool web_page;	       /* it is HTML */
	int64_t retry_after_s; /* -1: not said */
	int64_t date;	       /* when it was sent, Unix seconds: the server's
				  clock, or ours where it does not tell */
	struct record fields;  /* of a success, as text: access_token,
				  refresh_token, scope (with spaces between),
				  expires_in (0: it never expires), id_token,
				  identity, identity_id; of one that is
				  unusable: refresh_token, if any */
};

struct endpoint_request {
	const struct client *client;
	const char *client_secret; /* NULL: the client has none */
	struct buf *params;	   /* grant_type and so on, see endpoint_param;
				      the client's authentication is added */

	/* See struct http_request: told of a success before anybody looks at
	 * it; or NULL. */
	void (*received)(const struct buf *body, bool whole, void *data);
	void *data;
};

/*
 * Sends the params with the client's authentication to one of the server's
 * endpoints. 0 where it answered, whatever it said; see http_send().
 */
int endpoint_post(const struct endpoint_request *request, const char *url,
		  struct http_answer *answer, struct problem *problem);

/*
 * Asks the token endpoint. 0: fields holds a usable Bearer token. Otherwise
 * *problem is set and, where the server named an error, `error` too:
 * ERR_LOGIN invalid_grant; ERR_DENIED invalid_client and other refusals;
 * ERR_SCOPE invalid_scope; ERR_THROTTLED 429; ERR_NETWORK, ERR_TIMEOUT.
 */
int endpoint_token(const struct endpoint_request *request,
		   struct endpoint_answer *answer, struct problem *problem);

/* The same with a refresh token, to where those go. */
int endpoint_refresh(const struct endpoint_request *request,
		     struct endpoint_answer *answer, struct problem *problem);

/* RFC 7009: 0 where the server says that the token is revoked or unknown. */
int endpoint_revoke(const struct endpoint_request *request,
		    struct problem *problem);

void endpoint_answer_free(struct endpoint_answer *answer);

#endif
