/* SPDX-License-Identifier: MIT */
/*
 * pending.h - revocations (RFC 7009) that the provider could not take yet: the
 * local copy of a grant goes at once, and its token waits in a keyring item of
 * its own until a later run can send it.
 */
#ifndef VALETKEY_PENDING_H
#define VALETKEY_PENDING_H

#include "job.h"

struct pending {
	const struct client *client;
	const char *client_secret; /* NULL: none */
	const char *token;
	const char *hint; /* token_type_hint */
};

/* Keeps it for later. */
int pending_add(struct job *job, const struct pending *pending);

/*
 * Sends what waits, where it is time: called after the answer was given, when
 * the network is known to work, and with a client before its login, because some
 * providers end all grants of a person with one. What the provider has taken, or
 * will never take, is forgotten; so is what is older than a month, and what is
 * in use again.
 */
void pending_send(struct job *job, const struct client *client);

/* How many wait for the account with this id (NULL: for any). */
int pending_count(struct job *job, const char *id, unsigned *count);

#endif
