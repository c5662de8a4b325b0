/* SPDX-License-Identifier: MIT */
/*
 * register.c - a client that nobody has registered yet, at a server that
 * lets us do it (RFC 7591): the person is asked, a script says --register. The
 * helper does it, because the answer may hold a secret.
 */
#include "command.h"
#include "terminal.h"

#include <string.h>

#define REGISTER_S 60

static int take_offer(struct cmd_adding *adding, const struct record *found)
{
	struct record *to = &adding->registration;
	const char *auth = record_get(found, "registration_auth");
	const char *grant = NULL;
	int rc = record_add(to, "registration_endpoint",
			    record_get(found, "registration_endpoint"));

	while (!rc && (grant = record_next(found, "grant_types[]", grant)))
		rc = record_add(to, "grant_types[]", grant);
	if (!rc && auth)
		rc = record_set(&adding->keys, "auth", auth);
	return rc ? VALETKEY_ERR_NOMEM : VALETKEY_OK;
}

int cmd_register_offer(struct cmd_adding *adding, const struct record *found)
{
	bool yes = cmd_option(adding->args, "register") != NULL;
	bool offered = record_get(found, "registration_endpoint") != NULL;
	int rc = VALETKEY_OK;

	if (yes && cmd_option(adding->args, "client-id"))
		return cmd_fail(VALETKEY_ERR_ARG,
				"--register makes a new client: leave out "
				"either --client-id or --register.");
	if (yes && !offered)
		return cmd_fail(VALETKEY_ERR_ARG,
				"The server does not register clients by "
				"itself. Register one by hand on its pages and "
				"give it: --client-id ID.");
	if (!yes && offered && adding->person &&
	    !cmd_option(adding->args, "client-id"))
		rc = cmd_answers_yes("The server registers clients by itself. "
				     "Have one registered now? [y/N]",
				     &yes);
	return !rc && yes ? take_offer(adding, found) : rc;
}

/* The keyring has the secret already where there is one. */
int cmd_register(struct cmd_adding *adding)
{
	static const char *const keys[] = {"client_id", "auth", "scope",
					   "client_secret_expires_at", NULL};
	struct record request = {0}, answer = {0};
	struct cmd_call call = {
	    .request = &request,
	    .answer = &answer,
	    .timeout_s = REGISTER_S,
	    .interactive = adding->person,
	};
	int rc = VALETKEY_ERR_NOMEM;

	if (record_append(&request, &adding->keys) == 0 &&
	    record_append(&request, &adding->registration) == 0 &&
	    record_set(&request, "op", "register") == 0 &&
	    record_set(&request, "account", adding->account) == 0)
		rc = cmd_call(&call);
	for (const char *const *key = keys; !rc && *key; key++)
		if (record_get(&answer, *key) &&
		    record_set(&adding->keys, *key, record_get(&answer, *key)))
			rc = VALETKEY_ERR_NOMEM;
	if (!rc)
		terminal_say(TERMINAL_GOOD,
			     "The server has registered a client: %s\n",
			     record_get(&adding->keys, "client_id"));
	record_free(&request);
	record_free(&answer);
	return rc;
}
