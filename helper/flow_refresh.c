/* SPDX-License-Identifier: MIT */
/*
 * flow_refresh.c - redeems the refresh token. The order matters: the keyring is
 * known to take a write before the token is spent, the answer is parked at once
 * (park.h) and stored before anybody hears of it, and nothing but the server's
 * invalid_grant for the token that is stored now makes a grant dead.
 */
#include "clock.h"
#include "critical.h"
#include "endpoint.h"
#include "flow.h"
#include "grant.h"
#include "newest.h"
#include "park.h"
#include "registration.h"
#include "scope.h"
#include "token_error.h"
#include "valetkey.h"

#include <string.h>

#define STORE_LIMIT_MS 30000

/* What the grant has, for a provider that forgets it: the offline scope is not
 * named in every answer, but there is a refresh token (RFC 6749 6: no more than
 * was granted). */
static int add_scope(const struct client *client, const struct record *grant,
		     struct buf *params)
{
	const char *wanted = record_get(&client->config, "refresh_scope");
	const char *separator = record_get(&client->config, "scope_separator");
	struct buf scope = {0};
	int rc = 0;

	if (!wanted || strcmp(wanted, "yes") != 0)
		return 0;
	rc = scope_add(&scope, record_get(grant, "scope")) ||
	     scope_add(&scope, record_get(&client->config, "offline_scope"));
	for (size_t i = 0; separator && *separator && i < scope.len; i++)
		if (scope.data[i] == ' ')
			scope.data[i] = *separator;
	if (!rc && scope.len)
		rc = endpoint_param(params, "scope", scope.data);
	buf_free(&scope);
	return rc;
}

/* A refresh token on its way. */
struct redemption {
	const struct client *client;
	const char *secret;
	struct record *grant;  /* the stored one */
	struct record renewed; /* what comes in its place */
	bool parked;	       /* the latter is safe */
};

/* While the connection is still open: nothing may come between. */
static void on_success(const struct endpoint_answer *answer, void *data)
{
	struct redemption *r = data;

	if (grant_from_answer(r->client, &answer->fields, r->grant, NULL,
			      &r->renewed) == VALETKEY_OK)
		r->parked = park_put(r->client, r->grant, &r->renewed);
	if (!r->parked)
		record_free(&r->renewed);
}

static int request_token(struct redemption *r, struct endpoint_answer *answer,
			 struct problem *problem)
{
	struct buf params = {0};
	const struct endpoint_request request = {
	    .client = r->client,
	    .client_secret = r->secret,
	    .params = &params,
	    .received = on_success,
	    .data = r,
	};
	int rc = VALETKEY_ERR_NOMEM;

	if (endpoint_param(&params, "grant_type", "refresh_token") ||
	    endpoint_param(&params, "refresh_token",
			   record_get(r->grant, "refresh_token")) ||
	    add_scope(r->client, r->grant, &params))
		problem_set(problem, rc, "Out of memory.");
	else
		rc = endpoint_refresh(&request, answer, problem);
	buf_free(&params);
	return rc;
}

/* Into the keyring; the caller's deadline no longer counts. */
static int store(struct job *job, const struct client *client,
		 const struct record *grant)
{
	int rc;

	store_set_deadline(job->store, deadline_in(STORE_LIMIT_MS));
	rc = grant_save(job, client, grant);
	if (rc)
		park_keep(client);
	return rc;
}

/* The answer as a grant. One that is of no use, but brings the refresh token
 * that supersedes ours, leaves us with that and what we have. */
static int renewed_grant(struct redemption *r, int unusable,
			 const struct endpoint_answer *answer)
{
	const char *refresh_token =
	    record_get(&answer->fields, "refresh_token");

	record_free(&r->renewed);
	if (!unusable)
		return grant_from_answer(r->client, &answer->fields, r->grant,
					 NULL, &r->renewed);
	if (!refresh_token)
		return unusable;
	return record_append(&r->renewed, r->grant) ||
		       record_set(&r->renewed, "refresh_token", refresh_token)
		   ? VALETKEY_ERR_NOMEM
		   : VALETKEY_OK;
}

/* Where it was not parked as it came in. */
static int take_answer(struct redemption *r, int unusable,
		       const struct endpoint_answer *answer)
{
	int rc = renewed_grant(r, unusable, answer);

	if (rc == VALETKEY_ERR_NOMEM) /* too precious to give up at once */
		rc = renewed_grant(r, unusable, answer);
	if (!rc)
		r->parked = park_put(r->client, r->grant, &r->renewed);
	return rc;
}

/* Redeems, parks, stores. A new grant that is parked but cannot be stored is
 * good to use: the next run stores it. */
static int redeem(struct job *job, struct redemption *r,
		  struct endpoint_answer *answer)
{
	struct problem why = {0};
	sigset_t before;
	int unusable, rc = VALETKEY_OK;

	critical_begin(&before);
	park_reserve(r->client, r->grant);
	unusable = request_token(r, answer, &job->problem);
	job->provider_asked = true;
	job->retry_after_s = answer->retry_after_s;
	job->provider_reached = answer->status || answer->unknown;
	if (r->parked) /* however the exchange ended */
		unusable = VALETKEY_OK;
	else
		rc = take_answer(r, unusable, answer);
	if (unusable)
		why = job->problem;
	else
		job->problem = why;
	if (!rc)
		rc = store(job, r->client, &r->renewed);
	if (rc == VALETKEY_OK && r->parked)
		park_stored(r->client, grant_good_for(&r->renewed));
	else if (!r->parked && !answer->unknown)
		park_clear(r->client);
	critical_end(&before);
	if (unusable)
		job->problem = why;
	if (rc && !r->parked) {
		record_free(&r->renewed);
		return unusable ? unusable : rc;
	}
	record_free(r->grant);
	*r->grant = r->renewed;
	return unusable;
}

/* What a run before us got and could not store any more. */
static int take_parked(struct job *job, const struct client *client, int lock,
		       struct record *grant)
{
	struct record parked = {0};
	int rc = VALETKEY_OK;

	if (park_look(client, lock, grant, &parked) != PARK_GRANT)
		return rc;
	rc = store(job, client, &parked);
	if (rc) {
		record_free(&parked);
		return rc;
	}
	park_stored(client, grant_good_for(&parked));
	record_free(grant);
	*grant = parked;
	return rc;
}

/* True where the keyring holds another refresh token than the one refused. */
static bool rotated_by_another(struct job *job, const struct client *client,
			       struct record *grant)
{
	const char *refused = record_get(grant, "refresh_token");
	struct problem kept = job->problem;
	struct record now = {0};
	const char *stored;
	bool found;

	if (grant_load(job, client, &now, &found) == VALETKEY_OK && found) {
		stored = record_get(&now, "refresh_token");
		if (stored && strcmp(stored, refused) != 0) {
			record_free(grant);
			*grant = now;
			return true;
		}
	}
	record_free(&now);
	job->problem = kept;
	return false;
}

/* Remembers that only a login helps, and why; the old tokens go. */
static void record_death(struct job *job, const struct client *client,
			 struct record *grant)
{
	struct problem kept = job->problem;

	record_remove(grant, "refresh_token");
	record_remove(grant, "access_token");
	if (record_set(grant, "needs_login", kept.text) == 0)
		grant_save(job, client, grant);
	problem_set(&job->problem, VALETKEY_ERR_LOGIN,
		    "%s The grant has ended (expired or revoked). Run: "
		    "valetkey login %s",
		    kept.text, client->account);
}

/* By what its names meant at the login. */
static bool ends(const struct record *grant, const char *name)
{
	return strcmp(token_error_meaning(grant, name), "invalid_grant") == 0;
}

/* The server's word for it is another one since the file was changed: nothing
 * of the grant goes. */
static void doubt_death(struct job *job, const struct client *client)
{
	struct problem kept = job->problem;

	problem_set(&job->problem, VALETKEY_ERR_LOGIN,
		    "%s That this ends a grant ('error[]') is new since the "
		    "login, so the grant is kept. Put the provider's file or "
		    "the account's back, or run: valetkey login %s",
		    kept.text, client->account);
}

static int refresh_with(struct job *job, const struct client *client,
			const char *secret, struct record *grant)
{
	bool again = true;
	int rc = VALETKEY_ERR_LOGIN;

	while (again) {
		struct redemption r = {
		    .client = client, .secret = secret, .grant = grant};
		struct endpoint_answer answer = {0};

		again = false;
		rc = redeem(job, &r, &answer);
		if (strcmp(answer.error, "invalid_grant") == 0) {
			again = rotated_by_another(job, client, grant);
			if (!again && ends(grant, answer.name))
				record_death(job, client, grant);
			else if (!again)
				doubt_death(job, client);
		}
		endpoint_answer_free(&answer);
	}
	return rc;
}

/* Another session's keyring has a newer one than ours shows. */
static int outdated(struct job *job, const struct client *client)
{
	return problem_set(
	    &job->problem, VALETKEY_ERR_LOGIN,
	    "This session's keyring shows an older login of account %s than "
	    "another session of yours has stored. Lock the keyring in its "
	    "manager and unlock it again, or log in to the desktop again. If "
	    "that does not help, run: valetkey login %s",
	    client->account, client->account);
}

int flow_refresh(struct job *job, const struct client *client, int lock,
		 struct record *grant)
{
	struct record item = {0};
	int rc;

	if (!record_get(grant, "refresh_token"))
		return problem_set(
		    &job->problem, VALETKEY_ERR_LOGIN,
		    "The access token of account %s has expired and %s gave no "
		    "refresh token at the login. Run: valetkey login %s",
		    client->account, client->name, client->account);
	rc = store_writable(job->store, &job->problem);
	if (!rc)
		rc = take_parked(job, client, lock, grant);
	if (!rc && grant_good_for(grant) > 0 &&
	    grant_issued_clock(grant) >= job->began)
		return rc;
	if (!rc && newest_is_another(lock, grant))
		rc = outdated(job, client);
	if (!rc)
		rc = registration_secret(job, client, &item);
	if (!rc)
		rc = refresh_with(job, client,
				  record_get(&item, "client_secret"), grant);
	record_free(&item);
	return rc;
}
