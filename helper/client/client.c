/* SPDX-License-Identifier: MIT */
/*
 * client.c - see client.h. Puts the account's keys over the provider's and
 * judges the whole once, so that what the flows are handed is complete: every
 * endpoint is https (or loopback), the method and the grant are ones we speak,
 * and a provider's account stays on the provider's hosts.
 */
#include "client.h"

#include "core/far.h"
#include "core/origin.h"
#include "core/text.h"
#include "provider.h"
#include "unusable.h"
#include <valetkey.h>

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* ---- names ---- */

static const char *const auth_methods[] = {
    [AUTH_CLIENT_SECRET_BASIC] = "client_secret_basic",
    [AUTH_CLIENT_SECRET_POST] = "client_secret_post",
    [AUTH_PRIVATE_KEY_JWT] = "private_key_jwt",
    [AUTH_TLS_CLIENT_AUTH] = "tls_client_auth",
    [AUTH_NONE] = "none"};

static const char *const grant_types[] = {
    [GRANT_TYPE_AUTHORIZATION_CODE] = "authorization_code",
    [GRANT_TYPE_DEVICE_CODE] = "device_code",
    [GRANT_TYPE_CLIENT_CREDENTIALS] = "client_credentials"};

#define LENGTH_OF(names) (sizeof(names) / sizeof(*(names)))

/* 0: it is none of them. */
static size_t number_of_name(const char *const *names, size_t count,
			     const char *name)
{
	while (--count > 0)
		if (name && strcmp(names[count], name) == 0)
			break;
	return count;
}

enum auth_method auth_method_of(const char *name)
{
	return (enum auth_method)number_of_name(auth_methods,
						LENGTH_OF(auth_methods), name);
}

enum grant_type grant_type_of(const char *name)
{
	return (enum grant_type)number_of_name(grant_types,
					       LENGTH_OF(grant_types), name);
}

const char *auth_method_name(enum auth_method method)
{
	return auth_methods[method];
}

const char *grant_type_name(enum grant_type type)
{
	return grant_types[type];
}

bool auth_method_has_secret(enum auth_method method)
{
	return method == AUTH_CLIENT_SECRET_BASIC ||
	       method == AUTH_CLIENT_SECRET_POST;
}

/* ---- how its servers are reached ---- */

/* Judges the keys of a client that say by what way its servers are reached,
 * and by what method and with which files it shows who it is, see client.h.
 *
 * A proxy's password would stand in a plain file, so there must be none: the
 * environment may have it, and a proxy on this computer need not. */

static int bad_key(struct problem *problem, const char *key, const char *why)
{
	return problem_set(problem, VALETKEY_ERR_ARG, "%s %s.", key, why);
}

int client_check_auth(const char *auth, struct problem *problem)
{
	return !auth || auth_method_of(auth) != AUTH_UNKNOWN
		   ? VALETKEY_OK
		   : bad_key(problem, "auth",
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
	if (!*scheme || !text_visible(proxy, strlen(proxy)))
		return bad_key(problem, "proxy",
			       "must be \"none\", or http://HOST:PORT, "
			       "https://HOST:PORT or socks5h://HOST:PORT");
	rest = proxy + strlen(*scheme);
	if (strchr(rest, '@'))
		return bad_key(
		    problem, "proxy",
		    "must not hold a user name or password, because the "
		    "account's file is plain text. Give them in the "
		    "environment (https_proxy), or run a proxy on this "
		    "computer that knows them");
	if (!*rest || strchr(":/?#", *rest) ||
	    rest[strcspn(rest, "/?#")] != '\0')
		return bad_key(
		    problem, "proxy",
		    "must be a host and a port, with nothing after it");
	return VALETKEY_OK;
}

static int check_path(const char *path, const char *key,
		      struct problem *problem)
{
	return path && *path != '/'
		   ? bad_key(problem, key, "must be an absolute path")
		   : VALETKEY_OK;
}

const char *client_credential(const struct client *client)
{
	if (client_has_secret(client))
		return "client secret";
	if (client->auth_method == AUTH_PRIVATE_KEY_JWT)
		return "client's key";
	if (client->auth_method == AUTH_TLS_CLIENT_AUTH)
		return "client certificate";
	return NULL;
}

int client_check_reach(const struct client *client, struct problem *problem)
{
	bool signs = client->auth_method == AUTH_PRIVATE_KEY_JWT;
	bool shows = client->auth_method == AUTH_TLS_CLIENT_AUTH;
	const char *audience =
	    record_get(&client->config, "assertion_audience");
	int rc =
	    client_check_auth(record_get(&client->config, "auth"), problem);

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
		rc = bad_key(
		    problem, "client_key",
		    "is missing: the file with the client's private key. "
		    "Give it: --client-key FILE");
	if (!rc && shows && !client->client_certificate)
		rc = bad_key(
		    problem, "client_certificate",
		    "is missing: the file with the client's certificate. "
		    "Give it: --client-certificate FILE");
	if (!rc && audience && strcmp(audience, "issuer") != 0 &&
	    strcmp(audience, "token_endpoint") != 0)
		rc = bad_key(problem, "assertion_audience",
			     "must be issuer or token_endpoint");
	return rc;
}

const char *const client_endpoints[] = {"authorization_endpoint",
					"token_endpoint",
					"refresh_endpoint",
					"revocation_endpoint",
					"device_authorization_endpoint",
					"pushed_authorization_request_endpoint",
					"userinfo_endpoint",
					NULL};

/* ---- layers ---- */

/*
 * With a provider's file a token request goes only where that file allows:
 * another endpoint must be on the chosen instance, on one of the file's list, or
 * where it already was. If any host below a domain, or any at all, may be an
 * instance, only the chosen one is.
 */
struct place {
	const struct record *provider;
	const struct record *resolved;
	const char *chosen; /* the instance */
};

static int check_place(const struct place *place, const char *key,
		       const char *url, struct problem *problem)
{
	const char *own = record_get(place->resolved, key);
	char origin[ORIGIN_MAX];

	if (origin_of(url, origin) != 0) /* check_urls() complains */
		return VALETKEY_OK;
	if ((own && origin_is(own, origin)) ||
	    origin_is(place->chosen, origin) ||
	    provider_has_origin(place->provider, origin))
		return VALETKEY_OK;
	return problem_set(
	    problem, VALETKEY_ERR_ARG,
	    "%s is at %s, which is not an instance of the provider. To use "
	    "other endpoints, leave the provider out.",
	    key, origin);
}

/* What stays of a scope without the word that the login adds itself. */
static int client_put_scope(struct record *config, const char *offline)
{
	const char *at = record_get(config, "scope");
	struct buf scope = {0};
	size_t len;
	int rc = 0;

	if (!at)
		return 0;
	for (; !rc && *at; at += len) {
		at += strspn(at, " ");
		len = strcspn(at, " ");
		if (!len || (offline && strlen(offline) == len &&
			     strncmp(at, offline, len) == 0))
			continue;
		rc = (scope.len && buf_char(&scope, ' ')) ||
		     buf_add(&scope, at, len);
	}
	record_remove(config, "scope");
	if (!rc && scope.len)
		rc = record_add(config, "scope", scope.data);
	buf_free(&scope);
	return rc;
}

/* The account's keys over those that are there. A secret is none of them. */
static int client_put_keys(const struct record *keys, struct record *config)
{
	const char *key, *value;
	size_t at = 0;

	while ((key = record_each(keys, &at, &value)))
		record_remove(config, key);
	at = 0;
	while ((key = record_each(keys, &at, &value)))
		if (strcmp(key, "client_secret") != 0 &&
		    record_add(config, key, value))
			return VALETKEY_ERR_NOMEM;
	return VALETKEY_OK;
}

static int resolve(const struct record *provider, const struct record *keys,
		   struct record *config, struct problem *problem)
{
	char base[PROVIDER_BASE_MAX];
	const struct provider_choice choice = {record_get(keys, "client"), base,
					       keys};
	const struct place place = {provider, config, base};
	int rc = provider_instance(provider, record_get(keys, "instance"), base,
				   problem);

	if (!rc)
		rc = provider_resolve(provider, &choice, config, problem);
	for (const char *const *key = client_endpoints; *key && !rc; key++)
		if (record_get(keys, *key))
			rc = check_place(&place, *key, record_get(keys, *key),
					 problem);
	return rc;
}

/* Of an account whose login another machine keeps, what is to be known here. */
static int merge_far(const struct record *keys, struct record *config,
		     struct problem *problem)
{
	const char *name = record_get(keys, "provider");
	struct problem ignored = {0};

	/* The provider's own words for git, docker and the proxy, if its file is
	 * here too. */
	if (name)
		provider_load(name, config, &ignored);
	for (const char *const *key = client_endpoints; *key; key++)
		record_remove(config, *key);
	return client_put_keys(keys, config) ? problem_no_memory(problem)
					     : VALETKEY_OK;
}

int client_elsewhere(const struct client *client, const char *verb,
		     struct problem *problem)
{
	if (!far_socket(&client->config))
		return VALETKEY_OK;
	return problem_set(problem, VALETKEY_ERR_ARG,
			   "Another machine keeps the login of %s. Run this "
			   "there: valetkey %s %s",
			   client->account, verb, client->account);
}

static int merge_provider(const struct record *keys, struct record *config,
			  struct problem *problem)
{
	const char *name = record_get(keys, "provider");
	struct record provider = {0};
	int rc = VALETKEY_OK;

	if (far_socket(keys))
		return merge_far(keys, config, problem);

	if (name)
		rc = provider_load(name, &provider, problem);
	if (name && !rc)
		rc = resolve(&provider, keys, config, problem);
	/* Where an account's secrets are is a person's choice, no provider's. */
	record_remove(config, "store");
	if (!rc && (client_put_keys(keys, config) ||
		    client_put_scope(
			config, name ? record_get(&provider, "offline_scope")
				     : record_get(config, "offline_scope"))))
		rc = problem_no_memory(problem);
	record_free(&provider);
	return rc;
}

/* ---- defaults ---- */

static int put_default(struct record *config, const char *key,
		       const char *value)
{
	return record_get(config, key) ? 0 : record_add(config, key, value);
}

static int put_defaults(struct record *config)
{
	const char *token = record_get(config, "token_endpoint");
	char origin[ORIGIN_MAX] = "";

	if (token && origin_of(token, origin) != 0)
		*origin = '\0';
	/* RFC 6749 2.3.1: Basic is what every server must support. */
	return put_default(config, "provider", "custom") ||
	       put_default(config, "grant",
			   grant_type_name(GRANT_TYPE_AUTHORIZATION_CODE)) ||
	       put_default(config, "auth",
			   auth_method_name(AUTH_CLIENT_SECRET_BASIC)) ||
	       put_default(config, "name",
			   *origin ? strstr(origin, "://") + 3 : "provider");
}

static void set_pointers(struct client *client)
{
	const struct record *config = &client->config;
	const char *audience;

	client->id = record_get(config, "id");
	client->provider = record_get(config, "provider");
	client->provider_name = record_get(config, "name");
	client->client_id = record_get(config, "client_id");
	client->grant_type = grant_type_of(record_get(config, "grant"));
	client->auth_method = auth_method_of(record_get(config, "auth"));
	client->scope = record_get(config, "scope");
	client->issuer = record_get(config, "issuer");
	client->authorization_endpoint =
	    record_get(config, "authorization_endpoint");
	client->token_endpoint = record_get(config, "token_endpoint");
	client->revocation_endpoint = record_get(config, "revocation_endpoint");
	client->redirect_uri = record_get(config, "redirect_uri");
	client->device_authorization_endpoint =
	    record_get(config, "device_authorization_endpoint");
	client->ca_file = record_get(config, "ca_file");
	client->proxy = record_get(config, "proxy");
	client->client_key = record_get(config, "client_key");
	client->client_key_id = record_get(config, "client_key_id");
	client->client_certificate = record_get(config, "client_certificate");
	audience = record_get(config, "assertion_audience");
	client->assertion_to_endpoint =
	    audience && strcmp(audience, "token_endpoint") == 0;
}

/* ---- judging ---- */

int client_check_id(const struct client *client, struct problem *problem)
{
	if (!client->id || !account_id_ok(client->id))
		return bad_key(problem, "id", "must be 32 hexadecimal digits");
	return VALETKEY_OK;
}

static int check_names(const struct client *client, struct problem *problem)
{
	int rc = client_check_id(client, problem);

	if (rc)
		return rc;
	if (!client->client_id || !*client->client_id)
		return bad_key(problem, "client_id", "is missing");
	if (client->grant_type == GRANT_TYPE_UNKNOWN)
		return bad_key(problem, "grant",
			       "must be authorization_code, device_code or "
			       "client_credentials");
	return client_check_reach(client, problem);
}

/* RFC 8707 2, RFC 3986 4.3. */
bool client_resource_ok(const char *uri)
{
	size_t scheme = strspn(uri, "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-.");

	return scheme && isalpha((unsigned char)*uri) && uri[scheme] == ':' &&
	       uri[scheme + 1] && !strchr(uri, '#') &&
	       text_visible(uri, strlen(uri));
}

static int check_urls(const struct client *client, struct problem *problem)
{
	static const char why[] = "must be a clean https URL (http only for "
				  "this computer itself)";
	static const char why_host[] =
	    "must be a clean URL: https (http only for this computer itself), "
	    "imaps, smtps, pop3s or ldaps";
	char origin[ORIGIN_MAX];
	const char *host = NULL;

	for (const char *const *key = client_endpoints; *key; key++) {
		const char *url = record_get(&client->config, *key);

		if (url && origin_of(url, origin) != 0)
			return bad_key(problem, *key, why);
	}
	if (client->issuer && origin_of(client->issuer, origin) != 0)
		return bad_key(problem, "issuer", why);
	if (!client->token_endpoint)
		return bad_key(problem, "token_endpoint", "is missing");
	while ((host = record_next(&client->config, "hosts[]", host)))
		if (origin_of_resource(host, origin) != 0)
			return bad_key(problem, "hosts[]", why_host);
	while ((host = record_next(&client->config, "resource[]", host)))
		if (!client_resource_ok(host))
			return bad_key(
			    problem, "resource[]",
			    "must be an absolute URI without a fragment");
	return VALETKEY_OK;
}

/* RFC 8252 7.3: this computer's own address, where a listener can wait; or a
 * page anywhere, whose address the person pastes. */
static bool redirect_ok(const char *uri)
{
	const char *port = strstr(uri, "{port}");
	struct buf url = {0};
	char origin[ORIGIN_MAX];
	bool ok;

	ok = !(port ? buf_add(&url, uri, (size_t)(port - uri)) ||
			  buf_fmt(&url, "1024%s", port + strlen("{port}"))
		    : buf_str(&url, uri));
	ok = ok && origin_of(url.data, origin) == 0 &&
	     !strpbrk(url.data, "#{}") &&
	     (strncmp(origin, "https://", 8) == 0 ||
	      (origin_is_loopback(origin) && !strchr(url.data, '?')));
	buf_free(&url);
	return ok;
}

static bool port_ok(int64_t port)
{
	return port > 0 && port <= UINT16_MAX;
}

static int check_client(const struct client *client, struct problem *problem)
{
	int rc;

	if (far_socket(&client->config))
		return client_check_id(client, problem);
	rc = check_names(client, problem);
	if (!rc)
		rc = check_urls(client, problem);
	if (!rc && client->grant_type == GRANT_TYPE_DEVICE_CODE &&
	    !client->device_authorization_endpoint)
		return bad_key(problem, "device_authorization_endpoint",
			       "is missing");
	if (rc || client->grant_type != GRANT_TYPE_AUTHORIZATION_CODE)
		return rc;
	if (!client->authorization_endpoint)
		return bad_key(problem, "authorization_endpoint", "is missing");
	if (!client->redirect_uri || !redirect_ok(client->redirect_uri))
		return bad_key(
		    problem, "redirect_uri",
		    "must be http://127.0.0.1 with a port or {port}, or "
		    "an https URL");
	if (record_get(&client->config, "redirect_port") &&
	    !port_ok(record_get_int(&client->config, "redirect_port", 0)))
		return bad_key(problem, "redirect_port",
			       "must be a number from 1 to 65535");
	return VALETKEY_OK;
}

int client_from_record(const char *account, const struct record *keys,
		       struct client *client, struct problem *problem)
{
	char quoted[PROBLEM_QUOTE_MAX];
	int rc;

	*client = (struct client){0};
	if (!account_name_ok(account))
		return problem_set(problem, VALETKEY_ERR_ARG,
				   "\"%s\" cannot be an account's name: use at "
				   "most %d letters, digits and . _ @ -, and "
				   "do not begin with a dot or dash.",
				   problem_quote(quoted, account),
				   ACCOUNT_NAME_MAX);
	strcpy(client->account, account);
	rc = merge_provider(keys, &client->config, problem);
	if (!rc && put_defaults(&client->config))
		rc = problem_no_memory(problem);
	if (!rc) {
		set_pointers(client);
		rc = check_client(client, problem);
	}
	if (rc)
		client_free(client);
	return rc;
}

void client_free(struct client *client)
{
	record_free(&client->config);
	*client = (struct client){0};
}

bool client_has_secret(const struct client *client)
{
	return auth_method_has_secret(client->auth_method);
}

/* ---- from the account's file ---- */

/* A client from its account's file, and why that could not be read, see
 * client.h. */

static int client_malformed(const char *account, unsigned line,
			    struct problem *problem)
{
	char quoted[PROBLEM_QUOTE_MAX];
	struct buf path = {0};
	int rc = VALETKEY_ERR_ACCOUNT;

	if (account_path(&path, account) || buf_str(&path, ".conf"))
		rc = problem_no_memory(problem);
	else
		problem_set(problem, rc,
			    "%s is malformed in line %u. Fix it, or delete it "
			    "and begin again.",
			    problem_quote(quoted, path.data), line);
	buf_free(&path);
	return rc;
}

/* Why account_read() has failed with rc. */
static int client_unreadable(const char *account, int rc, unsigned line,
			     struct problem *problem)
{
	char quoted[PROBLEM_QUOTE_MAX];

	if (rc == VALETKEY_ERR_ARG)
		return client_malformed(account, line, problem);
	if (rc != VALETKEY_ERR_ACCOUNT)
		return problem_set(
		    problem, rc, "The account's file cannot be read: %s.",
		    rc == VALETKEY_ERR_NOMEM ? "out of memory"
					     : "too many files are open");
	rc = unusable_account(account, problem);
	if (rc)
		return rc;
	return problem_set(problem, VALETKEY_ERR_ACCOUNT,
			   "There is no account \"%s\". See 'valetkey status', "
			   "or add it: valetkey add.",
			   problem_quote(quoted, account));
}

int client_load(const char *account, struct client *client,
		struct problem *problem)
{
	struct record keys = {0};
	unsigned line = 0;
	int rc = account_read(account, &keys, &line);

	*client = (struct client){0};
	if (rc)
		rc = client_unreadable(account, rc, line, problem);
	else
		rc = client_from_record(account, &keys, client, problem);
	record_free(&keys);
	return rc;
}

int client_load_id(const char *account, struct client *client,
		   struct problem *problem)
{
	unsigned line = 0;
	int rc;

	*client = (struct client){0};
	rc = account_read(account, &client->config, &line);
	if (rc)
		return client_unreadable(account, rc, line, problem);
	strcpy(client->account, account);
	client->id = record_get(&client->config, "id");
	client->provider = record_get(&client->config, "provider");
	return client_check_id(client, problem);
}

static int see_id(const char *name, void *ids)
{
	struct record keys = {0};
	int rc = account_read(name, &keys, NULL);
	const char *id = record_get(&keys, "id");

	if (!rc && !id)
		rc = VALETKEY_ERR_ACCOUNT;
	if (!rc && record_add(ids, id, name))
		rc = VALETKEY_ERR_NOMEM;
	record_free(&keys);
	return rc;
}

int client_list_ids(struct record *ids)
{
	return account_each(see_id, ids);
}

int client_check(const struct client *client, struct problem *problem)
{
	if (client_still_there(client))
		return VALETKEY_OK;
	return problem_set(
	    problem, VALETKEY_ERR_ACCOUNT,
	    "Account %s was removed in the meantime. See 'valetkey status', or "
	    "add it again: valetkey add %s",
	    client->account, client->account);
}

bool client_still_there(const struct client *client)
{
	struct record now = {0};
	const char *id;
	bool same = false;

	if (account_read(client->account, &now, NULL) == VALETKEY_OK) {
		id = record_get(&now, "id");
		same = id && strcmp(id, client->id) == 0;
	}
	record_free(&now);
	return same;
}
