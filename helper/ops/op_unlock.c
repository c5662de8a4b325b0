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

/* What else than a passphrase could hold a new key. */
static int add_offers(struct job *job)
{
	const struct sealed_holder *holder;
	size_t at = 0;

	while ((holder = sealed_holder_each(&at)))
		if (holder->offered && holder->offered() &&
		    record_add(&job->answer, "offer[]", holder->name))
			return problem_no_memory(&job->problem);
	return VALETKEY_OK;
}

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
	if (!rc && state == SEALED_KEY_NONE)
		rc = add_offers(job);
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
	const struct record *request = &job->request;
	const char *holder = record_get(request, "holder");
	const struct sealed_opening old = {
	    .secret = record_get(request, "passphrase")};
	struct sealed_opening new = {
	    .holder = sealed_holder_named(holder),
	    .secret = record_get(request, "new_passphrase"),
	    .seconds = record_get_int(request, "seconds", 0)};
	int rc;

	if (record_get(request, "reset"))
		return sealed_key_reset(&job->problem);
	if (new.seconds < 0 || new.seconds > SECONDS_MAX)
		return problem_set(&job->problem, VALETKEY_ERR_ARG,
				   "A key is not kept for that long.");
	if (holder && !new.holder)
		return problem_set(&job->problem, VALETKEY_ERR_ARG,
				   "--holder must be passphrase, systemd or "
				   "credential.");
	rc = adding_make_folder(&job->problem);
	if (!rc && record_get(request, "change"))
		return sealed_key_change(&old, &new, &job->problem);
	if (!new.secret)
		new.secret = old.secret;
	return rc ? rc : sealed_key_unlock(&new, &job->problem);
}

int op_lock(struct job *job)
{
	return sealed_key_lock(&job->problem);
}
