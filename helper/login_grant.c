/* SPDX-License-Identifier: MIT */
/*
 * login_grant.c - the end of a login: what the person's consent has brought is
 * redeemed for a grant, and the grant is stored before anybody is told. Whatever
 * happens in between, the signals that would end us wait.
 */
#include "login.h"
#include "backoff.h"
#include "clock.h"
#include "critical.h"
#include "grant.h"
#include "identity.h"
#include "lock.h"
#include "newest.h"
#include "park.h"
#include "registration.h"
#include "revocation.h"
#include "valetkey.h"

#define STORE_LIMIT_MS 30000

int login_secret(struct login *login, const char **secret)
{
	int rc = VALETKEY_OK;

	if (!login->registration.pairs.len)
		rc = registration_secret(login->job, login->client,
					 &login->registration);
	*secret = record_get(&login->registration, "client_secret");
	return rc;
}

/* A grant that nobody will have: the provider is asked to end it. */
static void give_back(struct login *login, const struct record *grant)
{
	revocation_of_unwanted(
	    login->job, login->client,
	    record_get(&login->registration, "client_secret"), grant);
}

/* While the person was in the browser. */
static int account_removed(struct login *login, const struct record *grant)
{
	give_back(login, grant);
	return problem_set(&login->job->problem, VALETKEY_ERR_ACCOUNT,
			   "Account %s was removed during the login.",
			   login->client->account);
}

/* Who it is, and whether that is who it was: asked without the account's lock,
 * since a person may have to answer. */
static int identify(struct login *login, const struct endpoint_answer *answer,
		    struct record *grant)
{
	const struct identity_login who = {login->client, answer, login->scope,
					   login->nonce};
	struct job *job = login->job;
	int rc = identity_find(&who, grant, &job->problem);

	if (!rc)
		rc = identity_check(job, login->client,
				    login->options->accept_change, grant);
	if (rc)
		give_back(login, grant);
	return rc;
}

static int store_grant(struct login *login, const struct record *grant)
{
	struct job *job = login->job;
	int64_t deadline = deadline_in(STORE_LIMIT_MS);
	struct record old = {0};
	bool found;
	int lock;
	int rc = lock_take(login->client->id, LOCK_GRANT, deadline, &lock,
			   &job->problem);

	store_set_deadline(job->store, deadline);
	if (!rc && !client_still_there(login->client))
		rc = account_removed(login, grant);
	else if (!rc)
		revocation_find(job, login->client, lock, &old, &found);
	if (!rc)
		rc = grant_save(job, login->client, grant);
	if (!rc) {
		park_clear(login->client);
		backoff_note(lock, job, rc);
		newest_note(lock, grant);
		revocation_of_replaced(job, login->client, &old, grant);
	}
	record_free(&old);
	lock_drop(&lock);
	return rc;
}

int login_redeem(struct login *login, struct buf *params,
		 struct endpoint_answer *answer, struct record *grant)
{
	struct job *job = login->job;
	struct endpoint_request request = {.client = login->client,
					   .params = params};
	sigset_t before;
	int rc = login_secret(login, &request.client_secret);

	if (rc)
		return rc;
	critical_begin(&before);
	rc = endpoint_token(&request, answer, &job->problem);
	job->provider_reached = answer->status != 0;
	if (!rc)
		rc = grant_from_answer(login->client, &answer->fields, NULL,
				       login->scope, grant);
	if (!rc)
		rc = identify(login, answer, grant);
	if (!rc)
		rc = store_grant(login, grant);
	critical_end(&before);
	if (rc == VALETKEY_ERR_LOGIN) /* invalid_grant: the code was no good */
		job->problem.result = rc = VALETKEY_ERR_DENIED;
	return rc;
}
