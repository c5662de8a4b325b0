/* SPDX-License-Identifier: MIT */
/*
 * revocation.h - what ends a stored grant at its provider (RFC 7009): which of
 * its tokens, where to, and as which client. Sent at once by a logout; else it is
 * kept for later (pending.h).
 */
#ifndef VALETKEY_REVOCATION_H
#define VALETKEY_REVOCATION_H

#include "pending.h"

struct revocation {
	struct client client; /* borrows from the grant and the account's */
	struct record registration;
	struct pending pending; /* token NULL: the grant has none */
};

/*
 * It goes to where the grant's own pins say, whatever the account's file says by
 * now, and so does the client's secret, or not at all. 0; ERR_LOGIN: the secret
 * was made for another place; ERR_ARG: the provider takes no revocations, or the
 * grant was made on another machine: it may be in use there.
 */
int revocation_make(struct job *job, const struct client *client,
		    const struct record *grant, struct revocation *revocation);
void revocation_free(struct revocation *revocation);

/* The stored grant as it lives on at the provider: the token of a refresh that
 * was never stored is the one that counts. Under the account's lock. */
int revocation_find(struct job *job, const struct client *client, int lock,
		    struct record *grant, bool *found);

/*
 * `old` is stored, and `grant` comes in its place (the account's lock is held). What cannot be kept is lost: the login is good.
 */
void revocation_of_replaced(struct job *job, const struct client *client,
			    const struct record *old,
			    const struct record *grant);

/* A login brought `grant`, and nobody will have it. The secret is given, because
 * the account may be gone. */
void revocation_of_unwanted(struct job *job, const struct client *client,
			    const char *client_secret,
			    const struct record *grant);

#endif
