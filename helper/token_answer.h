/* SPDX-License-Identifier: MIT */
/*
 * token_answer.h - what an answer of the token endpoint means (RFC 6749 5.1,
 * 5.2), with the provider's quirks.
 */
#ifndef VALETKEY_TOKEN_ANSWER_H
#define VALETKEY_TOKEN_ANSWER_H

#include "endpoint.h"
#include "net.h"

/* Results as endpoint_token()'s. */
int token_answer_read(const struct client *client,
		      const struct http_answer *http,
		      struct endpoint_answer *answer, struct problem *problem);

#endif
