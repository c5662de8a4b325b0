/* SPDX-License-Identifier: MIT */
/*
 * login_parked.c - what a login left that ended between its answer and the
 * keyring: the person's consent is not asked for twice, and no grant lives on at
 * the provider that nobody knows of.
 */
#include "core/clock.h"
#include "grant/grant.h"
#include "grant/registration.h"
#include "identity.h"
#include "login.h"
#include "oauth/token_answer.h"
#include "store/lock.h"
#include "store/newest.h"
#include <valetkey.h>

#include <string.h>

/* Who was killed has let go of the login's lock by then. */
#define DYING_MS 200

static bool has_same_pins(const struct client *client,
			  const struct arrival *arrival)
{
	const char *then = record_get(&arrival->about, "pins");
	struct buf now = {0};
	bool same = then && login_pins(client, &now) == 0 &&
		    strcmp(now.data, then) == 0;

	buf_free(&now);
	return same;
}

/* One that was found, beside the grant that is stored. */
struct parked {
	struct login *login;
	const struct arrival *arrival;
	struct record stored;
};

/* Who it is, and whether that needs no question. 0, or what is wrong. */
static int identify_parked(const struct parked *parked,
			   const struct endpoint_answer *answer,
			   struct record *grant)
{
	struct login *login = parked->login;
	const struct identity_login who = {login->client, answer, login->scope,
					   login->nonce};
	int rc = identity_find(&who, grant, &login->job->problem);

	if (!rc && identity_is_another(&parked->stored, grant) &&
	    !record_get(&parked->arrival->about, "accept_change"))
		rc = VALETKEY_ERR_CANCELED;
	return rc;
}

/* 0: a grant to store. ERR_NOMEM, or of no use. */
static int make_grant(const struct parked *parked,
		      struct endpoint_answer *answer, struct record *grant)
{
	struct login *login = parked->login;
	const struct arrival *arrival = parked->arrival;
	const struct http_answer http = {
	    .status = 200,
	    .body = arrival_body(arrival),
	    .date = record_get_int(&arrival->about, "issued_at", 0),
	};
	const struct grant_source source = {
	    .answer = &answer->fields,
	    .asked_scope = login->scope,
	    .arrival = arrival,
	};
	int rc = token_answer_read(login->client, &http, answer,
				   &login->job->problem);

	if (!rc && !has_same_pins(login->client, arrival))
		rc = VALETKEY_ERR_DENIED;
	if (!rc)
		rc = grant_from_answer(login->client, &source, grant);
	if (!rc)
		rc = identify_parked(parked, answer, grant);
	return rc;
}

static int store_or_end(const struct parked *parked, int lock)
{
	struct login *login = parked->login;
	const struct arrival *arrival = parked->arrival;
	struct endpoint_answer answer = {0};
	struct problem kept = login->job->problem;
	struct record grant = {0};
	const char *secret;
	int rc;

	login->scope = record_get(&arrival->about, "scope");
	login->nonce = record_get(&arrival->about, "nonce");
	rc = make_grant(parked, &answer, &grant);
	if (!rc) {
		rc = login_store(login, lock, arrival, &grant);
	} else if (rc != VALETKEY_ERR_NOMEM) {
		login->job->problem = kept;
		if (answer.fields.pairs.len &&
		    login_secret(login, &secret) == VALETKEY_OK)
			login_give_back(login, &answer.fields);
		login->job->problem = kept;
		park_clear(&arrival->place);
		rc = VALETKEY_OK;
	}
	endpoint_answer_free(&answer);
	record_free(&grant);
	return rc;
}

/* Whether the stored grant is that login's, or a later one's: who was killed
 * before the copy went, or somebody has put it back. Its token may be superseded
 * by now, and with it a revocation would end the stored grant. */
static bool was_taken(const struct parked *parked)
{
	int64_t stored = newest_login(&parked->stored);

	return stored && stored >= newest_login(&parked->arrival->about);
}

/* A keyring that cannot be asked says nothing of it: it stays. */
static int take(struct login *login, int lock, const struct arrival *arrival)
{
	struct parked parked = {.login = login, .arrival = arrival};
	bool found;
	int rc = grant_load_item(login->job, login->client, STORE_GRANT,
				 &parked.stored, &found);

	if (!rc && was_taken(&parked))
		park_clear(&arrival->place);
	else if (!rc)
		rc = store_or_end(&parked, lock);
	record_free(&parked.stored);
	return rc;
}

int login_recover(struct login *login, int lock)
{
	struct arrival arrival = {
	    .place = {.id = login->client->id, .slot = PARK_LOGIN}};
	struct buf nothing = {0};
	int rc;

	if (park_read(&arrival.place, &nothing) == PARK_EMPTY)
		return VALETKEY_OK;
	rc = registration_seal(login->job, login->client, &login->seal);
	if (rc)
		return rc;
	arrival.place.seal = buf_text(&login->seal);
	if (arrival_find(&arrival) == PARK_SEALED)
		rc = take(login, lock, &arrival);
	else /* it was killed before anything came, or is another's */
		park_clear(&arrival.place);
	buf_clear(&login->seal);
	login->scope = login->nonce = NULL;
	arrival_free(&arrival);
	return rc;
}

int login_take_parked(struct job *job, const struct client *client, int lock)
{
	const struct flow_options options = {.flow = NULL};
	struct login login = {
	    .job = job, .client = client, .options = &options};
	struct park_place place = {.id = client->id, .slot = PARK_LOGIN};
	struct problem busy = {0};
	struct buf nothing = {0};
	int login_lock, rc;

	if (park_read(&place, &nothing) == PARK_EMPTY ||
	    lock_take(client->id, LOCK_LOGIN, deadline_in(DYING_MS),
		      &login_lock, &busy))
		return VALETKEY_OK;
	rc = login_recover(&login, lock);
	record_free(&login.registration);
	buf_free(&login.seal);
	lock_drop(&login_lock);
	return rc;
}
