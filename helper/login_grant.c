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
#include "lock.h"
#include "park.h"
#include "pending.h"
#include "registration.h"
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

/* The account was removed while the person was in the browser. */
static int give_back(struct login *login, const struct record *grant,
		     const char *secret)
{
	const char *refresh = record_get(grant, "refresh_token");
	const struct pending pending = {
	    .client = login->client,
	    .client_secret = secret,
	    .token = refresh ? refresh : record_get(grant, "access_token"),
	    .hint = refresh ? "refresh_token" : "access_token",
	};

	if (login->client->revocation_endpoint)
		pending_add(login->job, &pending);
	return problem_set(&login->job->problem, VALETKEY_ERR_ACCOUNT,
			   "Account %s was removed during the login.",
			   login->client->account);
}

static int store_grant(struct login *login, const char *secret,
		       const struct record *grant)
{
	struct job *job = login->job;
	int64_t deadline = deadline_in(STORE_LIMIT_MS);
	int lock;
	int rc = lock_take(login->client->id, LOCK_GRANT, deadline, &lock,
			   &job->problem);

	store_set_deadline(job->store, deadline);
	if (!rc && !client_still_there(login->client))
		rc = give_back(login, grant, secret);
	else if (!rc)
		rc = grant_save(job, login->client, grant);
	if (!rc) {
		park_clear(login->client);
		backoff_note(lock, job, rc);
	}
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
		rc = store_grant(login, request.client_secret, grant);
	critical_end(&before);
	if (rc == VALETKEY_ERR_LOGIN) /* invalid_grant: the code was no good */
		job->problem.result = rc = VALETKEY_ERR_DENIED;
	return rc;
}
