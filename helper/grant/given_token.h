/* SPDX-License-Identifier: MIT */
/*
 * given_token.h - a refresh token that a person has from elsewhere and brings to a
 * new account. It is proved by one refresh, as any other, after which a provider
 * mostly wants another one: so it lies in the keyring, and the account is there,
 * before it is sent. Whoever is killed in between leaves an account whose next use
 * goes on where this ended.
 */
#ifndef VALETKEY_GIVEN_TOKEN_H
#define VALETKEY_GIVEN_TOKEN_H

#include "job/job.h"

/* Before the account's file appears: into the keyring as its grant. */
int given_token_keep(struct job *job, const struct client *client,
		     const char *token);

/*
 * Sends it, once. If that fails all of it goes from the keyring again, and *stays is
 * false; but what the provider has given in its place is never thrown away: *stays
 * is true.
 */
int given_token_prove(struct job *job, const struct client *client,
		      bool *stays);

#endif
