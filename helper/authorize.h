/* SPDX-License-Identifier: MIT */
/*
 * authorize.h - the authorization request (RFC 6749 4.1.1, RFC 7636 4.3): what
 * is made up for one login, the URL that the browser opens, and the look at
 * that URL before a person is sent there.
 */
#ifndef VALETKEY_AUTHORIZE_H
#define VALETKEY_AUTHORIZE_H

#include "client.h"
#include "problem.h"

#include <stdint.h>

struct authorization {
	struct buf redirect_uri; /* as registered, with the port */
	struct buf host;	 /* of the redirect URI, as listener.h wants */
	struct buf path;
	uint16_t port; /* 0: any */
	struct buf state;
	struct buf verifier; /* RFC 7636 code_verifier: secret */
	struct buf scope;    /* all that is asked for */
	struct buf url;
};

/* Takes the redirect URI apart and makes state, verifier and scope. `more` is
 * added to the client's scope (NULL: nothing). 0, ERR_ARG, _NOMEM. */
int authorize_begin(const struct client *client, const char *more,
		    struct authorization *authorization,
		    struct problem *problem);

/* Once the listener has its port: redirect_uri and url. */
int authorize_url(const struct client *client, uint16_t port,
		  struct authorization *authorization, struct problem *problem);

/*
 * Opens the URL as a browser would, without following where it leads. What a
 * person would only see as an error page is an error here: a bare 404, a
 * redirect to an error page, an error handed to our redirect URI. A network
 * that fails is no verdict: 0.
 */
int authorize_preflight(const struct client *client,
			const struct authorization *authorization,
			struct problem *problem);

void authorize_end(struct authorization *authorization);

#endif
