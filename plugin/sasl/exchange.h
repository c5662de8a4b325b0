/* SPDX-License-Identifier: MIT */
/*
 * exchange.h - libvaletkey-sasl.so, which programs that use Cyrus SASL load
 * (mbsync, ldapsearch, ...): what its files share. mechanisms.c has the two
 * mechanisms and their steps, user.c gets the user's name from the host,
 * server_token.c the token from libvaletkey. It uses the public <valetkey.h>
 * alone, as any other host does.
 */
#ifndef VALETKEY_EXCHANGE_H
#define VALETKEY_EXCHANGE_H

#include <sasl/sasl.h>
#include <sasl/saslplug.h>
#include <valetkey.h>

#include <stdbool.h>

#define SASL_TEXT_MAX 1200

/* One login. */
struct sasl_exchange {
	bool oauthbearer; /* else XOAUTH2 */
	bool done;
	struct valetkey *handle;
	const struct valetkey_token *token; /* that was sent */
	char *response;			    /* that has it */
	size_t length;
	char said[SASL_TEXT_MAX]; /* why there is no token */
};

/*
 * Asks the host for the user's name, by its callback or by prompts, and gives it
 * to the connection (oparams->authid). SASL_INTERACT: to be called again with the
 * prompts answered. Never asks for a password.
 */
int sasl_user_get(sasl_client_params_t *params, sasl_interact_t **prompts,
		  sasl_out_params_t *oparams);

/*
 * Gets a token for the server: of $VALETKEY_ACCOUNT, else of the account that has
 * the server among its hosts, of several that which is called as the user. What
 * went wrong is told to the connection.
 */
int sasl_token_get(struct sasl_exchange *exchange,
		   const sasl_client_params_t *params, const char *user);

#endif
