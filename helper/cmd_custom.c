/* SPDX-License-Identifier: MIT */
/*
 * cmd_custom.c - a provider without a file: its endpoints come from its issuer's
 * metadata (the helper asks for it) or from options.
 */
#include "cmd.h"
#include "origin.h"
#include "terminal.h"

#include <string.h>

#define REDIRECT_URI "http://127.0.0.1:{port}/callback"
#define DISCOVER_S 30

/* What was given by hand stands over what the server says. */
static int discover(struct cmd_adding *adding, const char *issuer)
{
	static const char *const keys[] = {
	    "issuer",	      "authorization_endpoint",
	    "token_endpoint", "revocation_endpoint",
	    "auth",	      NULL};
	struct record request = {0}, answer = {0};
	struct cmd_call call = {
	    .request = &request, .answer = &answer, .timeout_s = DISCOVER_S};
	const char *ca_file = cmd_option(adding->args, "ca-file");
	int rc = VALETKEY_ERR_NOMEM;

	if (record_add(&request, "op", "discover") == 0 &&
	    record_add(&request, "issuer", issuer) == 0 &&
	    record_add(&request, "ca_file", ca_file) == 0)
		rc = cmd_call(&call);
	for (const char *const *key = keys; *key && !rc; key++)
		if (!record_get(&adding->keys, *key) &&
		    record_add(&adding->keys, *key, record_get(&answer, *key)))
			rc = VALETKEY_ERR_NOMEM;
	record_free(&request);
	record_free(&answer);
	return rc;
}

/* The tokens are for the server's own host, unless options say otherwise. */
static int default_host(struct cmd_adding *adding)
{
	const char *url = record_get(&adding->keys, "token_endpoint");
	char origin[ORIGIN_MAX];

	if (cmd_option(adding->args, "host") || !url ||
	    origin_of(url, origin) != 0)
		return VALETKEY_OK;
	return record_add(&adding->keys, "hosts[]", origin) ? VALETKEY_ERR_NOMEM
							    : VALETKEY_OK;
}

/* Everything that is known without a question. */
static int check(const struct cmd_adding *adding, const char *grant)
{
	if (cmd_option(adding->args, "instance"))
		return cmd_fail(VALETKEY_ERR_ARG,
				"--instance belongs to a --provider. See: "
				"valetkey providers");
	if (grant && strcmp(grant, "authorization_code") != 0 &&
	    strcmp(grant, "client_credentials") != 0)
		return cmd_fail(VALETKEY_ERR_ARG,
				"Without --provider the kind of client is "
				"authorization_code or client_credentials.");
	if (!cmd_option(adding->args, "issuer") &&
	    !record_get(&adding->keys, "token_endpoint"))
		return cmd_fail(VALETKEY_ERR_ARG,
				"Which provider? Give --provider NAME (see: "
				"valetkey providers), or --issuer URL, or "
				"--authorization-endpoint URL and "
				"--token-endpoint URL.");
	return VALETKEY_OK;
}

static int put_keys(struct cmd_adding *adding, const char *grant)
{
	const char *scope, *redirect;
	int rc = cmd_answers_option(adding->args, "scope", &scope);

	if (!rc)
		rc =
		    cmd_answers_option(adding->args, "redirect-uri", &redirect);
	if (rc)
		return rc;
	adding->machine = grant && strcmp(grant, "client_credentials") == 0;
	if (adding->machine)
		redirect = NULL;
	else if (!redirect)
		redirect = REDIRECT_URI;
	if (!adding->machine &&
	    !record_get(&adding->keys, "authorization_endpoint"))
		return cmd_fail(VALETKEY_ERR_ARG,
				"Where does one log in? Give it: "
				"--authorization-endpoint URL.");
	if (record_add(&adding->keys, "grant",
		       grant ? grant : "authorization_code") ||
	    record_add(&adding->keys, "scope", scope) ||
	    record_add(&adding->keys, "redirect_uri", redirect))
		return VALETKEY_ERR_NOMEM;
	return VALETKEY_OK;
}

/* What to register there, for a person. */
static void show_redirect(const struct cmd_adding *adding)
{
	const char *uri = record_get(&adding->keys, "redirect_uri");
	const char *port = uri ? strstr(uri, ":{port}") : NULL;

	if (uri && port)
		terminal_say(TERMINAL_PLAIN,
			     "Register a client there with the redirect URI "
			     "%.*s%s (its port changes; where the provider "
			     "compares it, give a fixed one by "
			     "--redirect-uri).\n",
			     (int)(port - uri), uri, port + strlen(":{port}"));
	else if (uri)
		terminal_say(TERMINAL_PLAIN,
			     "Register a client there with the redirect URI "
			     "%s\n",
			     uri);
}

int cmd_custom_walk(struct cmd_adding *adding)
{
	const char *issuer = cmd_option(adding->args, "issuer");
	const char *grant = cmd_option(adding->args, "client");
	int rc = check(adding, grant);

	if (!rc && issuer)
		rc = discover(adding, issuer);
	if (!rc)
		rc = put_keys(adding, grant);
	if (!rc)
		rc = default_host(adding);
	if (!rc && adding->person)
		show_redirect(adding);
	return rc;
}
