/* SPDX-License-Identifier: MIT */
/*
 * client_auth.h - how a client proves to the authorization server who it is
 * (RFC 6749 2.3): one method a request, never two, never in a URL.
 */
#ifndef VALETKEY_CLIENT_AUTH_H
#define VALETKEY_CLIENT_AUTH_H

#include "endpoint.h"
#include "net/net.h"

/* What the HTTP request points at while it is being sent. */
struct client_auth {
	struct buf user;
	struct buf password;
};

/*
 * Adds the client's authentication to the request's params and to `http`, anew
 * for each request. 0 or a result code with *problem set.
 */
int client_auth_add(const struct endpoint_request *request,
		    struct http_request *http, struct client_auth *auth,
		    struct problem *problem);

void client_auth_free(struct client_auth *auth);

#endif
