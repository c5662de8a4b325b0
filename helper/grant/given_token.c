/* SPDX-License-Identifier: MIT */
/*
 * given_token.c - see given_token.h.
 */
#include "given_token.h"

#include "core/clock.h"
#include "grant.h"
#include "refresh.h"
#include "renewal.h"
#include "store/account_state.h"
#include "store/lock.h"
#include "store/traces.h"
#include <valetkey.h>

#define STORE_LIMIT_MS 30000

int given_token_keep(struct job *job, const struct client *client,
		     const char *token)
{
	struct record answer = {0};
	struct grant grant = {0};
	const struct grant_source source = {.answer = &answer,
					    .asked_scope = client->scope};
	int rc = VALETKEY_OK;

	if (record_add(&answer, "refresh_token", token) ||
	    grant_from_answer(client, &source, &grant))
		rc = problem_no_memory(&job->problem);
	grant.generation = 1;
	if (!rc)
		rc = grant_save(job, client, &grant);
	record_free(&answer);
	grant_free(&grant);
	return rc;
}

/* After a failure: whether the provider has given another one in its place, which
 * is stored, or parked and not understood. */
static bool has_brought(const struct client *client, const struct grant *grant)
{
	const struct park_place place = renewal_place(client, grant);
	struct buf plain = {0};
	bool sealed = park_read(&place, &plain) == PARK_SEALED;

	buf_free(&plain);
	return sealed || grant->generation > 1;
}

static int tell_given(struct job *job, const struct client *client, int rc)
{
	const struct park_place place = {.id = client->id,
					 .slot = PARK_REFRESH};
	struct problem kept = job->problem;
	struct buf nothing = {0};
	bool sent = park_read(&place, &nothing) == PARK_IN_FLIGHT;

	buf_free(&nothing);
	return problem_set(
	    &job->problem, rc, "%s%s%s Nothing was kept.", kept.text,
	    rc == VALETKEY_ERR_LOGIN
		? " The refresh token has expired, was revoked, was used "
		  "already where it can be used only once, or belongs to "
		  "another client."
		: "",
	    sent ? " The refresh token was sent and may be used up." : "");
}

static int tell_brought(struct job *job, const struct client *client, int rc)
{
	struct problem kept = job->problem;

	return problem_set(&job->problem, rc,
			   "%s Account %s is kept, because the provider has "
			   "replaced the refresh token. See: valetkey status "
			   "%s",
			   kept.text, client->account, client->account);
}

/* `lock` is the account's. */
static void forget_given(struct job *job, const struct client *client,
			 int *lock)
{
	struct problem kept = job->problem;

	store_set_deadline(job->store, deadline_in(STORE_LIMIT_MS));
	grant_delete(job, client);
	traces_remove(client->id);
	lock_remove(lock, client->id, LOCK_GRANT);
	job->problem = kept;
}

int given_token_prove(struct job *job, const struct client *client, bool *stays)
{
	struct grant grant = {0};
	bool found = false;
	int lock;
	int rc = lock_take(client->id, LOCK_GRANT, job->deadline, &lock,
			   &job->problem);

	*stays = true;
	if (!rc)
		rc = grant_load(job, client, &grant, &found);
	if (!rc && found) {
		job->given = true;
		rc = refresh_grant(job, client, lock, &grant);
		generation_note(client, lock, grant.generation,
				grant.refresh_token);
	}
	if (rc && has_brought(client, &grant)) {
		tell_brought(job, client, rc);
	} else if (rc) {
		*stays = false;
		tell_given(job, client, rc);
		forget_given(job, client, &lock);
	}
	lock_drop(&lock);
	grant_free(&grant);
	return rc;
}
