/* SPDX-License-Identifier: MIT */
/*
 * client_reach.c - judges the keys of a client that say by what way its servers
 * are reached, and by what method and with which files it shows who it is, see
 * client.h.
 *
 * A proxy's password would stand in a plain file, so there must be none: the
 * environment may have it, and a proxy on this computer need not.
 */
#include "client.h"
#include <valetkey.h>

#include <string.h>

static int bad(struct problem *problem, const char *key, const char *why)
{
	return problem_set(problem, VALETKEY_ERR_ARG, "%s %s.", key, why);
}

static bool clean(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text <= 0x20 ||
		    (unsigned char)*text >= 0x7f)
			return false;
	return true;
}

int client_check_auth(const char *auth, struct problem *problem)
{
	static const char *const methods[] = {"client_secret_post",
					      "client_secret_basic",
					      "private_key_jwt",
					      "tls_client_auth",
					      "none",
					      NULL};
	const char *const *method = methods;

	while (auth && *method && strcmp(*method, auth) != 0)
		method++;
	return *method ? VALETKEY_OK
		       : bad(problem, "auth",
			     "must be client_secret_post, client_secret_basic, "
			     "private_key_jwt, tls_client_auth or none");
}

int client_check_proxy(const char *proxy, struct problem *problem)
{
	static const char *const schemes[] = {"http://", "https://",
					      "socks5h://", NULL};
	const char *const *scheme = schemes;
	const char *rest;

	if (!proxy || strcmp(proxy, "none") == 0)
		return VALETKEY_OK;
	while (*scheme && strncmp(proxy, *scheme, strlen(*scheme)) != 0)
		scheme++;
	if (!*scheme || !clean(proxy))
		return bad(problem, "proxy",
			   "must be \"none\", or http://HOST:PORT, "
			   "https://HOST:PORT or socks5h://HOST:PORT");
	rest = proxy + strlen(*scheme);
	if (strchr(rest, '@'))
		return bad(problem, "proxy",
			   "must not hold a user name or password, because the "
			   "account's file is plain text. Give them in the "
			   "environment (https_proxy), or run a proxy on this "
			   "computer that knows them");
	if (!*rest || strchr(":/?#", *rest) ||
	    rest[strcspn(rest, "/?#")] != '\0')
		return bad(problem, "proxy",
			   "must be a host and a port, with nothing after it");
	return VALETKEY_OK;
}

static int check_path(const char *path, const char *key,
		      struct problem *problem)
{
	return path && *path != '/'
		   ? bad(problem, key, "must be an absolute path")
		   : VALETKEY_OK;
}

const char *client_credential(const struct client *client)
{
	if (client_has_secret(client))
		return "client secret";
	if (strcmp(client->auth, "private_key_jwt") == 0)
		return "client's key";
	if (strcmp(client->auth, "tls_client_auth") == 0)
		return "client certificate";
	return NULL;
}

int client_check_reach(const struct client *client, struct problem *problem)
{
	bool signs = strcmp(client->auth, "private_key_jwt") == 0;
	bool shows = strcmp(client->auth, "tls_client_auth") == 0;
	const char *audience =
	    record_get(&client->config, "assertion_audience");
	int rc = client_check_auth(client->auth, problem);

	if (!rc)
		rc = client_check_proxy(client->proxy, problem);
	if (!rc)
		rc = check_path(client->ca_file, "ca_file", problem);
	if (!rc)
		rc = check_path(client->client_key, "client_key", problem);
	if (!rc)
		rc = check_path(client->client_certificate,
				"client_certificate", problem);
	if (!rc && (signs || shows) && !client->client_key)
		rc = bad(problem, "client_key",
			 "is missing: the file with the client's private key. "
			 "Give it: --client-key FILE");
	if (!rc && shows && !client->client_certificate)
		rc = bad(problem, "client_certificate",
			 "is missing: the file with the client's certificate. "
			 "Give it: --client-certificate FILE");
	if (!rc && audience && strcmp(audience, "issuer") != 0 &&
	    strcmp(audience, "token_endpoint") != 0)
		rc = bad(problem, "assertion_audience",
			 "must be issuer or token_endpoint");
	return rc;
}
