/* SPDX-License-Identifier: MIT */
/*
 * registration_answer.h - what a server has answered to a registration (RFC 7591) becomes
 * an account. The answer is parked, sealed, before it is looked at: it is the
 * only word of a client that the server has made. A run that finds it there
 * makes the account of it, or deletes the client again (RFC 7592).
 */
#ifndef VALETKEY_REGISTRATION_ANSWER_H
#define VALETKEY_REGISTRATION_ANSWER_H

#include "adding.h"

/* Adds to `body` the redirect URI as it is registered: with redirect_port, if the
 * account has that, else without a port (RFC 8252 7.3). 0 or -1. */
int registration_answer_redirect(struct record *body,
				 const struct record *keys);

/* Before the server is asked: a keyring item with the key of the seal. */
int registration_answer_prepare(struct job *job, const struct adding *adding,
				struct record *item);

void registration_answer_park(const struct adding *adding,
			      const struct record *item,
			      const struct buf *body);

/*
 * Checks the answer, fills the item and stores it, and makes the account's file;
 * job->answer is what op_register() answers. A client that cannot be used is
 * deleted at the server, if it lets us.
 */
int registration_answer_take(struct job *job, const struct adding *adding,
			     struct record *item, const struct buf *body);

/* The same with what a run before us has parked. False: there is no account by
 * it. */
bool registration_answer_resume(struct job *job, const struct adding *adding);

#endif
