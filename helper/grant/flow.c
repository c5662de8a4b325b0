/* SPDX-License-Identifier: MIT */
/*
 * flow.c - redeems the refresh token. The order matters: the keyring is
 * known to take a write before the token is spent, the answer is parked as it
 * comes (arrival.h) and stored before anybody hears of it, and nothing but the
 * server's invalid_grant for the token that is stored now makes a grant dead.
 */
#include "core/clock.h"
#include "core/form.h"
#include "core/scope.h"
#include "arrival.h"
#include "flow.h"
#include "grant.h"
#include "oauth/endpoint.h"
#include "oauth/token_answer.h"
#include "registration.h"
#include "renewal.h"
#include "store/machine.h"
#include "store/account_state.h"
#include <valetkey.h>

#include <string.h>

#define STORE_LIMIT_MS 30000

/* What the grant has, for a provider that forgets it: the offline scope is not
 * named in every answer, but there is a refresh token (RFC 6749 6: no more than
 * was granted). */
static int flow_add_scope(const struct client *client,
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

/* A refresh token on its way. */
struct redemption {
	const struct client *client;
	const char *secret;
	int lock;	     /* the account's, held */
	struct grant *grant; /* the stored one, and then what comes after it */
	struct grant other;  /* see RENEWAL_OTHER */
	struct buf parked;   /* that one, sealed, until it is stored */
	bool interrupted;    /* a request before this one was */
};

static int no_memory_to_refresh(struct job *job)
{
	return problem_no_memory(&job->problem);
}

/* Room for the answer. */
static int expect_answer(const struct redemption *r, struct arrival *arrival)
{
	int64_t usual = r->grant->answer_size;

	if (usual < 0 || usual > HTTP_BODY_MAX)
		usual = HTTP_BODY_MAX;
	arrival->place = renewal_place(r->client, r->grant);
	if (record_add_int(
		&arrival->about, "generation",
		generation_next(r->client, r->lock, r->grant->generation)))
		return VALETKEY_ERR_NOMEM;
	return arrival_expect(arrival, r->client, (size_t)usual);
}

static int send_token(struct job *job, const struct redemption *r,
		      struct arrival *arrival, struct token_answer *answer)
{
	struct buf params = {0};
	const struct endpoint_request request = {
	    .client = r->client,
	    .client_secret = r->secret,
	    .params = &params,
	    .received = arrival_take,
	    .data = arrival,
	};
	int rc = VALETKEY_ERR_NOMEM;

	if (form_add(&params, "grant_type", "refresh_token") ||
	    form_add(&params, "refresh_token", r->grant->refresh_token) ||
	    flow_add_scope(r->client, r->grant, &params))
		no_memory_to_refresh(job);
	else
		rc = endpoint_refresh(&request, answer, &job->problem);
	buf_free(&params);
	job->provider_asked = true;
	job->retry_after_s = answer->retry_after_s;
	job->provider_reached = answer->status || answer->unknown;
	return rc;
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

static int flow_unreadable(struct job *job, const struct client *client)
{
	return problem_set(
	    &job->problem, VALETKEY_ERR_LOGIN,
	    "%s answered the last refresh of account %s with something that "
	    "names a refresh token but cannot be read. It is kept (sealed), "
	    "and the old refresh token, which may be superseded, is not sent "
	    "again. Run: valetkey login %s",
	    client->provider_name, client->account, client->account);
}

static enum renewal understand(const struct redemption *r,
			       const struct arrival *arrival,
			       const struct record *fields,
			       struct grant *renewed)
{
	enum renewal renewal =
	    renewal_of(r->client, r->grant, arrival, fields, renewed);

	/* Too precious to give up at once: it may be for want of memory. */
	if (renewal != RENEWAL_NOMEM && renewal != RENEWAL_UNREADABLE)
		return renewal;
	grant_free(renewed);
	return renewal_of(r->client, r->grant, arrival, fields, renewed);
}

/* How the request ended. A new grant that is parked but cannot be stored is good
 * to use: the next run stores it. */
static int refresh_redeem(struct job *job, struct redemption *r,
			  struct token_answer *answer)
{
	struct arrival arrival = {0};
	struct grant renewed = {0};
	enum renewal renewal = RENEWAL_NONE;
	struct problem how;
	sigset_t before;
	int rc, stored;

	critical_begin(&before);
	/* 1. Room for what may come, before the old token is spent. */
	rc = expect_answer(r, &arrival);
	if (rc)
		no_memory_to_refresh(job);
	/* 2. The request: what comes is parked as it comes. */
	else
		rc = send_token(job, r, &arrival, answer);
	how = job->problem;
	/* 3. Then it is understood. */
	renewal =
	    understand(r, &arrival, rc ? NULL : &answer->fields, &renewed);
	if (renewal == RENEWAL_NOMEM && !rc)
		rc = no_memory_to_refresh(job);
	else if (renewal == RENEWAL_UNREADABLE)
		rc = flow_unreadable(job, r->client);
	/* 4. A new grant is stored before anybody hears of it. */
	if (renewal == RENEWAL_GRANT) {
		stored = store_renewed(job, r->client, &renewed);
		if (!stored || arrival.parked) {
			grant_replace(r->grant, &renewed);
			job->problem = how;
		} else if (rc) {
			job->problem = how;
		} else {
			rc = stored;
		}
	}
	/* 5. What has no meaning is not kept; of a request that may have been
	 * acted on it stays known that it went out. */
	if (renewal == RENEWAL_UNREADABLE)
		park_keep(&arrival.place);
	else if (renewal == RENEWAL_NONE && r->parked.len)
		park_put_back(&arrival.place, &r->parked);
	else if (renewal == RENEWAL_NONE ? !answer->unknown : !arrival.parked)
		park_clear(&arrival.place);
	critical_end(&before);
	grant_free(&renewed);
	arrival_free(&arrival);
	return rc;
}

/* What a run before us got and could not store any more. */
static int take_parked(struct job *job, struct redemption *r)
{
	const struct park_place place = renewal_place(r->client, r->grant);
	struct grant found = {0};
	int rc = VALETKEY_OK;

	switch (renewal_find(r->client, r->lock, r->grant, &found)) {
	case RENEWAL_GRANT:
		rc = store_renewed(job, r->client, &found);
		if (rc)
			break;
		grant_replace(r->grant, &found);
		return VALETKEY_OK;
	case RENEWAL_UNREADABLE:
		return flow_unreadable(job, r->client);
	case RENEWAL_OTHER: /* it stays until ours has worked */
		park_keep(&place);
		if (!park_copy(&place, &r->parked))
			rc = no_memory_to_refresh(job);
		r->other = found;
		return VALETKEY_OK;
	case RENEWAL_IN_FLIGHT:
		r->interrupted = true;
		break;
	case RENEWAL_NOMEM:
		rc = no_memory_to_refresh(job);
		break;
	case RENEWAL_NONE:
		break;
	}
	grant_free(&found);
	return rc;
}

/* True where the keyring holds another refresh token than the one refused. */
static bool rotated_by_another(struct job *job, const struct client *client,
			       struct grant *grant)
{
	struct problem kept = job->problem;
	struct grant now = {0};
	bool found;

	if (grant_load(job, client, &now, &found) == VALETKEY_OK &&
	    now.refresh_token &&
	    strcmp(now.refresh_token, grant->refresh_token) != 0) {
		grant_replace(grant, &now);
		return true;
	}
	grant_free(&now);
	job->problem = kept;
	return false;
}

/* The one that another machine got from the same grant: the last to try. It
 * takes the place of the refused one first, and stays parked if it cannot. */
static bool flow_take_other(struct job *job, struct redemption *r)
{
	struct problem kept = job->problem;

	if (!r->other.refresh_token)
		return false;
	if (store_renewed(job, r->client, &r->other) == 0 &&
	    !store_unverified(job->store))
		buf_clear(&r->parked);
	job->problem = kept;
	grant_replace(r->grant, &r->other);
	return true;
}

/* Remembers that only a login helps, and why; the old tokens go. */
static void record_death(struct job *job, const struct redemption *r)
{
	const char *why = r->interrupted
			      ? " The refresh before it was interrupted while "
				"its answer was on the way, which may be why."
			      : "";
	struct problem kept = job->problem, reason;

	problem_set(&reason, VALETKEY_ERR_LOGIN, "%s%s", kept.text, why);
	grant_set(&r->grant->refresh_token, NULL);
	grant_set(&r->grant->access_token, NULL);
	if (grant_set(&r->grant->needs_login, reason.text) == 0)
		grant_save(job, r->client, r->grant);
	problem_set(&job->problem, VALETKEY_ERR_LOGIN,
		    "%s The grant has ended (expired or revoked).%s Run: "
		    "valetkey login %s",
		    kept.text, why, r->client->account);
}

/* By what its names meant at the login. */
static bool flow_ends(const struct grant *grant, const char *name)
{
	return strcmp(token_error_meaning(&grant->errors, name),
		      "invalid_grant") == 0;
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
 * What a login does not mend is known by its name. */
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

static int redeem_until_known(struct job *job, struct redemption *r)
{
	bool again = true;
	int rc = VALETKEY_ERR_LOGIN;

	while (again) {
		struct token_answer answer = {0};

		again = false;
		rc = refresh_redeem(job, r, &answer);
		if (strcmp(answer.error, "invalid_grant") == 0) {
			again = rotated_by_another(job, r->client, r->grant) ||
				flow_take_other(job, r);
			if (!again && flow_ends(r->grant, answer.name))
				record_death(job, r);
			else if (!again)
				doubt_death(job, r->client);
		} else if (rc == VALETKEY_ERR_DENIED &&
			   may_need_login(&answer)) {
			advise_login(job, r->client);
		}
		token_answer_free(&answer);
	}
	return rc;
}

/* Another session's keyring has a newer one than ours shows. */
static int outdated(const struct client *client, struct problem *problem)
{
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

int flow_refresh_check(struct job *job, const struct client *client, int lock,
		       const struct grant *grant)
{
	struct grant found = {0};
	enum renewal renewal = renewal_find(client, lock, grant, &found);

	grant_free(&found);
	if (renewal == RENEWAL_GRANT)
		return VALETKEY_OK;
	if (renewal == RENEWAL_UNREADABLE)
		return flow_unreadable(job, client);
	if (renewal == RENEWAL_IN_FLIGHT)
		return problem_set(
		    &job->problem, VALETKEY_ERR_NETWORK,
		    "The last refresh was interrupted before its answer came. "
		    "The next use tries again; if the provider has acted on it "
		    "anyway, a login is needed then.");
	return check_sendable(client, lock, grant, &job->problem);
}

int flow_refresh(struct job *job, const struct client *client, int lock,
		 struct grant *grant)
{
	struct redemption r = {.client = client, .lock = lock, .grant = grant};
	struct record item = {0};
	int rc;

	if (!grant->refresh_token)
		return problem_set(
		    &job->problem, VALETKEY_ERR_LOGIN,
		    "The access token of account %s has expired and %s gave no "
		    "refresh token at the login. Run: valetkey login %s",
		    client->account, client->provider_name, client->account);
	rc = store_writable(job->store, &job->problem);
	if (!rc)
		rc = take_parked(job, &r);
	if (!rc && grant_good_for(grant) > 0 &&
	    grant_issued_clock(grant) >= job->began)
		goto out;
	if (!rc)
		rc = check_sendable(client, lock, grant, &job->problem);
	if (!rc)
		rc = registration_secret(job, client, &item);
	if (!rc) {
		r.secret = record_get(&item, "client_secret");
		rc = redeem_until_known(job, &r);
	}
out:
	grant_free(&r.other);
	buf_free(&r.parked);
	record_free(&item);
	return rc;
}

/* ---- for the client itself ---- */

/* A token for the client itself (RFC 6749 4.4): machine to machine, no person,
 * no refresh token, never offline_access. */

#define STORE_LIMIT_MS 30000

int flow_client_credentials(struct job *job, const struct client *client,
			    struct grant *grant)
{
	struct token_answer answer = {0};
	struct record item = {0};
	struct buf params = {0};
	struct endpoint_request request = {.client = client, .params = &params};
	int rc = registration_secret(job, client, &item);

	if (rc)
		goto out;
	request.client_secret = record_get(&item, "client_secret");
	rc = VALETKEY_ERR_NOMEM;
	if (form_add(&params, "grant_type", "client_credentials") ||
	    form_add(&params, "scope", client->scope)) {
		problem_set(&job->problem, rc, "Out of memory.");
		goto out;
	}
	rc = endpoint_token(&request, &answer, &job->problem);
	job->provider_asked = true;
	job->retry_after_s = answer.retry_after_s;
	job->provider_reached = answer.status || answer.unknown;
	if (rc)
		goto out;
	rc = grant_from_answer(client,
			       &(struct grant_source){
				   .answer = &answer.fields,
				   .asked_scope = client->scope,
			       },
			       grant);
	if (rc)
		goto out;
	store_set_deadline(job_store(job), deadline_in(STORE_LIMIT_MS));
	rc = grant_save(job, client, grant);
out:
	token_answer_free(&answer);
	buf_free(&params);
	record_free(&item);
	return rc;
}
