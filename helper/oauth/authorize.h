/* SPDX-License-Identifier: MIT */
/*
 * authorize.h - the authorization request (RFC 6749 4.1.1, RFC 7636 4.3): what
 * is made up for one login, the URL that the browser opens, and the look at
 * that URL before a person is sent there. If the provider takes requests
 * beforehand (RFC 9126) the browser gets nothing of it but a reference.
 */
#ifndef VALETKEY_AUTHORIZE_H
#define VALETKEY_AUTHORIZE_H

#include "client/client.h"
#include "core/text.h"
#include "net/net.h"

#include <stdint.h>

struct authorization {
	struct buf redirect_uri; /* as registered, with the port */
	struct buf host;	 /* of the redirect URI, as listener.h wants;
				    empty: it is not on this machine */
	struct buf path;
	uint16_t port; /* 0: any */
	bool any_port; /* {port}: the server may take another */
	bool moved;    /* `port` was taken, and another is tried */
	struct buf state;
	struct buf verifier; /* RFC 7636 code_verifier: secret; empty if the
				provider breaks on it (pkce=none) */
	struct buf nonce;    /* for the ID token; empty without scope openid */
	struct buf scope;    /* all that is asked for */
	bool form_post;	     /* the answer comes by POST, else by GET */
	struct buf params;   /* of the request, form-urlencoded */
	struct buf url;
	bool pushed;  /* the provider has the request already */
	long refusal; /* HTTP status 4xx that authorize_preflight() got, which
			 says nothing by itself: some want a browser; else 0 */
};

/* Takes the redirect URI apart and makes state, verifier and scope. `more` is
 * added to the client's scope (NULL: nothing). 0, ERR_ARG, _NOMEM. */
int authorize_begin(const struct client *client, const char *more,
		    struct authorization *authorization,
		    struct problem *problem);

/*
 * What a provider answered that does not take the login request, and what to do:
 * ERR_DENIED or ERR_SCOPE.
 */
struct authorize_refusal {
	const char *error; /* its name, may be NULL, as the next */
	const char *detail;
};
int authorize_refused(const struct client *client,
		      const struct authorization *authorization,
		      const struct authorize_refusal *refusal,
		      struct problem *problem);

/* A sentence, with a space before it, if the server may have refused the port
 * and the person can do something about it; else "". */
const char *authorize_port_advice(const struct authorization *authorization);

/* A redirect URI with the port in place of {port}, if it has that. 0 or -1. */
int authorize_fill_port(const char *uri, uint16_t port, struct buf *out);

/* Once the listener has its port: redirect_uri, params and url. */
int authorize_url(const struct client *client, uint16_t port,
		  struct authorization *authorization, struct problem *problem);

/* Adds the scope as the provider wants it: with its own separator, in its own
 * parameter. 0 or -1. */
int authorize_add_scope(const struct client *client, const char *scope,
			struct buf *params);

/* Whether the provider has an endpoint for requests beforehand. */
bool authorize_pushes(const struct client *client);

/*
 * RFC 9126: hands the request to that endpoint, with the client's
 * authentication; the URL then holds the reference to it, which is good once.
 * 0, ERR_DENIED or ERR_SCOPE if the provider refuses the request, or an error
 * of the network.
 */
int authorize_push(const struct client *client, const char *client_secret,
		   struct authorization *authorization,
		   struct problem *problem);

/*
 * Opens the URL as a browser would, without following where it leads. What a
 * person would only see as an error page is an error here: a bare 404, a
 * redirect to an error page, an error handed to our redirect URI, an error of
 * OAuth that does not depend on who asks. A network
 * that fails is not a verdict: 0. A pushed request was judged already, and its
 * reference is not wasted on this: 0.
 */
int authorize_preflight(const struct client *client,
			struct authorization *authorization,
			struct problem *problem);

void authorize_end(struct authorization *authorization);

/* ---- the authorization response ---- */

/* Whether an authorization response brings a code that may be redeemed (RFC
 * 6749 4.1.2, RFC 9207), however it reached us: by the loopback redirect or
 * pasted by the person. Its state was compared before. */

/*
 * 0: answer->code is there and comes from the client's issuer. Otherwise
 * *problem is set: ERR_CANCELED the person said no; ERR_DENIED another issuer,
 * or the provider refused; ERR_NETWORK there is no code.
 */
int authorize_answer_check(const struct client *client,
			   const struct listener_answer *answer,
			   struct problem *problem);

#endif
