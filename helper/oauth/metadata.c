/* SPDX-License-Identifier: MIT */
/*
 * metadata.c - see metadata.h. Knows no network: op_discover.c brings the
 * document, the fuzzer brings anything.
 */
#include "metadata.h"

#include "core/origin.h"
#include "core/scope.h"
#include "json/json.h"
#include <valetkey.h>

#include <string.h>

#define OPENID_SCOPE "openid profile email"
#define CHOICES_MAX 40

/* One document being read. */
struct reading {
	const struct metadata_wish *wish;
	struct json json;
	struct record *found;
	struct problem *problem;
	bool openid;   /* it speaks OpenID Connect */
	bool loopback; /* the issuer is on this computer */
};

bool metadata_issuer_ok(const char *issuer)
{
	char origin[ORIGIN_MAX];

	return issuer && origin_of(issuer, origin) == 0 &&
	       !strpbrk(issuer, "?#");
}

/* RFC 8414 3.1 and OpenID Connect Discovery 4: one slash at the end goes. */
int metadata_place(const char *issuer, enum metadata_place place,
		   struct buf *url)
{
	static const char openid[] = "/.well-known/openid-configuration";
	static const char oauth[] = "/.well-known/oauth-authorization-server";
	const char *path = strchr(strstr(issuer, "://") + 3, '/');
	size_t host = path ? (size_t)(path - issuer) : strlen(issuer);
	size_t len = strlen(issuer);

	if (issuer[len - 1] == '/')
		len--;
	if (place == METADATA_OPENID)
		return buf_add(url, issuer, len) || buf_str(url, openid);
	if (place == METADATA_OPENID_INSERTED && len <= host)
		return 0;
	return buf_add(url, issuer, host) ||
	       buf_str(url, place == METADATA_OAUTH ? oauth : openid) ||
	       buf_add(url, issuer + host, len - host);
}

/* ---- members ---- */

static const char *metadata_text_of(const struct reading *reading,
				    const char *key)
{
	const char *value = record_get(&reading->json.strings, key);

	return value && *value ? value : NULL;
}

static bool is_true(const struct reading *reading, const char *key)
{
	return record_is(&reading->json.scalars, key, "true");
}

static bool metadata_lists(const struct reading *reading, const char *key,
			   const char *wanted)
{
	return record_has(&reading->json.strings, key, wanted);
}

static int metadata_put(struct reading *reading, const char *key,
			const char *value)
{
	return record_add(reading->found, key, value)
		   ? problem_no_memory(reading->problem)
		   : VALETKEY_OK;
}

/* ---- who it is ---- */

static int metadata_check_issuer(struct reading *reading)
{
	char asked[PROBLEM_QUOTE_MAX], named[PROBLEM_QUOTE_MAX];
	const char *issuer = reading->wish->issuer;
	const char *own = metadata_text_of(reading, "issuer");
	size_t len = strlen(issuer), other;
	bool slash;

	if (!own)
		return problem_set(reading->problem, VALETKEY_ERR_NETWORK,
				   "The server's metadata names no issuer.");
	if (strcmp(own, issuer) == 0)
		return metadata_put(reading, "issuer", issuer);
	other = strlen(own);
	slash = strncmp(own, issuer, len < other ? len : other) == 0 &&
		(other == len + 1 ? own[len] == '/'
				  : len == other + 1 && issuer[other] == '/');
	problem_quote(asked, issuer);
	problem_quote(named, own);
	return problem_set(
	    reading->problem, VALETKEY_ERR_DENIED,
	    "The server's metadata names another issuer: it was asked for "
	    "\"%s\" and names \"%s\", so it is not used. %s",
	    asked, named,
	    slash ? "They differ in the slash at the end: give the issuer "
		    "exactly as the server names it."
		  : "Ask the provider for its issuer, or give its endpoints: "
		    "--authorization-endpoint and --token-endpoint.");
}

/* ---- where it is ---- */

/* A client with a certificate has places of its own (RFC 8705 5). */
static const char *endpoint_of(const struct reading *reading, const char *key)
{
	struct buf alias = {0};
	const char *value = NULL;

	if (record_is(reading->found, "auth", "tls_client_auth") &&
	    buf_fmt(&alias, "mtls_endpoint_aliases.%s", key) == 0)
		value = metadata_text_of(reading, alias.data);
	buf_free(&alias);
	return value ? value : metadata_text_of(reading, key);
}

static int put_endpoint(struct reading *reading, const char *key)
{
	const char *url = endpoint_of(reading, key);
	char quoted[PROBLEM_QUOTE_MAX], origin[ORIGIN_MAX];

	if (!url)
		return VALETKEY_OK;
	if (origin_of(url, origin) == 0 && !strchr(url, '#') &&
	    (reading->loopback || !origin_is_loopback(origin)))
		return metadata_put(reading, key, url);
	return problem_set(
	    reading->problem, VALETKEY_ERR_DENIED,
	    "The server's metadata has a %s that is not a clean https URL: "
	    "\"%s\". None of it is used; tell the provider.",
	    key, problem_quote(quoted, url));
}

static int put_endpoints(struct reading *reading)
{
	static const char *const keys[] = {
	    "authorization_endpoint",
	    "token_endpoint",
	    "revocation_endpoint",
	    "device_authorization_endpoint",
	    "pushed_authorization_request_endpoint",
	    "userinfo_endpoint",
	    "registration_endpoint"};
	int rc = VALETKEY_OK;

	for (size_t i = 0; !rc && i < sizeof(keys) / sizeof(*keys); i++)
		rc = put_endpoint(reading, keys[i]);
	if (!rc && !metadata_text_of(reading, "token_endpoint"))
		rc =
		    problem_set(reading->problem, VALETKEY_ERR_NETWORK,
				"The server's metadata has no token_endpoint.");
	return rc;
}

/* ---- how a client shows who it is ---- */

/* RFC 8414 2: client_secret_basic is what an absent list means; it comes first
 * because RFC 6749 2.3.1 and RFC 7591 2 have it as the usual one. */
static const char *choose_auth(const struct reading *reading)
{
	const char *methods = "token_endpoint_auth_methods_supported[]";
	const char *proof = reading->wish->proof;

	if (reading->wish->auth)
		return reading->wish->auth;
	if (!proof || strcmp(proof, "none") == 0)
		return "none";
	if (strcmp(proof, "certificate") == 0)
		return "tls_client_auth";
	if (strcmp(proof, "key") == 0)
		return "private_key_jwt";
	if (strcmp(proof, "ask") == 0 &&
	    metadata_lists(reading, methods, "none") &&
	    !metadata_lists(reading, methods, "client_secret_basic") &&
	    !metadata_lists(reading, methods, "client_secret_post"))
		return "none";
	return metadata_lists(reading, methods, "client_secret_post") &&
		       !metadata_lists(reading, methods, "client_secret_basic")
		   ? "client_secret_post"
		   : "client_secret_basic";
}

static int warn_auth(struct reading *reading)
{
	const char *methods = "token_endpoint_auth_methods_supported[]";
	const char *auth = record_get(reading->found, "auth");
	struct buf text = {0};
	int rc = VALETKEY_OK;

	if (!metadata_text_of(reading, methods) ||
	    metadata_lists(reading, methods, auth) ||
	    (reading->wish->proof &&
	     strcmp(reading->wish->proof, "ask") == 0) ||
	    (strcmp(auth, "tls_client_auth") == 0 &&
	     metadata_lists(reading, methods, "self_signed_tls_client_auth")))
		return VALETKEY_OK;
	if (buf_fmt(&text,
		    "The server's metadata does not list %s, which this client "
		    "uses to show who it is. If it is refused, add it again "
		    "with a client secret (--secret-stdin) or another --auth.",
		    strcmp(auth, "none") == 0 ? "clients without a secret"
					      : auth))
		rc = problem_no_memory(reading->problem);
	if (!rc)
		rc = metadata_put(reading, "warning[]", text.data);
	buf_free(&text);
	return rc;
}

/* ---- what to ask for ---- */

/* RFC 7636 4.2 and 7.2: S256 in any case, never plain. MCP's clients must not go
 * on if it is not promised. */
static int check_pkce(struct reading *reading)
{
	const char *methods = "code_challenge_methods_supported[]";

	if (metadata_lists(reading, methods, "S256"))
		return VALETKEY_OK;
	if (reading->wish->mcp)
		return problem_set(
		    reading->problem, VALETKEY_ERR_DENIED,
		    "The authorization server's metadata does not promise PKCE "
		    "with S256 (code_challenge_methods_supported), without "
		    "which MCP forbids a login. Tell the operator of the MCP "
		    "server.");
	if (!metadata_text_of(reading, methods))
		return VALETKEY_OK;
	return metadata_put(
	    reading, "warning[]",
	    "The server's metadata does not list PKCE with S256, the "
	    "protection against stolen codes. It is sent anyway: "
	    "servers ignore what they do not know. If the login fails "
	    "because of it, tell the provider.");
}

/* RFC 6749 3.3: what is asked by default if nobody says what is needed. */
static int metadata_put_scope(struct reading *reading)
{
	const char *supported = "scopes_supported[]";
	bool any = metadata_text_of(reading, supported) != NULL;
	struct buf scope = {0};
	const char *at = OPENID_SCOPE;
	int rc = VALETKEY_OK;

	while (!rc && *at) {
		char word[16];
		size_t len = strcspn(at, " ");

		memcpy(word, at, len);
		word[len] = '\0';
		if ((!any || metadata_lists(reading, supported, word)) &&
		    scope_add(&scope, word))
			rc = problem_no_memory(reading->problem);
		at += len + strspn(at + len, " ");
	}
	if (!rc && scope.len)
		rc = metadata_put(reading, "scope", scope.data);
	buf_free(&scope);
	return rc;
}

/* For a person to choose from, if they are not too many to be read. */
static int metadata_put_choices(struct reading *reading)
{
	const char *supported = "scopes_supported[]", *scope = NULL;
	unsigned count = 0;
	int rc = VALETKEY_OK;

	while ((scope = record_next(&reading->json.strings, supported, scope)))
		count++;
	if (count > CHOICES_MAX || !reading->wish->choices)
		return rc;
	while (!rc &&
	       (scope = record_next(&reading->json.strings, supported, scope)))
		if (text_visible(scope, strlen(scope)))
			rc = metadata_put(reading, "scope_choice[]", scope);
	return rc;
}

/* For a person's login; OpenID Connect Core 11: offline_access wants its
 * consent asked. */
static int put_login(struct reading *reading)
{
	int rc = check_pkce(reading);

	if (!rc && reading->openid && !reading->wish->mcp)
		rc = metadata_put_scope(reading);
	if (rc ||
	    !metadata_lists(reading, "scopes_supported[]", "offline_access"))
		return rc;
	rc = metadata_put(reading, "offline_scope", "offline_access");
	if (!rc && reading->openid)
		rc = metadata_put(reading, "authorize_parameter[]",
				  "prompt=consent");
	return rc;
}

/* A program on a person's computer keeps no secret from that person (RFC 8252
 * 8.5), and a secret may expire: none, if it may be. */
static int put_registration_auth(struct reading *reading)
{
	const struct metadata_wish *wish = reading->wish;

	if (wish->auth || wish->machine ||
	    !metadata_lists(reading, "token_endpoint_auth_methods_supported[]",
			    "none"))
		return VALETKEY_OK;
	return metadata_put(reading, "registration_auth", "none");
}

/* RFC 7591 2: for what a client registers. */
static int put_registration(struct reading *reading)
{
	static const char device[] =
	    "urn:ietf:params:oauth:grant-type:device_code";
	const char *supported = "grant_types_supported[]";
	bool any = metadata_text_of(reading, supported) != NULL;
	int rc = VALETKEY_OK;

	if (!record_get(reading->found, "registration_endpoint"))
		return rc;
	rc = put_registration_auth(reading);
	if (rc)
		return rc;
	if (reading->wish->machine)
		return metadata_put(reading, "grant_types[]",
				    "client_credentials");
	rc = metadata_put(reading, "grant_types[]", "authorization_code");
	if (!rc &&
	    (!any || metadata_lists(reading, supported, "refresh_token")))
		rc = metadata_put(reading, "grant_types[]", "refresh_token");
	if (!rc && metadata_lists(reading, supported, device))
		rc = metadata_put(reading, "grant_types[]", device);
	return rc;
}

static int put_flags(struct reading *reading)
{
	static const char *const keys[] = {
	    "authorization_response_iss_parameter_supported",
	    "client_id_metadata_document_supported",
	    "require_pushed_authorization_requests"};
	int rc = VALETKEY_OK;

	for (size_t i = 0; !rc && i < sizeof(keys) / sizeof(*keys); i++)
		if (is_true(reading, keys[i]))
			rc = metadata_put(reading, keys[i], "true");
	return rc;
}

static int metadata_take(struct reading *reading)
{
	char origin[ORIGIN_MAX];
	int rc = metadata_check_issuer(reading);

	reading->loopback = origin_of(reading->wish->issuer, origin) == 0 &&
			    origin_is_loopback(origin);
	reading->openid =
	    metadata_text_of(reading,
			     "id_token_signing_alg_values_supported[]") ||
	    metadata_lists(reading, "scopes_supported[]", "openid");
	if (!rc)
		rc = metadata_put(reading, "auth", choose_auth(reading));
	if (!rc)
		rc = warn_auth(reading);
	if (!rc)
		rc = put_endpoints(reading);
	if (!rc && !reading->wish->machine)
		rc = put_login(reading);
	if (!rc)
		rc = metadata_put_choices(reading);
	if (!rc && !reading->wish->machine)
		rc = put_flags(reading);
	if (!rc)
		rc = put_registration(reading);
	return rc;
}

int metadata_read(const struct metadata_wish *wish, const char *text,
		  size_t len, struct record *found, struct problem *problem)
{
	struct reading reading = {
	    .wish = wish, .found = found, .problem = problem};
	int rc;

	if (json_parse(text, len, &reading.json))
		rc = problem_set(problem, VALETKEY_ERR_NETWORK,
				 "The server's metadata is not a JSON object.");
	else
		rc = metadata_take(&reading);
	json_free(&reading.json);
	if (rc)
		record_free(found);
	return rc;
}
