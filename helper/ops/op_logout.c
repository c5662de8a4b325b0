/* SPDX-License-Identifier: MIT */
/*
 * op_logout.c - ends a grant: revoked at the provider (RFC 7009), then deleted
 * here, whether the provider answered or not: what it could not take is kept for
 * later (revocations.h). `remove` deletes the client secret and the account's file
 * as well, also of an account that cannot be used any more.
 */
#include "client/account_change.h"
#include "grant/grant.h"
#include "grant/move.h"
#include "grant/registration.h"
#include "grant/revocations.h"
#include "login/login.h"
#include "ops.h"
#include "store/lock.h"
#include "store/traces.h"
#include <valetkey.h>

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static int logout_say(struct job *job, int revoked, const char *text)
{
	if (record_add_int(&job->answer, "revoked", revoked) ||
	    record_add(&job->answer, "revoked_text", text))
		return problem_no_memory(&job->problem);
	return VALETKEY_OK;
}

/* What a person who takes an account away would not expect to be left. */
static int say_kept(struct job *job, const struct waiting_revocation *pending)
{
	time_t until = time(NULL) + PENDING_KEEP_S;
	struct tm day;
	char text[400], date[16] = "";

	if (localtime_r(&until, &day))
		strftime(date, sizeof(date), "%Y-%m-%d", &day);
	snprintf(text, sizeof(text),
		 "The provider cannot be reached. To revoke the grant later, "
		 "its token%s kept in the keyring, until %s at most. To drop "
		 "that: valetkey logout --drop-revocations",
		 pending->client_secret ? " and the client secret are" : " is",
		 date);
	return logout_say(job, 0, text);
}

/* Now, or if the provider cannot be reached, later (RFC 7009 2.2.1). */
static int send_or_keep(struct job *job,
			const struct waiting_revocation *pending)
{
	int rc = revocation_send(pending, &job->problem);

	if (rc == VALETKEY_OK)
		return logout_say(job, 1, "");
	if (revocation_may_pass(rc))
		job->send_pending = false; /* not again at once */
	if (revocation_may_pass(rc) &&
	    revocations_add(job, pending) == VALETKEY_OK)
		return say_kept(job, pending);
	return logout_say(job, 0, job->problem.text);
}

static int revoke_grant(struct job *job, const struct client *client,
			const struct grant *grant)
{
	struct revocation revocation;
	int rc;

	if (revocation_make(job, client, grant, &revocation))
		rc = logout_say(job, 0, job->problem.text);
	else if (revocation.pending.token)
		rc = send_or_keep(job, &revocation.pending);
	else
		rc = logout_say(job, 0, "");
	revocation_free(&revocation);
	return rc;
}

/* Under the account's lock. One that is pinned to elsewhere is revoked all the
 * same. */
static int end_grant(struct job *job, const struct client *client, int lock)
{
	struct grant grant = {0};
	bool found = false;
	int rc = login_take_parked(job, client, lock);

	if (!rc)
		rc = revocation_find(job, client, lock, &grant, &found);
	if (rc ==
	    VALETKEY_ERR_LOGIN) /* an item that nobody can read any more */
		rc = VALETKEY_OK;
	if (!rc && found && !grant.needs_login)
		rc = revoke_grant(job, client, &grant);
	else if (!rc)
		rc = logout_say(job, 0, ""); /* there is none, or it is dead */
	if (!rc)
		rc = grant_delete(job, client);
	grant_free(&grant);
	return rc;
}

/* The file goes under the lock too: a login that comes after sees it gone. As
 * long as it is there all can be tried again; what is left then is an empty lock,
 * and the next run knows what that means (recover.c). */
static int forget_client(struct job *job, const struct client *client,
			 int *lock)
{
	const struct store_key key = job_item_key(client, STORE_CLIENT);
	enum registration_end end = registration_end(job, client);
	int rc;

	if (end && record_add(&job->answer, "registration",
			      end == REGISTRATION_DELETED ? "deleted" : "left"))
		return problem_no_memory(&job->problem);
	rc = store_delete(job_store(job), &key, &job->problem);
	if (rc)
		return rc;
	move_forget(job, client);
	traces_remove(client->id);
	lock_write(*lock, NULL);
	rc = account_delete(client->account, &job->problem);
	if (!rc)
		lock_remove(lock, client->id, LOCK_GRANT);
	return rc;
}

/* The provider's file is gone or malformed, or the account's contradicts itself:
 * nobody knows any more where the grant could be revoked, and the person is told
 * why. */
static int drop_grant(struct job *job, const struct client *client)
{
	int rc = logout_say(job, 0, job->problem.text);

	return rc ? rc : grant_delete(job, client);
}

static int log_out(struct job *job, bool remove)
{
	struct client client = {0};
	int lock = -1;
	const char *account = record_get(&job->request, "account");
	struct problem ignored = {0};
	int rc = job_client(job, &client);
	bool usable = rc == VALETKEY_OK;

	/* To be rid of it must not need that it works. */
	if (rc == VALETKEY_ERR_ARG && remove && account)
		rc = client_load_id(account, &client, &ignored) ? rc
								: VALETKEY_OK;
	if (!rc)
		rc = job_lock(job, &client, LOCK_GRANT, &lock);
	if (!rc)
		rc = usable ? end_grant(job, &client, lock)
			    : drop_grant(job, &client);
	if (!rc && remove)
		rc = forget_client(job, &client, &lock);
	lock_drop(&lock);
	client_free(&client);
	return rc;
}

int op_drop_revocations(struct job *job)
{
	unsigned count = 0;
	int rc = VALETKEY_OK;

	for (size_t i = 0; i < STORE_PLACES && !rc; i++) {
		unsigned here = 0;

		job_use_store(job, (enum store_place)i);
		if (job_has_place(job->place))
			rc = revocations_drop(job, &here);
		count += here;
	}
	if (!rc && record_add_int(&job->answer, "dropped", count))
		rc = problem_no_memory(&job->problem);
	return rc;
}

int op_logout(struct job *job)
{
	return log_out(job, false);
}

int op_remove(struct job *job)
{
	return log_out(job, true);
}

static int check_other(struct job *job, const char *id)
{
	struct record ids = {0};
	const char *name;
	int rc = client_list_ids(&ids);

	name = record_get(&ids, id);
	if (rc)
		rc = problem_set(
		    &job->problem, rc,
		    "An account's file cannot be read, so valetkey cannot tell "
		    "whose that is. See: valetkey status");
	else if (name)
		rc = problem_set(&job->problem, VALETKEY_ERR_ARG,
				 "That is account %s. Run: valetkey remove %s",
				 name, name);
	record_free(&ids);
	return rc;
}

/* An item that cannot be read is there, too. */
static int find_other_here(struct job *job, const struct client *client)
{
	static const enum store_kind kinds[] = {STORE_GRANT, STORE_CLIENT};
	bool any = false;

	for (size_t i = 0; !any && i < sizeof(kinds) / sizeof(*kinds); i++) {
		struct record item = {0};
		bool found;
		int rc = job_load_item(job, client, kinds[i], &item, &found);

		record_free(&item);
		if (rc && rc != VALETKEY_ERR_LOGIN)
			return rc;
		any = rc || found;
	}
	return any ? VALETKEY_OK
		   : problem_set(&job->problem, VALETKEY_ERR_ACCOUNT,
				 "There is nothing of %s in the keyring, nor "
				 "sealed. See: valetkey status",
				 client->id);
}

/* In the one store, or else in the other. */
static int find_other(struct job *job, const struct client *client)
{
	int rc;

	job_use_store(job, STORE_SEALED);
	rc = find_other_here(job, client);
	if (rc != VALETKEY_ERR_ACCOUNT)
		return rc;
	job_use_store(job, STORE_KEYRING);
	return find_other_here(job, client);
}

/* Only its file would tell whose grant it is, and where it could be revoked. */
int op_forget(struct job *job)
{
	struct client client = {.id = record_get(&job->request, "id"),
				.provider = ""};
	const struct store_key key = job_item_key(&client, STORE_CLIENT);
	int lock = -1;
	int rc = client_check_id(&client, &job->problem);

	if (!rc)
		rc = check_other(job, client.id);
	if (!rc)
		rc = find_other(job, &client);
	if (!rc)
		rc = lock_take(client.id, LOCK_GRANT, job->deadline, &lock,
			       &job->problem);
	if (!rc)
		rc = grant_delete(job, &client);
	if (!rc) {
		registration_end(job, &client);
		rc = store_delete(job->store, &key, &job->problem);
	}
	if (!rc) {
		traces_remove(client.id);
		lock_remove(&lock, client.id, LOCK_GRANT);
	}
	lock_drop(&lock);
	return rc;
}
