/* SPDX-License-Identifier: MIT */
/*
 * login.c - login_run(): one login per account at a time, whatever asks, and
 * one question is enough for all who wait for their turn. The account's own
 * lock is not held meanwhile. See login.h.
 */
#include "login.h"

#include "client/flow_way.h"
#include "core/clock.h"
#include "grant/revocations.h"
#include "grant/registration.h"
#include "store/lock.h"
#include <valetkey.h>

int login_given_up(struct login *login)
{
	return problem_set(&login->job->problem, VALETKEY_ERR_CANCELED,
			   "The login was given up. To try again: valetkey "
			   "login %s",
			   login->client->account);
}

int login_too_late(struct login *login)
{
	return problem_set(&login->job->problem, VALETKEY_ERR_TIMEOUT,
			   "Nobody finished the login in the browser in time. "
			   "To try again: valetkey login %s",
			   login->client->account);
}

static void tell_missing_refresh(struct login *login, const struct grant *grant)
{
	const struct client *client = login->client;
	bool known = record_get(&client->config, "offline_scope") != NULL;

	if (grant->refresh_token)
		return;
	job_info(login->job,
		 "%s gave no refresh token: this login ends when the access "
		 "token expires. %s, then run: valetkey login %s",
		 client->provider_name,
		 known ? "Tick the grant type \"Refresh Token\" of the client "
			 "app there"
		       : "If it has a scope for this (often offline_access), "
			 "add it to 'scope' in the account's file",
		 client->account);
}

/* A logout's that could not be sent then: not after the new grant is there. */
static void revoke_first(struct login *login)
{
	struct job *job = login->job;

	revocations_send(job, login->client);
	store_set_deadline(job->store, job->deadline);
	job->problem = (struct problem){0};
}

static int run_flow(struct login *login, struct grant *grant)
{
	const struct flow_wish wish = {.word = login->options->flow};
	enum flow_way way;
	int rc =
	    flow_way_pick(login->client, &wish, &way, &login->job->problem);

	if (!rc)
		rc = registration_check(login->job, login->client,
					login->options->accept_change);
	if (!rc)
		rc = registration_seal(login->job, login->client, &login->seal);
	if (!rc && way == FLOW_WAY_DEVICE)
		rc = login_by_device(login, grant);
	else if (!rc && way == FLOW_WAY_PASTE)
		rc = login_by_paste(login, grant);
	else if (!rc)
		rc = login_by_code(login, grant);
	if (!rc)
		rc = registration_adopt(login->job, login->client);
	if (!rc)
		tell_missing_refresh(login, grant);
	return rc;
}

/* A grant that another login brought while this one waited its turn. */
static bool login_take_other(struct login *login, struct grant *grant)
{
	struct job *job = login->job;
	bool found;

	if (grant_load(job, login->client, grant, &found) == VALETKEY_OK &&
	    found && grant_good_for(grant) > 0 &&
	    grant_issued_clock(grant) >= job->began &&
	    grant_has_scope(grant, login->options->scope))
		return true;
	grant_free(grant);
	return false;
}

/* One question is enough: who waited for its turn while the person said no gets
 * that answer too. */
static int declined(struct login *login, int lock)
{
	struct record state = {0};
	int64_t when = 0;

	if (lock_read(lock, &state))
		when = record_get_int(&state, "canceled", 0);
	record_free(&state);
	return when >= login->job->began ? login_given_up(login) : VALETKEY_OK;
}

static void note_outcome(int lock, int rc)
{
	struct record state = {0};

	if (rc == VALETKEY_ERR_CANCELED &&
	    record_add_int(&state, "canceled", clock_ms()) == 0)
		lock_write(lock, &state);
	else
		lock_write(lock, NULL);
	record_free(&state);
}

static int recover(struct login *login)
{
	struct job *job = login->job;
	int lock;
	int rc = job_lock(job, login->client, LOCK_GRANT, &lock);

	if (!rc)
		rc = login_recover(login, lock);
	lock_drop(&lock);
	return rc;
}

int login_run(struct job *job, const struct client *client,
	      const struct login_options *options, struct grant *grant)
{
	struct login login = {.job = job, .client = client, .options = options};
	int lock = -1;
	int rc = job_store_writable(job);

	if (!rc)
		rc = job_lock(job, client, LOCK_LOGIN, &lock);
	if (!rc)
		rc = recover(&login);
	if (rc)
		goto out;
	if (options->accept_other && login_take_other(&login, grant))
		goto out;
	if (options->accept_other)
		rc = declined(&login, lock);
	if (!rc) {
		revoke_first(&login);
		rc = run_flow(&login, grant);
		note_outcome(lock, rc);
	}
out:
	record_free(&login.registration);
	buf_free(&login.seal);
	lock_drop(&lock);
	return rc;
}
