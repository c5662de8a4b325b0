/* SPDX-License-Identifier: MIT */
/*
 * provider_keys.c - the table of provider_keys.h, and finding a name in it, also
 * a misspelled one.
 */
#include "provider_keys.h"

#include "core/text.h"

#include <string.h>

#define NAME_MAX_LENGTH 64
#define GRANTS "|authorization_code|device_code|client_credentials|"
#define METHODS                                   \
	"|client_secret_post|client_secret_basic" \
	"|private_key_jwt|tls_client_auth|none|"

const struct provider_key provider_keys[] = {
    {"name", PROVIDER_GENERAL, PROVIDER_TEXT, NULL,
     "what a person calls the provider"},
    {"documentation", PROVIDER_GENERAL, PROVIDER_LINK, NULL,
     "the page that the file was made from"},
    {"instance[]", PROVIDER_GENERAL, PROVIDER_INSTANCE, NULL,
     "a host to choose: CODE ORIGIN TEXT"},
    {"instance_domain[]", PROVIDER_GENERAL, PROVIDER_DOMAIN, NULL,
     "any host of one label below it may be chosen too; *: any host"},
    {"parameter[]", PROVIDER_GENERAL, PROVIDER_PARAMETER, NULL,
     "a word that the person gives: NAME USUAL TEXT; fills in {NAME}"},
    {"issuer", PROVIDER_BOTH, PROVIDER_ENDPOINT, NULL,
     "who answers; compared exactly with iss"},
    {"authorization_endpoint", PROVIDER_BOTH, PROVIDER_ENDPOINT, NULL,
     "where the browser goes to log in"},
    {"token_endpoint", PROVIDER_BOTH, PROVIDER_ENDPOINT, NULL,
     "where codes, credentials and refresh tokens give tokens"},
    {"refresh_endpoint", PROVIDER_BOTH, PROVIDER_ENDPOINT, NULL,
     "where refresh tokens go, if not to token_endpoint"},
    {"revocation_endpoint", PROVIDER_BOTH, PROVIDER_ENDPOINT, NULL,
     "where a logout revokes the grant (RFC 7009)"},
    {"device_authorization_endpoint", PROVIDER_BOTH, PROVIDER_ENDPOINT, NULL,
     "where a device login gets its code (RFC 8628)"},
    {"pushed_authorization_request_endpoint", PROVIDER_BOTH, PROVIDER_ENDPOINT,
     NULL, "where a login's parameters are sent before it (RFC 9126)"},
    {"require_pushed_authorization_requests", PROVIDER_BOTH, PROVIDER_CHOICE,
     "|true|", "the provider wants them sent before"},
    {"userinfo_endpoint", PROVIDER_BOTH, PROVIDER_ENDPOINT, NULL,
     "where a token tells who logged in"},
    {"hosts[]", PROVIDER_BOTH, PROVIDER_ORIGIN, NULL,
     "an origin that the tokens are for; they go nowhere else"},
    {"scope", PROVIDER_BOTH, PROVIDER_TEXT, NULL,
     "what is asked for by default, separated by spaces"},
    {"scope_choice[]", PROVIDER_BOTH, PROVIDER_SCOPE, NULL,
     "a scope that there is, and what it is for: SCOPE TEXT"},
    {"offline_scope", PROVIDER_BOTH, PROVIDER_TEXT, NULL,
     "asked for in addition to the scope, for a refresh token"},
    {"scope_separator", PROVIDER_BOTH, PROVIDER_CHARACTER, NULL,
     "what the provider wants between scopes; default a space"},
    {"scope_parameter", PROVIDER_BOTH, PROVIDER_SCOPE_NAME, NULL,
     "the parameter that scopes are sent as; default scope"},
    {"refresh_scope", PROVIDER_BOTH, PROVIDER_CHOICE, "|yes|",
     "a refresh must repeat the scope"},
    {"resource[]", PROVIDER_BOTH, PROVIDER_URI, NULL,
     "what the tokens are for, in every request (RFC 8707)"},
    {"pkce", PROVIDER_BOTH, PROVIDER_CHOICE, "|none|",
     "the provider fails with PKCE; without this key S256"},
    {"response_mode", PROVIDER_BOTH, PROVIDER_CHOICE, "|form_post|",
     "the browser posts the answer; without this key in the query"},
    {"authorization_response_iss_parameter_supported", PROVIDER_BOTH,
     PROVIDER_CHOICE, "|true|", "an answer without iss is refused (RFC 9207)"},
    {"authorize_parameter[]", PROVIDER_BOTH, PROVIDER_PAIR, NULL,
     "NAME=VALUE, sent to the authorization endpoint in addition to ours"},
    {"token_parameter[]", PROVIDER_BOTH, PROVIDER_PAIR, NULL,
     "NAME=VALUE, sent with a code or with credentials"},
    {"refresh_parameter[]", PROVIDER_BOTH, PROVIDER_PAIR, NULL,
     "NAME=VALUE, sent with a refresh token"},
    {"token_request", PROVIDER_BOTH, PROVIDER_CHOICE, "|json|",
     "the token endpoint takes JSON; without this key a form"},
    {"token_path", PROVIDER_BOTH, PROVIDER_WORD, NULL,
     "the member of the answer that holds the tokens"},
    {"token_type[]", PROVIDER_BOTH, PROVIDER_WORD, NULL,
     "what the provider calls a Bearer token"},
    {"error[]", PROVIDER_BOTH, PROVIDER_ERROR, NULL,
     "NAME=ERROR: its own name of an error of RFC 6749"},
    {"expires_in", PROVIDER_BOTH, PROVIDER_NUMBER, NULL,
     "the lifetime if the answer has none; 0: for ever"},
    {"expires_in_unit", PROVIDER_BOTH, PROVIDER_CHOICE, "|ms|at|",
     "what the answer counts in, if not seconds; at: a Unix time"},
    {"refresh_idle_days", PROVIDER_BOTH, PROVIDER_DAYS, NULL,
     "a refresh token that is not used for so long ends"},
    {"refresh_max_days", PROVIDER_BOTH, PROVIDER_DAYS, NULL,
     "a login ends so long after it, however it is used"},
    {"identity", PROVIDER_BOTH, PROVIDER_WORD, NULL,
     "the member that a person is known by; a path with dots"},
    {"identity_id", PROVIDER_BOTH, PROVIDER_WORD, NULL,
     "the member that never changes; default sub"},
    {"revocation_ends", PROVIDER_BOTH, PROVIDER_CHOICE, "|person|",
     "a revocation ends all that the person has given the client"},
    {"preflight", PROVIDER_BOTH, PROVIDER_CHOICE, "|404|",
     "a bare 404 at the login means wrong region, client or redirect URI"},
    {"git_username", PROVIDER_BOTH, PROVIDER_WORD, NULL,
     "what git sends as the user name; default oauth2"},
    {"docker_username", PROVIDER_BOTH, PROVIDER_WORD, NULL,
     "what container tools send as the user name; default oauth2"},
    {"proxy_token_path[]", PROVIDER_BOTH, PROVIDER_PATH, NULL,
     "a path where clients ask valetkey proxy for a token"},
    {"proxy_path[]", PROVIDER_BOTH, PROVIDER_PATHS, NULL,
     "FROM=TO: another front of a path that clients ask valetkey proxy for"},
    {"proxy_env[]", PROVIDER_BOTH, PROVIDER_VARIABLE, NULL,
     "NAME=url, token, id or secret: a variable that clients read it from"},
    {"client[]", PROVIDER_GENERAL, PROVIDER_KIND, NULL,
     "a kind of client; the usual one first"},
    {"name", PROVIDER_OF_KIND, PROVIDER_TEXT, NULL,
     "what the provider's own pages call this kind"},
    {"use", PROVIDER_OF_KIND, PROVIDER_TEXT, NULL,
     "one line: when to take this kind"},
    {"grant", PROVIDER_BOTH, PROVIDER_CHOICE, GRANTS,
     "how a token is obtained; default authorization_code"},
    {"auth", PROVIDER_BOTH, PROVIDER_CHOICE, METHODS,
     "how the client proves itself; default client_secret_basic"},
    {"assertion_audience", PROVIDER_BOTH, PROVIDER_CHOICE, "|token_endpoint|",
     "what private_key_jwt's statement is for; without this key the issuer"},
    {"redirect_uri", PROVIDER_BOTH, PROVIDER_REDIRECT, NULL,
     "where the browser comes back to; {port}: any; {host}: the instance; "
     "https: pasted"},
    {"step[]", PROVIDER_BOTH, PROVIDER_TEXT, NULL,
     "a step of registering a client"},
    {NULL, 0, 0, NULL, NULL},
};

static bool may_stand(const struct provider_key *key, bool of_kind)
{
	return key->place & (of_kind ? PROVIDER_OF_KIND : PROVIDER_GENERAL);
}

const struct provider_key *provider_key_find(const char *name, bool of_kind)
{
	for (const struct provider_key *key = provider_keys; key->name; key++)
		if (may_stand(key, of_kind) && strcmp(key->name, name) == 0)
			return key;
	return NULL;
}

const char *provider_key_nearest(const char *name, bool of_kind)
{
	const char *nearest = NULL;
	size_t best = 3 + strlen(name) / 8; /* how wrong it may be */

	if (strlen(name) > NAME_MAX_LENGTH)
		return NULL;
	for (const struct provider_key *key = provider_keys; key->name; key++) {
		size_t d = may_stand(key, of_kind)
			       ? edit_distance(name, key->name)
			       : best;

		if (d < best) {
			nearest = key->name;
			best = d;
		}
	}
	return nearest;
}

bool provider_key_of_account(const char *name)
{
	static const char *const keys[] = {"id",
					   "provider",
					   "instance",
					   "client",
					   "client_id",
					   "client_secret",
					   "ca_file",
					   "proxy",
					   "client_key",
					   "client_key_id",
					   "client_certificate",
					   "flow",
					   "cache",
					   "shared",
					   "mcp",
					   "metadata_at",
					   "client_secret_expires_at",
					   "redirect_port",
					   NULL};

	for (const char *const *key = keys; *key; key++)
		if (strcmp(name, *key) == 0)
			return true;
	return strncmp(name, "parameter.", 10) == 0;
}

/* ---- parameters that valetkey sends itself ---- */

/* RFC 6749, 7521, 7636, 8628, 8707, 9101 and OpenID Connect. */

static const char *const ours[] = {"assertion",
				   "client_assertion",
				   "client_assertion_type",
				   "client_id",
				   "client_secret",
				   "code",
				   "code_challenge",
				   "code_challenge_method",
				   "code_verifier",
				   "device_code",
				   "grant_type",
				   "nonce",
				   "password",
				   "redirect_uri",
				   "refresh_token",
				   "request",
				   "request_uri",
				   "resource",
				   "response_mode",
				   "response_type",
				   "scope",
				   "state",
				   NULL};

bool oauth_parameter_is_ours(const char *name, size_t len)
{
	for (const char *const *one = ours; *one; one++)
		if (strlen(*one) == len && strncmp(*one, name, len) == 0)
			return true;
	return false;
}
