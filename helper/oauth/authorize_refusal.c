/* SPDX-License-Identifier: MIT */
/*
 * authorize_refusal.c - authorize_refused(): a login request that the provider
 * does not take, said where it was sent beforehand (push.c) or at the look before
 * the browser (preflight.c).
 */
#include "authorize.h"
#include <valetkey.h>

#include <string.h>

static const struct {
	const char *error;
	int result;
	const char *next;
} known[] = {
    {"invalid_scope", VALETKEY_ERR_SCOPE,
     "Tick these scopes at the provider, or change 'scope' in the account's "
     "file"},
    {"invalid_target", VALETKEY_ERR_DENIED,
     "It does not know this resource: change 'resource[]' in the account's "
     "file"},
    {"invalid_client", VALETKEY_ERR_DENIED,
     "It does not know the client, or does not accept how it authenticates: "
     "remove the account and add it again"},
};

const char *authorize_port_advice(const struct authorization *to)
{
	return to->any_port && !to->port
		   ? " Does it compare the port, which is different at each "
		     "login here? Then write redirect_port=NUMBER into the "
		     "account's file and register the redirect URI with that "
		     "port; if valetkey registered the client, remove the "
		     "account and add it again."
		   : "";
}

int authorize_refused(const struct client *client,
		      const struct authorization *to,
		      const struct authorize_refusal *refusal,
		      struct problem *problem)
{
	char code[PROBLEM_QUOTE_MAX], detail[PROBLEM_QUOTE_MAX];
	const char *next = "Compare the client id, redirect URI and grant "
			   "types with the client app there";
	const char *port = authorize_port_advice(to);
	int result = VALETKEY_ERR_DENIED;

	problem_quote(code,
		      refusal->error ? refusal->error : "no reason given");
	problem_quote(detail, refusal->detail);
	if (*detail && detail[strlen(detail) - 1] == '.')
		detail[strlen(detail) - 1] = '\0'; /* ours follows */
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (strcmp(known[i].error, code) == 0) {
			result = known[i].result;
			next = known[i].next;
			port = "";
		}
	return problem_set(
	    problem, result,
	    "%s refuses the login request: %s%s%s. %s (client id "
	    "%s, redirect URI %s).%s",
	    client->name, code, *detail ? ", " : "", detail, next,
	    client->client_id, to->redirect_uri.data, port);
}
