/* SPDX-License-Identifier: MIT */
/*
 * provider.h - what is known about a provider, as data: providers/NAME.conf, in
 * the person's own $XDG_CONFIG_HOME/valetkey/providers first, then where
 * valetkey is installed. libc only: the command reads them too.
 *
 * Keys (all optional but the endpoints):
 *   name                      what a person calls it
 *   documentation             the page that it was made from
 *   issuer, authorization_endpoint, token_endpoint, revocation_endpoint,
 *   device_authorization_endpoint, pushed_authorization_request_endpoint,
 *   userinfo_endpoint         as RFC 8414 and OpenID name them; may hold
 *                             {origin}: the instance's https://host, with the
 *                             folder that it is in, if any
 *   refresh_endpoint          where refresh tokens go, if not token_endpoint
 *   hosts[]                   origins that the tokens are for; {origin} too,
 *                             without its folder
 *   instance[]                "CODE ORIGIN TEXT": the regions to choose from
 *   instance_domain[]         ".example.com": any host of one label below it
 *                             is an instance as well; "*": any host (software
 *                             that people run themselves)
 *   parameter[]               "NAME USUAL TEXT": a word that the person gives,
 *                             such as a tenant, with its usual value ("-" if
 *                             there is none) and the question for it. {NAME} is
 *                             filled in if the path of a URL has it, never
 *                             in a host. The account's file has parameter.NAME
 *   scope                     the scopes by default
 *   scope_choice[]            "SCOPE TEXT": one that there is, and what it is
 *                             for; if there are any, these are all
 *   offline_scope             asked for beside the scopes, for a refresh token
 *   scope_separator           one character; default a space
 *   scope_parameter           default "scope"
 *   refresh_scope             yes: a refresh must repeat the scope
 *   pkce                      none: the provider breaks on it; default S256
 *   response_mode             form_post; default query
 *   resource[]                RFC 8707, in every request
 *   authorization_response_iss_parameter_supported
 *                             true: an answer without iss is refused
 *                             (RFC 9207)
 *   require_pushed_authorization_requests
 *                             true; the endpoint alone is reason enough
 *   authorize_parameter[], token_parameter[], refresh_parameter[]
 *                             NAME=VALUE, sent beside ours, never instead: to
 *                             the authorization endpoint, with a code or
 *                             credentials, with a refresh token
 *   token_request             json: the token endpoint takes JSON; else a form
 *   token_path                member of the answer that holds the tokens, such
 *                             as authed_user
 *   token_type[]              what the provider calls a Bearer token, if it
 *                             is not "Bearer"; such as "user"
 *   error[]                   NAME=ERROR: how the provider names an error of
 *                             RFC 6749 5.2, such as
 *                             bad_refresh_token=invalid_grant
 *   expires_in_unit           ms, or "at" for a Unix time (in expires_at or
 *                             expires_in); default seconds
 *   expires_in                the lifetime, if the answer has none, seconds;
 *                             0: it never expires
 *   refresh_idle_days         a refresh token that is not used for so long ends
 *   refresh_max_days          a login ends so long after it, however it is used
 *   identity                  member that a person is known by, default email,
 *                             preferred_username, name, sub; may be a path with
 *                             dots; of the id_token, of what userinfo_endpoint
 *                             answers, or of the token answer
 *   identity_id               member that never changes, default sub
 *   revocation_ends           person: a revocation ends all that the person has
 *                             given the client, and not that grant alone
 *   preflight                 404: a bare 404 of the authorization endpoint
 *                             means wrong region, client or redirect URI
 *   git_username              for git; default "oauth2"
 *   docker_username           for docker and the like; default "oauth2"; an
 *                             account that has it is listed to them
 *   proxy_token_path[]        a path where clients ask `valetkey proxy` for a
 *                             token, if not that of token_endpoint
 *   proxy_path[]              FROM=TO: a front of paths that clients spell
 *                             otherwise than the provider, such as /api/v2=/v2
 *   proxy_env[]               NAME=url, token, id or secret: where known clients
 *                             read the proxy's address, its secret, a client id
 *   client[]                  the kinds of client, the usual one first; for
 *                             each KIND:
 *   client.KIND.name          as the provider's own pages call it
 *   client.KIND.use           one line: when to take it
 *   client.KIND.grant         authorization_code, device_code (the device flow
 *                             alone) or client_credentials
 *   client.KIND.auth          client_secret_post, client_secret_basic,
 *                             private_key_jwt, tls_client_auth, none
 *   assertion_audience        token_endpoint: whom private_key_jwt's statement
 *                             is for, if the server does not know its own
 *                             issuer there; default issuer
 *   client.KIND.redirect_uri  exact, or with {port} for any port; an https one
 *                             is pasted back by the person. {host}: the
 *                             instance, "git.example-8443", for a path that no
 *                             other server's answer comes to (RFC 8252 8.10)
 *   client.KIND.step[]        how to register one, a step a line; may hold
 *                             {origin}, {host}, {redirect_uri}, {scope}
 *   client.KIND.*             any key above, for this kind only
 */
#ifndef VALETKEY_PROVIDER_H
#define VALETKEY_PROVIDER_H

#include "core/text.h"
#include "core/record.h"

#include <stdbool.h>

/* [a-z0-9-], 1 to 64, a letter or digit first. */
bool provider_name_ok(const char *name);

/* Whether a file that is called so, in one of the folders, is a provider's. */
bool provider_file_ok(const char *file);

/* Whether the front of the text, up to a blank, is [A-Za-z0-9._-], 1 to 64, a
 * letter or digit first: what people and shells name an instance or a kind of
 * client by. A file that has another code is not loaded. */
bool provider_code_ok(const char *text);

/* The longest value of a parameter, [A-Za-z0-9._-], a letter or digit first. */
#define PROVIDER_VALUE_MAX 128

/* An instance: its origin, and the folder of it that the provider's software is
 * in, without a slash at the end. */
#define PROVIDER_BASE_MAX 600

struct provider_parameter {
	char name[33];			     /* [a-z0-9_] */
	char key[sizeof("parameter.") + 32]; /* the same in an account's file */
	char usual[PROVIDER_VALUE_MAX + 1];  /* "" if there is none */
	const char *text;		     /* the question, may be "" */
};

/* What a person chose of a provider. */
struct provider_choice {
	const char *kind;	   /* NULL: the first one */
	const char *base;	   /* as provider_instance() told */
	const struct record *keys; /* the account's, with parameter.NAME */
};

/* Reads NAME.conf. 0, ERR_ARG (no such provider, malformed: says where),
 * ERR_NOMEM. */
int provider_load(const char *name, struct record *provider,
		  struct problem *problem);

/*
 * Where an instance is: a CODE of the list, a host of the list, or a host that an
 * instance_domain allows; if that is any host, with its folder. 0 or ERR_ARG
 * with the choices in *problem.
 */
int provider_instance(const struct record *provider, const char *instance,
		      char base[PROVIDER_BASE_MAX], struct problem *problem);

/*
 * Whether this origin is an instance of the provider's list. What may be one
 * below a domain, or anywhere, is somebody else's.
 */
bool provider_has_origin(const struct record *provider, const char *origin);

/* Reads a value of parameter[]; false if it is malformed. */
bool provider_parameter_read(const char *line,
			     struct provider_parameter *parameter);
bool provider_parameter_ok(const char *value);

/*
 * What holds for a choice: client.KIND.* put in place of the general keys, the
 * parameters, {origin}, {host}, {redirect_uri} and {scope} filled in. What describes
 * the choice itself is not in the result. 0, or ERR_ARG (no such kind, a
 * parameter that is missing or malformed) or ERR_NOMEM with *problem set.
 */
int provider_resolve(const struct record *provider,
		     const struct provider_choice *choice,
		     struct record *resolved, struct problem *problem);

/* What it has as client.KIND.KEY, or NULL. */
const char *provider_of_kind(const struct record *provider, const char *kind,
			     const char *key);

/* Every provider's name, sorted, own ones and installed ones. */
int provider_each(int (*see)(const char *name, void *data), void *data);

#endif
