/* SPDX-License-Identifier: MIT */
/*
 * revocation.c - one revocation (revocations.h): what it takes to end a grant, how
 * it is sent, and which grants that are replaced or not wanted are to be ended.
 */
#include "revocations.h"

#include "core/form.h"
#include "grant.h"
#include "oauth/endpoint.h"
#include "registration.h"
#include "renewal.h"
#include "store/machine.h"
#include <valetkey.h>

#include <string.h>

/* Some providers end all grants that a person has given to the client when one
 * of them is revoked (`revocation_ends` of provider.h): there a grant that a
 * login has replaced must not be revoked as long as the account is logged in,
 * and waits for the logout. With a provider of which that is not known the new
 * login ends too, once: the next one replaces a grant that is dead, which
 * nobody revokes. */

/* A value that the grant is pinned to; NULL: pinned as absent. */
static const char *pin_value(const struct grant *grant, const char *key)
{
	const char *value = client_pin_of(&grant->pins, key);

	return *value ? value : NULL;
}

/* Whether a revocation ends this grant and no other; no person has given a
 * machine's token anything. */
static bool ends_alone(const struct client *client)
{
	const char *ends = record_get(&client->config, "revocation_ends");

	return !ends || strcmp(ends, "person") != 0 ||
	       client->grant_type == GRANT_TYPE_CLIENT_CREDENTIALS;
}

/* The refresh token if there is one: with it goes the whole grant. */
int revocation_make(struct job *job, const struct client *client,
		    const struct grant *grant, struct revocation *revocation)
{
	const char *refresh = grant->refresh_token;
	int rc;

	*revocation = (struct revocation){
	    .client = *client,
	    .pending = {.token = refresh ? refresh : grant->access_token,
			.hint = refresh ? "refresh_token" : "access_token",
			.alone = ends_alone(client)},
	};
	revocation->pending.client = &revocation->client;
	client = &revocation->client;
	revocation->client.revocation_endpoint =
	    pin_value(grant, "revocation_endpoint");
	revocation->client.ca_file = pin_value(grant, "ca_file");
	revocation->client.issuer = pin_value(grant, "issuer");
	revocation->client.token_endpoint = pin_value(grant, "token_endpoint");
	revocation->client.client_id = pin_value(grant, "client_id");
	if (!revocation->pending.token)
		return VALETKEY_OK;
	if (machine_is_other(client, grant->machine) &&
	    !machine_may_share(client))
		return problem_set(
		    &job->problem, VALETKEY_ERR_ARG,
		    "The login was made on another machine and "
		    "may be in use there, so it is not revoked.");
	if (!client->revocation_endpoint || !client->client_id)
		return problem_set(&job->problem, VALETKEY_ERR_ARG,
				   "The provider has no revocation endpoint; "
				   "the tokens end by themselves.");
	rc = registration_secret_for(job, client, grant,
				     &revocation->registration);
	revocation->pending.client_secret =
	    record_get(&revocation->registration, "client_secret");
	return rc;
}

void revocation_free(struct revocation *revocation)
{
	record_free(&revocation->registration);
}

int revocation_send(const struct waiting_revocation *pending,
		    struct problem *problem)
{
	struct buf params = {0};
	const struct endpoint_request request = {
	    .client = pending->client,
	    .client_secret = pending->client_secret,
	    .params = &params,
	};
	int rc;

	if (form_add(&params, "token", pending->token) ||
	    form_add(&params, "token_type_hint", pending->hint))
		rc = problem_no_memory(problem);
	else
		rc = endpoint_revoke(&request, problem);
	buf_free(&params);
	return rc;
}

bool revocation_may_pass(int result)
{
	return result == VALETKEY_ERR_NETWORK ||
	       result == VALETKEY_ERR_TIMEOUT ||
	       result == VALETKEY_ERR_THROTTLED || result == VALETKEY_ERR_NOMEM;
}

int revocation_find(struct job *job, const struct client *client, int lock,
		    struct grant *grant, bool *found)
{
	struct grant renewed = {0};
	int rc = grant_look(job, client, grant, found);

	if (!rc && *found &&
	    renewal_find(client, lock, grant, &renewed) == RENEWAL_GRANT)
		grant_replace(grant, &renewed);
	grant_free(&renewed);
	return rc;
}

/* Whether they are known to be two persons'. */
static bool is_somebody_else(const struct grant *a, const struct grant *b)
{
	return a->identity_id && b->identity_id &&
	       strcmp(a->identity_id, b->identity_id) != 0;
}

/* Whether there is something left to end. */
static bool revocations_lives(const struct grant *grant)
{
	return !grant->needs_login &&
	       (grant->refresh_token || grant_good_for(grant) > 0);
}

void revocation_of_replaced(struct job *job, const struct client *client,
			    const struct grant *old, const struct grant *grant)
{
	struct problem kept = job->problem;
	struct revocation revocation = {0};
	const struct waiting_revocation *pending = NULL;

	if (revocations_lives(old) &&
	    revocation_make(job, client, old, &revocation) == VALETKEY_OK) {
		revocation.pending.alone |= is_somebody_else(old, grant);
		pending = &revocation.pending;
	}
	revocations_replace(job, pending, grant);
	revocation_free(&revocation);
	job->problem = kept;
}

void revocation_of_unwanted(struct job *job, const struct client *client,
			    const char *client_secret,
			    const struct grant *grant)
{
	struct problem kept = job->problem;
	const char *refresh = grant->refresh_token;
	struct waiting_revocation pending = {
	    .client = client,
	    .client_secret = client_secret,
	    .token = refresh ? refresh : grant->access_token,
	    .hint = refresh ? "refresh_token" : "access_token",
	    .alone = ends_alone(client),
	};
	struct grant stored = {0};
	bool found;

	if (client->revocation_endpoint && pending.token) {
		grant_look(job, client, &stored, &found);
		pending.alone |= is_somebody_else(&stored, grant);
		revocations_add(job, &pending);
	}
	grant_free(&stored);
	job->problem = kept;
}
