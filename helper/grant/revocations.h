/* SPDX-License-Identifier: MIT */
/*
 * revocations.h - revocations (RFC 7009) that the provider could not take yet: the
 * local copy of a grant goes at once, and its token waits in a keyring item of
 * its own until a later run can send it.
 */
#ifndef VALETKEY_REVOCATIONS_H
#define VALETKEY_REVOCATIONS_H

#include "grant.h"

#define PENDING_MOST 32
#define PENDING_KEEP_S (30 * 24 * 3600)

struct waiting_revocation {
	const struct client *client;
	const char *client_secret; /* NULL: none */
	const char *token;
	const char *hint; /* token_type_hint */
	bool alone;	  /* no grant that the account has ends with it */
};

/* Keeps it for later. */
int revocations_add(struct job *job, const struct waiting_revocation *pending);

/* The same (NULL: nothing is to be kept) after `grant` was stored: what waits and
 * is one of its tokens, because the provider gave it anew, is forgotten. */
int revocations_replace(struct job *job,
			const struct waiting_revocation *pending,
			const struct grant *grant);

/*
 * Sends what waits, if it is time: called after the answer was given; and what
 * is a client's in any case, before its login, because some providers end all
 * grants of a person with one. What the provider has taken, or will never take,
 * is forgotten; so is what is older than PENDING_KEEP_S, sent or not, and what is
 * in use again. What might end the account's present grant waits until that is
 * gone, whatever its age.
 */
void revocations_send(struct job *job, const struct client *client);

/* One that waits. */
struct revocations_item {
	const char *id;	     /* of the account, which may be gone */
	const char *account; /* its name then */
	const char *provider, *name, *client_id;
	int64_t since; /* Unix seconds */
	bool held;     /* until the account's grant is gone */
};

/* Shows each one. */
int revocations_each(struct job *job,
		     void (*see)(const struct revocations_item *item,
				 void *data),
		     void *data);

/* ---- of an account that moves to the other store (move.c) ---- */

/* Nobody sends any as long as this lock is held. */
int revocations_hold(struct job *job, int *lock);

/* Those of the account with this id that wait in the store `from` wait in job's,
 * too. */
int revocations_carry(struct job *job, const char *id, enum store_place from);

/* In job's store the account has none any more. */
int revocations_forget(struct job *job, const char *id);

/* ---- all of them ---- */

/* Forgets them all, unsent; how many. */
int revocations_drop(struct job *job, unsigned *count);

/* ---- one revocation ---- */

/* What ends a stored grant at its provider (RFC 7009): which of its tokens,
 * where to, and as which client. Sent at once by a logout; else it is kept for
 * later. */

struct revocation {
	struct client client; /* borrows from the grant and the account's */
	struct record registration;
	struct waiting_revocation pending; /* token NULL: the grant has none */
};

/*
 * It goes to where the grant's own pins say, whatever the account's file says
 * now, and so does the client's secret, or not at all. 0; ERR_LOGIN: the secret
 * was made for another place; ERR_ARG: the provider takes no revocations, or the
 * grant was made on another machine: it may be in use there.
 */
int revocation_make(struct job *job, const struct client *client,
		    const struct grant *grant, struct revocation *revocation);
void revocation_free(struct revocation *revocation);

/* Asks the provider to end it: 0 or a result; and whether a later try may do
 * better. */
int revocation_send(const struct waiting_revocation *pending,
		    struct problem *problem);
bool revocation_may_pass(int result);

/* The stored grant as it lives on at the provider: the token of a refresh that
 * was never stored is the one that counts. Under the account's lock. */
int revocation_find(struct job *job, const struct client *client, int lock,
		    struct grant *grant, bool *found);

/*
 * `old` is stored, and `grant` comes in its place (the account's lock is held).
 * What cannot be kept is lost: the login is good.
 */
void revocation_of_replaced(struct job *job, const struct client *client,
			    const struct grant *old, const struct grant *grant);

/* A login brought `grant`, and nobody will have it. The secret is given, because
 * the account may be gone. */
void revocation_of_unwanted(struct job *job, const struct client *client,
			    const char *client_secret,
			    const struct grant *grant);

#endif
