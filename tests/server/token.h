/* SPDX-License-Identifier: MIT */
/*
 * What the grants of the token endpoint share: one token request on its way
 * through the checks, and the answer for a login.
 */
#ifndef PROVIDER_TOKEN_H
#define PROVIDER_TOKEN_H

#include "provider.h"

struct exchange {
	struct provider *provider;
	struct request *request;
	const struct form *form;
	const struct client *client;
};

/* A parameter, or NULL when it is missing; then the answer is ready. */
const char *token_need(const struct exchange *ex, const char *name);

/* Answers with the first tokens of what somebody has allowed. */
struct family *token_answer_login(const struct exchange *ex,
				  const struct family *allowed);

/* What --grant says was given before. */
void token_restore(struct provider *provider);

/* The device grant (device.c). */
void device_token(const struct exchange *ex);

#endif
