/* SPDX-License-Identifier: MIT */
/*
 * op_unlock.c - the stores themselves: whether one takes what is about to be kept,
 * the key of the sealed one, and an account that moves from one to the other.
 */
#include "adding.h"
#include "core/clock.h"
#include "grant/move.h"
#include "ops.h"
#include "store/sealed_key.h"
#include <valetkey.h>

#define SECONDS_MAX (366LL * 86400)
#define OTHERS_MS 10000

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
