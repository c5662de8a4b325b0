/* SPDX-License-Identifier: MIT */
/*
 * op_move.c - takes an account to the other store, once nobody logs in to it or
 * refreshes it. How: grant/move.h.
 */
#include "core/clock.h"
#include "grant/move.h"
#include "ops.h"
#include "store/lock.h"
#include <valetkey.h>

#define OTHERS_MS 10000

/* No login may store a grant meanwhile where it will not be looked for. */
static int lock_out_logins(struct job *job, const struct client *client,
			   int *lock)
{
	int rc = lock_take(client->id, LOCK_LOGIN, deadline_in(OTHERS_MS), lock,
			   &job->problem);

	return rc != VALETKEY_ERR_TIMEOUT
		   ? rc
		   : problem_set(&job->problem, rc,
				 "A login of account %s is under way. Nothing "
				 "was changed; run this again when it has "
				 "ended.",
				 client->account);
}

/* All dialogs come before: op_store(). */
int op_move(struct job *job)
{
	const char *name = record_get(&job->request, "store");
	struct client client = {0};
	enum store_place to = STORE_KEYRING;
	int login = -1, lock = -1;
	bool moves = false;
	int rc = job_client(job, &client);

	job->interactive = false;
	if (!rc && (!name || !store_place_of(name, &to)))
		rc = problem_set(&job->problem, VALETKEY_ERR_ARG,
				 "store must be keyring or sealed.");
	if (!rc)
		rc = lock_out_logins(job, &client, &login);
	if (!rc)
		rc = job_lock(job, &client, LOCK_GRANT, &lock);
	if (!rc)
		rc = client_check(&client, &job->problem);
	if (!rc) {
		moves = job->place != to;
		rc = move_account(job, &client, to);
	}
	if (!rc && record_add_int(&job->answer, "moved", moves))
		rc = problem_no_memory(&job->problem);
	lock_drop(&lock);
	lock_drop(&login);
	client_free(&client);
	return rc;
}
