/* SPDX-License-Identifier: MIT */
/*
 * op_unlock.c - the stores themselves: whether one takes what is about to be kept,
 * and the key of the sealed one.
 */
#include "adding.h"
#include "ops.h"
#include "store/sealed_key.h"
#include <valetkey.h>

#define SECONDS_MAX (366LL * 86400)

/* A key that is not there yet, or locked, is for the command to see to. */
static int look_at_key(struct job *job, bool *open)
{
	static const char *const words[] = {[SEALED_KEY_NONE] = "none",
					    [SEALED_KEY_LOCKED] = "locked",
					    [SEALED_KEY_OPEN] = "open"};
	enum sealed_key_state state;
	const char *holder;
	int rc = sealed_key_look(&state, &holder, &job->problem);

	*open = !rc && state == SEALED_KEY_OPEN;
	if (!rc && (record_add(&job->answer, "key", words[state]) ||
		    record_add(&job->answer, "holder", holder)))
		rc = problem_no_memory(&job->problem);
	return rc;
}

int op_store(struct job *job)
{
	bool open = true;
	int rc = job_use_store_of(job, &job->request);

	if (!rc && job->place == STORE_SEALED)
		rc = look_at_key(job, &open);
	if (rc || !open)
		return rc;
	return job_store_writable(job);
}

int op_unlock(struct job *job)
{
	const char *secret = record_get(&job->request, "passphrase");
	const char *new_secret = record_get(&job->request, "new_passphrase");
	int64_t seconds = record_get_int(&job->request, "seconds", 0);
	int rc;

	if (record_get(&job->request, "reset"))
		return sealed_key_reset(&job->problem);
	if (seconds < 0 || seconds > SECONDS_MAX)
		return problem_set(&job->problem, VALETKEY_ERR_ARG,
				   "A key is not kept for that long.");
	rc = adding_make_folder(&job->problem);
	if (!rc)
		rc = new_secret
			 ? sealed_key_change(secret, new_secret, &job->problem)
			 : sealed_key_unlock(secret, seconds, &job->problem);
	return rc;
}

int op_lock(struct job *job)
{
	return sealed_key_lock(&job->problem);
}
