/* SPDX-License-Identifier: MIT */
/*
 * revocation.c - see revocation.h. Some providers end all grants that a person has
 * given to the client when one of them is revoked (`revocation_ends` of
 * provider.h): there a grant that a login has replaced must not be revoked as long
 * as the account is logged in, and waits for the logout. With a provider of which
 * that is not known the new login ends too, once: the next one replaces a grant
 * that is dead, which nobody revokes.
 */
#include "revocation.h"

#include "grant.h"
#include "registration.h"
#include "renewal.h"
#include "store/machine.h"
#include <valetkey.h>

#include <string.h>

/* A value that the grant is pinned to; NULL: pinned as absent. */
static const char *pin_value(const struct record *grant, const char *key)
{
	const char *value = record_get(grant, key);

	return value && *value ? value : NULL;
}

/* Whether a revocation ends this grant and no other; no person has given a
 * machine's token anything. */
static bool ends_alone(const struct client *client)
{
	const char *ends = record_get(&client->config, "revocation_ends");

	return !ends || strcmp(ends, "person") != 0 ||
	       strcmp(client->grant, "client_credentials") == 0;
}

/* The refresh token where there is one: with it goes the whole grant. */
int revocation_make(struct job *job, const struct client *client,
		    const struct record *grant, struct revocation *revocation)
{
	const char *refresh = record_get(grant, "refresh_token");
	const char *access = record_get(grant, "access_token");
	int rc;

	*revocation = (struct revocation){
	    .client = *client,
	    .pending = {.token = refresh ? refresh : access,
			.hint = refresh ? "refresh_token" : "access_token",
			.alone = ends_alone(client)},
	};
	revocation->pending.client = &revocation->client;
	client = &revocation->client;
	revocation->client.revocation_endpoint =
	    pin_value(grant, "pin.revocation_endpoint");
	revocation->client.ca_file = pin_value(grant, "pin.ca_file");
	revocation->client.issuer = pin_value(grant, "pin.issuer");
	revocation->client.token_endpoint =
	    pin_value(grant, "pin.token_endpoint");
	revocation->client.client_id = pin_value(grant, "pin.client_id");
	if (!revocation->pending.token)
		return VALETKEY_OK;
	if (machine_is_other(client, grant) && !machine_may_share(client))
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

int revocation_find(struct job *job, const struct client *client, int lock,
		    struct record *grant, bool *found)
{
	struct record renewed = {0};
	int rc = grant_load_item(job, client, STORE_GRANT, grant, found);

	if (!rc && *found &&
	    renewal_find(client, lock, grant, &renewed) == RENEWAL_GRANT) {
		record_free(grant);
		*grant = renewed;
		return VALETKEY_OK;
	}
	record_free(&renewed);
	return rc;
}

/* Whether they are known to be two persons'. */
static bool is_somebody_else(const struct record *a, const struct record *b)
{
	const char *one = record_get(a, "identity_id");
	const char *other = record_get(b, "identity_id");

	return one && other && strcmp(one, other) != 0;
}

/* Whether there is something left to end. */
static bool lives(const struct record *grant)
{
	return !record_get(grant, "needs_login") &&
	       (record_get(grant, "refresh_token") ||
		grant_good_for(grant) > 0);
}

void revocation_of_replaced(struct job *job, const struct client *client,
			    const struct record *old,
			    const struct record *grant)
{
	struct problem kept = job->problem;
	struct revocation revocation = {0};
	const struct pending *pending = NULL;

	if (lives(old) &&
	    revocation_make(job, client, old, &revocation) == VALETKEY_OK) {
		revocation.pending.alone |= is_somebody_else(old, grant);
		pending = &revocation.pending;
	}
	pending_replace(job, pending, grant);
	revocation_free(&revocation);
	job->problem = kept;
}

void revocation_of_unwanted(struct job *job, const struct client *client,
			    const char *client_secret,
			    const struct record *grant)
{
	struct problem kept = job->problem;
	const char *refresh = record_get(grant, "refresh_token");
	struct pending pending = {
	    .client = client,
	    .client_secret = client_secret,
	    .token = refresh ? refresh : record_get(grant, "access_token"),
	    .hint = refresh ? "refresh_token" : "access_token",
	    .alone = ends_alone(client),
	};
	struct record stored = {0};
	bool found;

	if (client->revocation_endpoint && pending.token) {
		grant_load_item(job, client, STORE_GRANT, &stored, &found);
		pending.alone |= is_somebody_else(&stored, grant);
		pending_add(job, &pending);
	}
	record_free(&stored);
	job->problem = kept;
}
