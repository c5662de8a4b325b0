/* SPDX-License-Identifier: MIT */
/*
 * adding.h - an account that is being added. Before anything goes into the
 * keyring its file's text is written as .NAME.adding, which is also the lock of
 * the name; when all is kept the account's file appears at once and whole, never
 * in place of another. Whoever finds a .NAME.adding that nobody holds knows what
 * a run before it has left (recover.h).
 *
 * .NAME.new and .NAME.answer belong to it: the account's file while it is
 * written, and what a server has answered to a registration, sealed
 * (crypto/crypto.h).
 */
#ifndef VALETKEY_ADDING_H
#define VALETKEY_ADDING_H

#include "job/job.h"

struct adding {
	char account[ACCOUNT_NAME_MAX + 1];
	const char *id; /* points into keys */
	struct record keys;
	struct buf
	    keeper; /* store_name() of who began; of what was left only */
	int lock;   /* -1: not begun */
};

/* The folder of the accounts, made if it is missing: 0 or ERR_ACCOUNT. */
int adding_make_folder(struct problem *problem);

/*
 * With the keyring open. Begins with the request's account and its keys, which
 * are all that becomes of the file; what is secret or the protocol's is left
 * out. Waits for another `add` of that name; if that one ended half way,
 * `recover` sees to what it left (recover_adding()). 0, or ERR_ARG (there is such
 * an account), _ACCOUNT (it cannot be written), _TIMEOUT, _NOMEM, with
 * job->problem set.
 */
int adding_begin(struct job *job, struct adding *adding,
		 void recover(const char *account));

/* Takes up what a run before left. False: there is nothing, or another is at it;
 * `keys` may be empty if that one did not get far. */
bool adding_resume(struct adding *adding, const char *account);

/* The server's answer, sealed, and back. */
bool adding_keep_answer(const struct adding *adding, const struct buf *sealed);
bool adding_read_answer(const struct adding *adding, struct buf *sealed);

/* The account's file appears, with these keys. As adding_begin(). */
int adding_commit(struct job *job, const struct adding *adding,
		  const struct record *keys);

/* The account's file goes again; what is in the keyring goes by adding_finish(). */
void adding_withdraw(const struct adding *adding);

/* Its traces go; with a failure (rc) all that is in the keyring before. If the
 * keyring does not let us the next run sees to it. Returns rc. */
int adding_finish(struct job *job, struct adding *adding, int rc);

/* Only lets go of it: the next run sees to it. */
void adding_leave(struct adding *adding);

#endif
