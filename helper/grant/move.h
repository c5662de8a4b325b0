/* SPDX-License-Identifier: MIT */
/*
 * move.h - takes what there is of an account from one store to the other: client
 * registration, grant, and the revocations that wait. Whatever ends this in between,
 * the account has all of it in the store that its file names, with its newest grant.
 */
#ifndef VALETKEY_MOVE_H
#define VALETKEY_MOVE_H

#include "job/job.h"

/*
 * Under the account's locks, of the grant and of logins; job's store is the one that
 * the account is in. If it is in `to` already, what is missing there, or older, is
 * taken from the other store, and nothing is wrong if that one cannot be reached. Of
 * success the answer has left_text if the copy in the other store is still there.
 * Nobody is asked anything.
 */
int move_account(struct job *job, const struct client *client,
		 enum store_place to);

/* Deletes what a move that was killed has left of the account with this id; what
 * cannot be done now is left to the next run. */
void move_recover(const char *id);

/* The same under the account's lock, before it is removed. */
void move_forget(struct job *job, const struct client *client);

#endif
