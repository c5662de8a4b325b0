/* SPDX-License-Identifier: MIT */
/*
 * proxy_token.h - the proxy as a token endpoint (RFC 6749 3.2): a client that
 * wants to log in by itself gets the proxy's secret for a token, if it has shown
 * that secret. It never holds anything that another server would take.
 */
#ifndef VALETKEY_PROXY_TOKEN_H
#define VALETKEY_PROXY_TOKEN_H

#include "core/buf.h"
#include "proxy_guard.h"

#include <stdbool.h>

#define PROXY_TOKEN_BODY_MAX (64u << 10)

struct proxy_token_request {
	const struct proxy_guard *guard;
	bool known;	   /* its head has shown the secret */
	const char *scope; /* the account's; NULL: none is told */
	const struct buf *body;
};

/* Appends the answer's JSON; its HTTP status, or 0: out of memory. */
int proxy_token_answer(const struct proxy_token_request *request,
		       struct buf *json);

#endif
