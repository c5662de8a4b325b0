/* SPDX-License-Identifier: MIT */
/*
 * login_grant.c - the end of a login: what the person's consent has brought is
 * redeemed for a grant, and the grant is stored before anybody is told. Whatever
 * happens in between, the signals that would end us wait.
 */
#include "core/clock.h"
#include "crypto/crypto.h"
#include "grant/arrival.h"
#include "grant/revocations.h"
#include "grant/refused_tokens.h"
#include "grant/registration.h"
#include "identity.h"
#include "login.h"
#include "oauth/token_answer.h"
#include "store/lock.h"
#include "store/account_state.h"
#include <valetkey.h>

#include <string.h>

#define STORE_LIMIT_MS 30000
#define ANSWER_USUAL 4096

int login_secret(struct login *login, const char **secret)
{
	int rc = VALETKEY_OK;

	if (!login->registration.pairs.len)
		rc = registration_secret(login->job, login->client,
					 &login->registration);
	*secret = record_get(&login->registration, "client_secret");
	return rc;
}

void login_give_back(struct login *login, const struct grant *grant)
{
	revocation_of_unwanted(
	    login->job, login->client,
	    record_get(&login->registration, "client_secret"), grant);
}

static void give_back_answer(struct login *login,
			     const struct token_answer *answer)
{
	struct grant grant = {0};

	if (grant_read(&answer->fields, &grant) == 0)
		login_give_back(login, &grant);
	grant_free(&grant);
}

/* While the person was in the browser. */
static int account_removed(struct login *login, const struct grant *grant)
{
	login_give_back(login, grant);
	return problem_set(&login->job->problem, VALETKEY_ERR_ACCOUNT,
			   "Account %s was removed during the login.",
			   login->client->account);
}

/* Who it is, and whether that is who it was: asked without the account's lock,
 * since a person may have to answer. */
static int identify(struct login *login, const struct token_answer *answer,
		    struct grant *grant)
{
	const struct identity_login who = {login->client, answer, login->scope,
					   login->nonce};
	struct job *job = login->job;
	int rc = identity_find(&who, grant, &job->problem);

	if (!rc)
		rc = identity_check(login, grant);
	if (rc)
		login_give_back(login, grant);
	return rc;
}

/* In place of what is there; `lock` is the account's, held. */
static int replace_grant(struct login *login, int lock, struct grant *grant)
{
	const struct client *client = login->client;
	struct job *job = login->job;
	struct grant old = {0};
	bool found;
	int rc = revocation_find(job, client, lock, &old, &found);

	grant->generation = generation_next(client, lock, old.generation);
	/* Noted first: whoever is killed in between leaves a note of a token that
	 * is in use, which is never sent. */
	if (!rc) {
		revocation_of_replaced(job, client, &old, grant);
		rc = grant_save(job, client, grant);
	}
	if (!rc) {
		job_note(job, lock, rc);
		generation_note(client, lock, grant->generation,
				grant->refresh_token);
		refused_tokens_forget(lock);
	}
	grant_free(&old);
	return rc;
}

/* What cannot be stored stays parked, and the next run takes it. */
static int tell_parked(struct job *job)
{
	struct problem kept = job->problem;

	return problem_set(&job->problem, kept.result,
			   "%s The login is kept anyway, sealed: it is used as "
			   "soon as it can be stored.",
			   kept.text);
}

int login_store(struct login *login, int lock, const struct arrival *arrival,
		struct grant *grant)
{
	struct job *job = login->job;
	int rc;

	if (!client_still_there(login->client)) {
		rc = account_removed(login, grant);
		park_forget(login->client->id);
		return rc;
	}
	store_set_deadline(job->store, deadline_in(STORE_LIMIT_MS));
	rc = replace_grant(login, lock, grant);
	if (!rc && !store_unverified(job->store))
		park_forget(login->client->id);
	else
		park_keep(&arrival->place);
	return rc && arrival->parked ? tell_parked(job) : rc;
}

static int lock_and_store(struct login *login, const struct arrival *arrival,
			  struct grant *grant)
{
	int lock;
	int rc =
	    lock_take(login->client->id, LOCK_GRANT,
		      deadline_in(STORE_LIMIT_MS), &lock, &login->job->problem);

	if (!rc)
		rc = login_store(login, lock, arrival, grant);
	lock_drop(&lock);
	return rc;
}

/* A file that is changed before a parked login is found must not have it pinned
 * to somewhere else. */
int login_pins(const struct client *client, struct buf *digest)
{
	struct record pins = {0};
	struct buf text = {0};
	int rc = client_pin(client, &pins) || record_write(&pins, &text) ||
		 crypto_digest(buf_text(&text), digest);

	record_free(&pins);
	buf_free(&text);
	return rc;
}

/* After the grant that is there: see account_state.h. */
static int number_login(struct login *login, struct record *about)
{
	const struct client *client = login->client;
	struct problem kept = login->job->problem;
	struct grant stored = {0};
	int look = lock_look(client->id, LOCK_GRANT);
	bool found;
	int rc;

	grant_look(login->job, client, &stored, &found);
	rc = record_add_int(about, "login",
			    generation_next(client, look, stored.generation));
	lock_drop(&look);
	grant_free(&stored);
	login->job->problem = kept;
	return rc;
}

static int expect_login(struct login *login, struct arrival *arrival)
{
	const char *accepted = login->options->accept_change ? "yes" : NULL;
	struct record *about = &arrival->about;
	struct buf pins = {0};
	int rc = VALETKEY_ERR_NOMEM;

	arrival->place = (struct park_place){
	    .id = login->client->id,
	    .slot = PARK_LOGIN,
	    .seal = login->seal.len ? login->seal.data : NULL};
	if (login_pins(login->client, &pins) == 0 &&
	    number_login(login, about) == 0 &&
	    record_add(about, "scope", login->scope) == 0 &&
	    record_add(about, "nonce", login->nonce) == 0 &&
	    record_add(about, "accept_change", accepted) == 0 &&
	    record_add(about, "pins", pins.data) == 0)
		rc = arrival_expect(arrival, login->client, ANSWER_USUAL);
	buf_free(&pins);
	if (rc)
		rc = problem_no_memory(&login->job->problem);
	return rc;
}

/* What was refused all the same may have brought a refresh token. */
static void end_arrival(struct login *login, const struct arrival *arrival,
			const struct token_answer *answer)
{
	if (record_get(&answer->fields, "refresh_token"))
		give_back_answer(login, answer);
	park_clear(&arrival->place);
}

static int request_grant(struct login *login, struct buf *params,
			 struct arrival *arrival, struct token_answer *answer)
{
	struct job *job = login->job;
	struct endpoint_request request = {
	    .client = login->client,
	    .params = params,
	    .received = arrival_take,
	    .data = arrival,
	};
	int rc = login_secret(login, &request.client_secret);

	if (!rc)
		rc = expect_login(login, arrival);
	if (rc)
		return rc;
	rc = endpoint_token(&request, answer, &job->problem);
	job->provider_reached = answer->status != 0;
	return rc;
}

int login_redeem(struct login *login, struct buf *params,
		 struct token_answer *answer, struct grant *grant)
{
	struct job *job = login->job;
	struct arrival arrival = {0};
	sigset_t before;
	int rc;

	critical_begin(&before);
	rc = request_grant(login, params, &arrival, answer);
	if (rc) {
		end_arrival(login, &arrival, answer);
		goto out;
	}
	rc = grant_from_answer(login->client,
			       &(struct grant_source){
				   .answer = &answer->fields,
				   .asked_scope = login->scope,
				   .arrival = &arrival,
			       },
			       grant);
	if (!rc) {
		rc = identify(login, answer, grant);
		if (rc)
			park_clear(&arrival.place);
	}
	if (!rc)
		rc = lock_and_store(login, &arrival, grant);
out:
	critical_end(&before);
	arrival_free(&arrival);
	if (rc == VALETKEY_ERR_LOGIN) /* invalid_grant: the code was no good */
		job->problem.result = rc = VALETKEY_ERR_DENIED;
	return rc;
}

/* ---- what an interrupted login left ---- */

/* What a login left that ended between its answer and the keyring: the
 * person's consent is not asked for twice, and no grant lives on at the
 * provider that nobody knows of. */

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
	struct grant stored;
};

/* Who it is, and whether that needs no question. 0, or what is wrong. */
static int identify_parked(const struct parked *parked,
			   const struct token_answer *answer,
			   struct grant *grant)
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
static int make_grant(const struct parked *parked, struct token_answer *answer,
		      struct grant *grant)
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
	struct token_answer answer = {0};
	struct problem kept = login->job->problem;
	struct grant grant = {0};
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
			give_back_answer(login, &answer);
		login->job->problem = kept;
		park_clear(&arrival->place);
		rc = VALETKEY_OK;
	}
	token_answer_free(&answer);
	grant_free(&grant);
	return rc;
}

/* Whether the stored grant is that login's, or a later one's: who was killed
 * before the copy went, or somebody has put it back. Its token may be superseded
 * already, and with it a revocation would end the stored grant. */
static bool was_taken(const struct parked *parked)
{
	int64_t stored = parked->stored.login;

	return stored && stored >= generation_of_login(&parked->arrival->about);
}

/* A keyring that cannot be asked says nothing of it: it stays. */
static int login_grant_take(struct login *login, int lock,
			    const struct arrival *arrival)
{
	struct parked parked = {.login = login, .arrival = arrival};
	bool found;
	int rc = grant_look(login->job, login->client, &parked.stored, &found);

	if (!rc && was_taken(&parked))
		park_clear(&arrival->place);
	else if (!rc)
		rc = store_or_end(&parked, lock);
	grant_free(&parked.stored);
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
		rc = login_grant_take(login, lock, &arrival);
	else /* it was killed before anything came, or is another's */
		park_clear(&arrival.place);
	buf_clear(&login->seal);
	login->scope = login->nonce = NULL;
	arrival_free(&arrival);
	return rc;
}

int login_take_parked(struct job *job, const struct client *client, int lock)
{
	const struct login_options options = {.flow = NULL};
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
