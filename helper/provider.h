/* SPDX-License-Identifier: MIT */
/*
 * provider.h - what is known about a provider, as data: providers/NAME.conf, in
 * the person's own $XDG_CONFIG_HOME/valetkey/providers first, then where
 * valetkey is installed. libc only: the command reads them too.
 *
 * Keys (all optional but the endpoints):
 *   name                      what a person calls it
 *   issuer, authorization_endpoint, token_endpoint, revocation_endpoint
 *                             may hold {origin}: the instance's https://host
 *   hosts[]                   origins that the tokens are for; {origin} too
 *   instance[]                "CODE ORIGIN TEXT": the regions to choose from
 *   instance_domain[]         ".example.com": any host of one label below it
 *                             is an instance as well
 *   offline_scope             asked for beside the scopes, for a refresh token
 *   scope                     the scopes by default
 *   preflight                 404: a bare 404 of the authorization endpoint
 *                             means wrong region, client or redirect URI
 *   git_username              for git; default "oauth2"
 *   client[]                  the kinds of client, the usual one first; for
 *                             each KIND:
 *   client.KIND.name          as the provider's own pages call it
 *   client.KIND.use           one line: when to take it
 *   client.KIND.grant         authorization_code or client_credentials
 *   client.KIND.auth          client_secret_post, client_secret_basic, none
 *   client.KIND.redirect_uri  exact, or with {port} for any port
 *   client.KIND.step[]        how to register one, a step a line; may hold
 *                             {origin}, {redirect_uri}, {scope}
 *   client.KIND.*             any key above, for this kind only
 */
#ifndef VALETKEY_PROVIDER_H
#define VALETKEY_PROVIDER_H

#include "problem.h"
#include "record.h"

#include <stdbool.h>

/* [a-z0-9-], 1 to 64. */
bool provider_name_ok(const char *name);

/* Reads NAME.conf. 0, ERR_ARG (no such provider, malformed: says where),
 * ERR_NOMEM. */
int provider_load(const char *name, struct record *provider,
		  struct problem *problem);

/*
 * The origin of an instance: a CODE of the list, a host of the list, or a host
 * below an instance_domain. 0 or ERR_ARG with the choices in *problem.
 */
int provider_instance(const struct record *provider, const char *instance,
		      char *origin, struct problem *problem);

/*
 * What holds for one kind of client at one instance: client.KIND.* put in place
 * of the general keys, {origin} and {redirect_uri} and {scope} filled in. The
 * keys client.* are not in the result.
 */
int provider_resolve(const struct record *provider, const char *kind,
		     const char *origin, struct record *resolved);

/* Every provider's name, sorted, own ones and installed ones. */
int provider_each(int (*see)(const char *name, void *data), void *data);

#endif
