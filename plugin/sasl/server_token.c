/* SPDX-License-Identifier: MIT */
/*
 * server_token.c - a token for the server that the host is connected to, see
 * exchange.h. SASL tells the service and the host's name, but neither a port nor
 * whether there is TLS: so an account's hosts[] has "imaps://imap.example.com"
 * for both. Nobody is asked anything: programs that log in by SASL run in the
 * background as well.
 */
#include "exchange.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define URL_MAX 300

/* As the services are called by those who use them. */
static const struct {
	const char *service, *scheme;
} services[] = {{"imap", "imaps"},
		{"smtp", "smtps"},
		{"pop", "pop3s"},
		{"pop3", "pop3s"},
		{"ldap", "ldaps"}};

static bool server_url(const sasl_client_params_t *params, char url[URL_MAX])
{
	const char *host = params->serverFQDN;
	bool address = strchr(host, ':');
	size_t i;
	int n;

	for (i = 0; i < sizeof(services) / sizeof(*services); i++)
		if (strcmp(params->service, services[i].service) == 0)
			break;
	if (i == sizeof(services) / sizeof(*services))
		return false;
	n = snprintf(url, URL_MAX, address ? "%s://[%s]" : "%s://%s",
		     services[i].scheme, host);
	return n > 0 && n < URL_MAX;
}

/* What the helper says of a failure, with the command that helps. */
static int sasl_converse(const struct valetkey_message *message, char *reply,
			 size_t reply_size, void *data)
{
	struct sasl_exchange *exchange = data;

	(void)reply, (void)reply_size;
	if (message->type == VALETKEY_MESSAGE_ERROR)
		snprintf(exchange->said, sizeof(exchange->said), "%s",
			 message->text);
	return 0;
}

static int find_token(struct sasl_exchange *exchange, const char *url,
		      const char *user)
{
	const char *account = secure_getenv("VALETKEY_ACCOUNT");
	struct valetkey_request request = {
	    .size = sizeof(request),
	    .account = account && *account ? account : NULL,
	    .resource = url};
	int rc = valetkey_get(exchange->handle, &request, &exchange->token);

	if (rc != VALETKEY_ERR_ACCOUNT || request.account)
		return rc;
	/* Several have the server. */
	request.account = user;
	rc = valetkey_get(exchange->handle, &request, &exchange->token);
	if (rc == VALETKEY_ERR_ARG || rc == VALETKEY_ERR_RESOURCE)
		return VALETKEY_ERR_ACCOUNT; /* the user's is none of them */
	return rc;
}

/* The result of SASL means little to people; what they read is the text. */
static int tell_failure(struct sasl_exchange *exchange,
			const sasl_utils_t *utils, const char *url, int rc)
{
	const char *account = secure_getenv("VALETKEY_ACCOUNT");
	char *said = exchange->said;

	if (*said)
		; /* the helper knows best */
	else if (rc == VALETKEY_ERR_RESOURCE)
		snprintf(said, SASL_TEXT_MAX,
			 "%s is not one of the hosts of %s; see 'valetkey "
			 "status'",
			 url, account && *account ? account : "any account");
	else if (rc == VALETKEY_ERR_ACCOUNT && !(account && *account))
		snprintf(said, SASL_TEXT_MAX,
			 "several accounts have the host %s: set "
			 "VALETKEY_ACCOUNT to the name of one",
			 url);
	else
		snprintf(said, SASL_TEXT_MAX, "%s", valetkey_strerror(rc));
	utils->seterror(utils->conn, 0, "valetkey: %s", said);
	return rc == VALETKEY_ERR_NOMEM ? SASL_NOMEM : SASL_FAIL;
}

int sasl_token_get(struct sasl_exchange *exchange,
		   const sasl_client_params_t *params, const char *user)
{
	const struct valetkey_options options = {.size = sizeof(options),
						 .converse = sasl_converse,
						 .data = exchange};
	const sasl_utils_t *utils = params->utils;
	char url[URL_MAX];
	int rc;

	if (!server_url(params, url)) {
		utils->seterror(utils->conn, 0,
				"valetkey: there are tokens for imap, smtp, "
				"pop and ldap, not for %s",
				params->service);
		return SASL_FAIL;
	}
	rc = valetkey_open(&options, &exchange->handle);
	if (!rc)
		rc = find_token(exchange, url, user);
	return rc ? tell_failure(exchange, utils, url, rc) : SASL_OK;
}
