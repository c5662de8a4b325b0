/* SPDX-License-Identifier: MIT */
/*
 * refresh.c - redeems the refresh token. refresh_grant() has all its steps in order:
 * the keyring is known to take a write before the token is spent, the answer is
 * parked as it comes (arrival.h) and stored before anybody hears of it, and
 * nothing but the server's invalid_grant for the token that is stored now makes a
 * grant dead. `./dev campaign` kills it between any two of them.
 */
#include "core/clock.h"
#include "core/form.h"
#include "core/scope.h"
#include "arrival.h"
#include "refresh.h"
#include "grant.h"
#include "oauth/endpoint.h"
#include "oauth/token_answer.h"
#include "oauth/token_error.h"
#include "registration.h"
#include "renewal.h"
#include "store/machine.h"
#include "store/account_state.h"
#include "store/learned.h"
#include <valetkey.h>

#include <string.h>
#include <time.h>

#define STORE_LIMIT_MS 30000

/* ---- before the refresh token is sent ---- */

/* A refresh at work. */
struct refresh {
	struct job *job;
	const struct client *client;
	int lock;	     /* the account's, held */
	struct grant *grant; /* the stored one, and then what comes after it */
	struct record registration;
	struct grant other;	/* see RENEWAL_OTHER */
	struct buf parked;	/* that one, sealed, until it is stored */
	bool interrupted;	/* the refresh before this one was */
	struct learned_age age; /* of the grant whose token is sent */

	/* The request that is under way. */
	struct arrival arrival;
	struct token_answer answer;
	enum renewal renewal; /* what the answer means, */
	struct grant renewed; /* and has brought */
};

static int no_refresh_token(struct job *job, const struct client *client,
			    const struct grant *grant)
{
	if (grant_good_for(grant) > 0)
		return problem_set(
		    &job->problem, VALETKEY_ERR_LOGIN,
		    "%s gave no refresh token at the login of account %s, so "
		    "only another login brings a new token. Run: "
		    "valetkey login %s",
		    client->provider_name, client->account, client->account);
	return problem_set(
	    &job->problem, VALETKEY_ERR_LOGIN,
	    "The access token of account %s has expired and %s gave no "
	    "refresh token at the login. Run: valetkey login %s",
	    client->account, client->provider_name, client->account);
}

static int unreadable_answer(struct job *job, const struct client *client)
{
	return problem_set(
	    &job->problem, VALETKEY_ERR_LOGIN,
	    "%s answered the last refresh of account %s with something that "
	    "names a refresh token but cannot be read. It is kept (sealed), "
	    "and the old refresh token, which may be superseded, is not sent "
	    "again. Run: valetkey login %s",
	    client->provider_name, client->account, client->account);
}

/* Into the keyring; the caller's deadline no longer counts. What is not there for
 * certain stays parked. */
static int store_renewed(struct job *job, const struct client *client,
			 const struct grant *renewed)
{
	const struct park_place place = renewal_place(client, renewed);
	int rc;

	store_set_deadline(job->store, deadline_in(STORE_LIMIT_MS));
	rc = grant_save(job, client, renewed);
	if (rc || store_unverified(job->store))
		park_keep(&place);
	else
		park_stored(&place, grant_good_for(renewed));
	return rc;
}

/* What a run before us got and could not store any more. */
static int take_parked(struct refresh *r)
{
	const struct park_place place = renewal_place(r->client, r->grant);
	struct grant found = {0};
	int rc = VALETKEY_OK;

	switch (renewal_find(r->client, r->lock, r->grant, &found)) {
	case RENEWAL_GRANT:
		rc = store_renewed(r->job, r->client, &found);
		if (!rc)
			grant_replace(r->grant, &found);
		break;
	case RENEWAL_UNREADABLE:
		rc = unreadable_answer(r->job, r->client);
		break;
	case RENEWAL_OTHER: /* it stays until ours has worked */
		park_keep(&place);
		park_copy(&place, &r->parked);
		grant_replace(&r->other, &found);
		break;
	case RENEWAL_IN_FLIGHT:
		r->interrupted = true;
		break;
	case RENEWAL_NOMEM:
		rc = problem_no_memory(&r->job->problem);
		break;
	case RENEWAL_NONE:
		break;
	}
	grant_free(&found);
	return rc;
}

/* Another session's keyring has a newer one than ours shows; or an older sealed file
 * was put back. */
static int outdated(const struct client *client, struct problem *problem)
{
	if (record_is(&client->config, "store", "sealed"))
		return problem_set(
		    problem, VALETKEY_ERR_LOGIN,
		    "The sealed file of account %s has an older login than was "
		    "stored before (was it put back from a backup?), so its "
		    "refresh token is not sent. Put the newest one back, or "
		    "run: valetkey login %s",
		    client->account, client->account);
	return problem_set(
	    problem, VALETKEY_ERR_LOGIN,
	    "This session's keyring shows an older login of account %s than "
	    "was stored before, so its refresh token is not sent. Lock the "
	    "keyring in its manager and unlock it again, or log in to the "
	    "desktop again. If that does not help, run: valetkey login %s",
	    client->account, client->account);
}

static int made_elsewhere(const struct client *client, struct problem *problem)
{
	return problem_set(
	    problem, VALETKEY_ERR_LOGIN,
	    "The login of account %s was made on another machine, so its "
	    "refresh token is not sent from here. Log in here: valetkey login "
	    "%s (If several machines use this keyring in turn, write "
	    "shared=yes into the account's file instead.)",
	    client->account, client->account);
}

/* Whether this grant's refresh token may be sent. */
static int check_sendable(const struct client *client, int lock,
			  const struct grant *grant, struct problem *problem)
{
	if (generation_is_another(client, lock, grant->generation,
				  grant->refresh_token))
		return outdated(client, problem);
	if (machine_is_other(client, grant->machine) &&
	    !machine_may_share(client))
		return made_elsewhere(client, problem);
	return VALETKEY_OK;
}

int refresh_check(struct job *job, const struct client *client, int lock,
		  const struct grant *grant)
{
	struct grant found = {0};
	enum renewal renewal = renewal_find(client, lock, grant, &found);

	grant_free(&found);
	if (renewal == RENEWAL_GRANT)
		return VALETKEY_OK;
	if (renewal == RENEWAL_UNREADABLE)
		return unreadable_answer(job, client);
	if (renewal == RENEWAL_IN_FLIGHT)
		return problem_set(
		    &job->problem, VALETKEY_ERR_NETWORK,
		    "The last refresh was interrupted before its answer came. "
		    "The next use tries again; if the provider has acted on it "
		    "anyway, a login is needed then.");
	return check_sendable(client, lock, grant, &job->problem);
}

/* ---- the request, and what it brings ---- */

static int reserve_room(struct refresh *r)
{
	int64_t usual = r->grant->answer_size;
	int64_t generation =
	    generation_next(r->client, r->lock, r->grant->generation);

	if (usual < 0 || usual > HTTP_BODY_MAX)
		usual = HTTP_BODY_MAX;
	r->arrival.place = renewal_place(r->client, r->grant);
	r->age = learned_age_of(r->grant->issued_at, r->grant->login_at);
	if (record_add_int(&r->arrival.about, "generation", generation) ||
	    job_add_program(r->job, &r->arrival.about) ||
	    arrival_expect(&r->arrival, r->client, (size_t)usual))
		return problem_no_memory(&r->job->problem);
	return VALETKEY_OK;
}

/* What the grant has, for a provider that forgets it: the offline scope is not
 * named in every answer, but there is a refresh token (RFC 6749 6: no more than
 * was granted). */
static int add_granted_scope(const struct client *client,
			     const struct grant *grant, struct buf *params)
{
	const char *wanted = record_get(&client->config, "refresh_scope");
	const char *separator = record_get(&client->config, "scope_separator");
	struct buf scope = {0};
	int rc = 0;

	if (!wanted || strcmp(wanted, "yes") != 0)
		return 0;
	rc = scope_add(&scope, grant->scope) ||
	     scope_add(&scope, record_get(&client->config, "offline_scope"));
	for (size_t i = 0; separator && *separator && i < scope.len; i++)
		if (scope.data[i] == ' ')
			scope.data[i] = *separator;
	if (!rc && scope.len)
		rc = form_add(params, "scope", scope.data);
	buf_free(&scope);
	return rc;
}

/* For the account's state: job_note(). */
static void note_asked(struct job *job, const struct token_answer *answer)
{
	job->provider_asked = true;
	job->retry_after_s = answer->retry_after_s;
	job->provider_reached = answer->status || answer->unknown;
}

static int send_token(struct refresh *r)
{
	struct job *job = r->job;
	struct token_answer *answer = &r->answer;
	struct buf params = {0};
	const struct endpoint_request request = {
	    .client = r->client,
	    .client_secret = record_get(&r->registration, "client_secret"),
	    .params = &params,
	    .received = arrival_take,
	    .data = &r->arrival,
	};
	int rc;

	if (form_add(&params, "grant_type", "refresh_token") ||
	    form_add(&params, "refresh_token", r->grant->refresh_token) ||
	    add_granted_scope(r->client, r->grant, &params))
		rc = problem_no_memory(&job->problem);
	else
		rc = endpoint_refresh(&request, answer, &job->problem);
	buf_free(&params);
	note_asked(job, answer);
	return rc;
}

/* `rc` is how the request ended; returned is what there is to say of it now. */
static int understand_answer(struct refresh *r, int rc)
{
	const struct record *fields = rc ? NULL : &r->answer.fields;

	r->renewal =
	    renewal_of(r->client, r->grant, &r->arrival, fields, &r->renewed);
	/* Too precious to give up at once: it may be for want of memory. */
	if (r->renewal == RENEWAL_NOMEM || r->renewal == RENEWAL_UNREADABLE) {
		grant_free(&r->renewed);
		r->renewal = renewal_of(r->client, r->grant, &r->arrival,
					fields, &r->renewed);
	}
	if (r->renewal == RENEWAL_UNREADABLE)
		return unreadable_answer(r->job, r->client);
	if (r->renewal == RENEWAL_NOMEM && !rc)
		return problem_no_memory(&r->job->problem);
	return rc;
}

/* A new grant that is parked but cannot be stored is good to use: the next run
 * stores it. */
static int take_renewed(struct refresh *r, int rc)
{
	struct problem how = r->job->problem;
	int stored = store_renewed(r->job, r->client, &r->renewed);

	if (stored && !r->arrival.parked && !rc)
		return stored;
	if (!stored || r->arrival.parked)
		grant_replace(r->grant, &r->renewed);
	if (!rc)
		learned_survived(r->lock, &r->age);
	r->job->problem = how;
	return rc;
}

/* What has no meaning is not kept; of a request that may have been acted on it
 * stays known that it went out. What is stored store_renewed() has seen to. */
static void tidy_parked(struct refresh *r)
{
	const struct park_place *place = &r->arrival.place;

	if (r->renewal == RENEWAL_UNREADABLE)
		park_keep(place);
	else if (r->renewal == RENEWAL_NONE && r->parked.len)
		park_put_back(place, &r->parked);
	else if (r->renewal == RENEWAL_NONE ? !r->answer.unknown
					    : !r->arrival.parked)
		park_clear(place);
}

static void end_request(struct refresh *r)
{
	grant_free(&r->renewed);
	arrival_free(&r->arrival);
	token_answer_free(&r->answer);
	r->arrival = (struct arrival){0};
	r->answer = (struct token_answer){0};
}

/* ---- when it was refused ---- */

/* True if the keyring holds another refresh token than the one refused. */
static bool rotated_by_another(struct refresh *r)
{
	struct problem kept = r->job->problem;
	struct grant now = {0};
	bool found;
	bool rotated =
	    grant_load(r->job, r->client, &now, &found) == VALETKEY_OK &&
	    now.refresh_token &&
	    strcmp(now.refresh_token, r->grant->refresh_token) != 0;

	if (rotated)
		grant_replace(r->grant, &now);
	else
		r->job->problem = kept;
	grant_free(&now);
	return rotated;
}

/* The one that another machine got from the same grant: the last to try. It
 * takes the place of the refused one first, and stays parked if it cannot. */
static bool take_other(struct refresh *r)
{
	struct problem kept = r->job->problem;

	if (!r->other.refresh_token)
		return false;
	if (store_renewed(r->job, r->client, &r->other) == 0 &&
	    !store_unverified(r->job->store))
		buf_clear(&r->parked);
	r->job->problem = kept;
	grant_replace(r->grant, &r->other);
	return true;
}

/* Remembers that only a login helps, and why; the old tokens go. */
static void record_death(struct refresh *r)
{
	const char *why = r->interrupted
			      ? " The refresh before it was interrupted while "
				"its answer was on the way, which may be why."
			      : "";
	struct problem kept = r->job->problem, reason;
	int64_t until = r->grant->refresh_until;

	if (!r->interrupted && (until <= 0 || time(NULL) < until))
		learned_died(r->lock, &r->age);
	problem_set(&reason, VALETKEY_ERR_LOGIN, "%s%s", kept.text, why);
	grant_set(&r->grant->refresh_token, NULL);
	grant_set(&r->grant->access_token, NULL);
	grant_set(&r->grant->id_token, NULL);
	if (grant_set(&r->grant->needs_login, reason.text) == 0)
		grant_save(r->job, r->client, r->grant);
	problem_set(&r->job->problem, VALETKEY_ERR_LOGIN,
		    "%s The grant has ended (expired or revoked).%s Run: "
		    "valetkey login %s",
		    kept.text, why, r->client->account);
}

/* The server's word for it is another one since the file was changed: nothing
 * of the grant goes. */
static void doubt_death(struct job *job, const struct client *client)
{
	struct problem kept = job->problem;

	problem_set(&job->problem, VALETKEY_ERR_LOGIN,
		    "%s That this ends a grant ('error[]') is new since the "
		    "login, so the grant is kept. Restore the provider's file "
		    "or the account's, or run: valetkey login %s",
		    kept.text, client->account);
}

/* Servers have names of their own for a token that they do not take any more.
 * What a login does not fix is known by its name. */
static bool may_need_login(const struct token_answer *answer)
{
	static const char *const others[] = {
	    "client",  "scope",	    "invalid_target", "limit",	     "too_many",
	    "throttl", "slow_down", "unavailable",    "server_error"};

	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		if (strstr(answer->error, others[i]))
			return false;
	return *answer->error || answer->status >= 400;
}

static void advise_login(struct job *job, const struct client *client)
{
	struct problem kept = job->problem;

	problem_set(&job->problem, kept.result,
		    "%s If it happens again, run: valetkey login %s", kept.text,
		    client->account);
}

/* True if there is another refresh token to try. The grant ends by what the
 * server's names of errors meant at the login. */
static bool refused_go_on(struct refresh *r, int rc)
{
	const struct token_answer *answer = &r->answer;

	if (r->job->given) /* it goes as it came */
		return false;
	if (strcmp(answer->error, "invalid_grant") != 0) {
		if (rc == VALETKEY_ERR_DENIED && may_need_login(answer))
			advise_login(r->job, r->client);
		return false;
	}
	if (rotated_by_another(r) || take_other(r))
		return true;
	if (strcmp(token_error_meaning(&r->grant->errors, answer->name),
		   "invalid_grant") == 0)
		record_death(r);
	else
		doubt_death(r->job, r->client);
	return false;
}

/* ---- from top to bottom ---- */

/* In brackets: the phase of tests/campaign/campaign.h that a kill after the step
 * is counted under. */
int refresh_grant(struct job *job, const struct client *client, int lock,
		  struct grant *grant)
{
	struct refresh r = {
	    .job = job, .client = client, .lock = lock, .grant = grant};
	sigset_t before;
	bool again;
	int rc;

	if (!grant->refresh_token)
		return no_refresh_token(job, client, grant);
	/* 1. The keyring is open and takes a write, before anything is spent. */
	rc = store_writable(job->store, &job->problem);
	/* 2. What a run before us has parked is stored first. It may do. */
	if (!rc)
		rc = take_parked(&r);
	if (!rc && grant_good_for(grant) > 0 &&
	    grant_issued_clock(grant) >= job->began)
		goto out;
	/* 3. The refresh token is the newest one, and of this machine; the
	 * client's secret belongs where it is sent. [BEFORE] */
	if (!rc)
		rc = check_sendable(client, lock, grant, &job->problem);
	if (!rc)
		rc = registration_secret(job, client, &r.registration);
	if (rc)
		goto out;
	do {
		/* 4. Signals wait; room is taken for the answer. [RESERVED] */
		critical_begin(&before);
		rc = reserve_room(&r);
		/* 5. The token is sent [PROCESSED], and what comes is parked as
		 * it comes, before anybody looks at it. [WINDOW, PARKED] */
		if (!rc)
			rc = send_token(&r);
		/* 6. What it means for the token that was sent. */
		rc = understand_answer(&r, rc);
		/* 7. A new grant is stored, read back, published. [STORED] */
		if (r.renewal == RENEWAL_GRANT)
			rc = take_renewed(&r, rc);
		/* 8. What is parked goes, unless it is needed. [DONE] */
		tidy_parked(&r);
		critical_end(&before);
		/* 9. Refused: is there a newer token, or has the grant ended? */
		again = refused_go_on(&r, rc);
		end_request(&r);
	} while (again);
out:
	grant_free(&r.other);
	buf_free(&r.parked);
	record_free(&r.registration);
	return rc;
}

/* ---- for the client itself ---- */

/* A token for the client itself (RFC 6749 4.4): machine to machine, no person,
 * no refresh token, never offline_access. */

int refresh_by_credentials(struct job *job, const struct client *client,
			   struct grant *grant)
{
	struct token_answer answer = {0};
	struct record item = {0}, program = {0};
	struct buf params = {0};
	struct endpoint_request request = {.client = client, .params = &params};
	int rc = registration_secret(job, client, &item);

	if (rc)
		goto out;
	request.client_secret = record_get(&item, "client_secret");
	if (form_add(&params, "grant_type", "client_credentials") ||
	    form_add(&params, "scope", client->scope)) {
		rc = problem_no_memory(&job->problem);
		goto out;
	}
	rc = endpoint_token(&request, &answer, &job->problem);
	note_asked(job, &answer);
	if (rc)
		goto out;
	rc = grant_from_answer(client,
			       &(struct grant_source){
				   .answer = &answer.fields,
				   .asked_scope = client->scope,
			       },
			       grant);
	if (!rc && job_add_program(job, &program))
		rc = problem_no_memory(&job->problem);
	if (!rc && grant_set(&grant->program, record_get(&program, "program")))
		rc = problem_no_memory(&job->problem);
	if (rc)
		goto out;
	store_set_deadline(job_store(job), deadline_in(STORE_LIMIT_MS));
	rc = grant_save(job, client, grant);
out:
	token_answer_free(&answer);
	buf_free(&params);
	record_free(&item);
	record_free(&program);
	return rc;
}
