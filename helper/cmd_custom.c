/* SPDX-License-Identifier: MIT */
/*
 * cmd_custom.c - a provider without a file: its endpoints come from its issuer's
 * metadata (the helper asks for it) or from options.
 */
#include "cmd.h"
#include "origin.h"

#include <string.h>

#define REDIRECT_URI "http://127.0.0.1:{port}/callback"
#define DISCOVER_S 30

static const char *const endpoints[] = {
    "authorization_endpoint", "token_endpoint", "revocation_endpoint", NULL};

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
		if (record_get(&answer, *key) &&
		    record_set(&adding->keys, *key, record_get(&answer, *key)))
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

int cmd_custom_walk(struct cmd_adding *adding)
{
	const char *issuer = cmd_option(adding->args, "issuer");
	const char *grant = cmd_option(adding->args, "client");
	const char *scope = NULL, *redirect = NULL;
	int rc = VALETKEY_OK;

	if (!issuer && !record_get(&adding->keys, "token_endpoint"))
		return cmd_fail(VALETKEY_ERR_ARG,
				"Which provider? Give --provider NAME (see: "
				"valetkey providers), or --issuer URL, or "
				"--authorization-endpoint URL and "
				"--token-endpoint URL.");
	if (issuer)
		rc = discover(adding, issuer);
	/* What was given by hand stands over what the server says. */
	for (const char *const *key = endpoints; *key && !rc; key++)
		rc = cmd_add_endpoint(adding, *key);
	if (!rc)
		rc = cmd_add_value(adding->args, "scope", &scope);
	if (!rc)
		rc = cmd_add_value(adding->args, "redirect-uri", &redirect);
	adding->machine = grant && strcmp(grant, "client_credentials") == 0;
	if (!rc && (record_set(&adding->keys, "scope", scope) ||
		    record_set(&adding->keys, "grant",
			       adding->machine ? "client_credentials"
					       : "authorization_code") ||
		    record_set(&adding->keys, "redirect_uri",
			       adding->machine ? NULL
			       : redirect      ? redirect
					       : REDIRECT_URI)))
		rc = VALETKEY_ERR_NOMEM;
	return rc ? rc : default_host(adding);
}
