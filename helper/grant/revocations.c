/* SPDX-License-Identifier: MIT */
/*
 * revocations.c - see revocations.h. One item for all accounts, because an account that
 * was removed has no file any more. Its keys are numbered: 0.token, 0.endpoint,
 * and so on; whoever changes it holds the lock named "revocations", but not while
 * a provider is asked. Who asks them holds the other of that name.
 */
#include "revocations.h"

#include "core/account.h"
#include "core/clock.h"
#include "grant.h"
#include "store/lock.h"
#include "store/account_state.h"
#include <valetkey.h>

#include <stdio.h>
#include <string.h>
#include <time.h>

#define LOCK_ID "revocations"
#define LIMIT_MS 20000
#define DAY_S 86400

static const char *const names[] = {"id",
				    "name",
				    "client_id",
				    "client_secret",
				    "auth",
				    "endpoint",
				    "ca_file",
				    "token",
				    "hint",
				    "since",
				    "proxy",
				    "issuer",
				    "token_endpoint",
				    "client_key",
				    "client_key_id",
				    "client_certificate",
				    "assertion_audience",
				    "account",
				    "provider",
				    "alone",
				    "held_at"};

#define NAMES (sizeof(names) / sizeof(*names))

static const struct store_key key = {.kind = STORE_PENDING,
				     .id = LOCK_ID,
				     .account = "revocations",
				     .provider = "all"};

static void name_key(char *out, size_t size, unsigned n, const char *name)
{
	snprintf(out, size, "%u.%s", n, name);
}

static const char *revocations_field(const struct record *all, unsigned n,
				     const char *name)
{
	char text[32];

	name_key(text, sizeof(text), n, name);
	return record_get(all, text);
}

static int64_t revocations_number(const struct record *all, unsigned n,
				  const char *name)
{
	char text[32];

	name_key(text, sizeof(text), n, name);
	return record_get_int(all, text, 0);
}

static int revocations_put(struct record *all, unsigned n, const char *name,
			   const char *value)
{
	char text[32];

	name_key(text, sizeof(text), n, name);
	return record_add(all, text, value);
}

static int set_number(struct record *all, unsigned n, const char *name,
		      int64_t value)
{
	char text[32], digits[24];

	name_key(text, sizeof(text), n, name);
	snprintf(digits, sizeof(digits), "%lld", (long long)value);
	return record_set(all, text, digits);
}

static unsigned count_of(const struct record *all)
{
	unsigned n = 0;

	while (n < PENDING_MOST && revocations_field(all, n, "token"))
		n++;
	return n;
}

static int revocations_load(struct job *job, struct record *all)
{
	struct store *store = job_store(job);
	bool found;

	if (!store)
		return job->problem.result;
	store_set_deadline(store, deadline_in(LIMIT_MS));
	return store_load(store, &key, all, &found, &job->problem);
}

/* Requests before may have taken all of the store's time. */
static int revocations_save(struct job *job, const struct record *all)
{
	store_set_deadline(job->store, deadline_in(LIMIT_MS));
	return count_of(all) ? store_save(job->store, &key, all, &job->problem)
			     : store_delete(job->store, &key, &job->problem);
}

static int append(struct record *all, const struct waiting_revocation *pending)
{
	const struct client *client = pending->client;
	char since[24];
	const char *values[NAMES] = {
	    client->id,
	    client->provider_name,
	    client->client_id,
	    pending->client_secret,
	    auth_method_name(client->auth_method),
	    client->revocation_endpoint,
	    client->ca_file,
	    pending->token,
	    pending->hint,
	    since,
	    client->proxy,
	    client->issuer,
	    client->token_endpoint,
	    client->client_key,
	    client->client_key_id,
	    client->client_certificate,
	    client->assertion_to_endpoint ? "token_endpoint" : NULL,
	    client->account,
	    client->provider,
	    pending->alone ? "1" : NULL,
	    NULL};
	unsigned n = count_of(all);
	int rc = 0;

	snprintf(since, sizeof(since), "%lld", (long long)time(NULL));
	if (n == PENDING_MOST)
		return VALETKEY_ERR_DENIED;
	for (size_t i = 0; i < NAMES && !rc; i++)
		rc = revocations_put(all, n, names[i], values[i]);
	return rc ? VALETKEY_ERR_NOMEM : VALETKEY_OK;
}

/* Whether there are any: else no lock's file need be made. */
static bool any_waits(struct job *job)
{
	struct record all = {0};
	bool any = revocations_load(job, &all) == VALETKEY_OK && count_of(&all);

	record_free(&all);
	return any;
}

/* Opens what waits, to change it. */
static int revocations_begin(struct job *job, int *lock, struct record *all)
{
	int rc = lock_take(LOCK_ID, LOCK_GRANT, deadline_in(LIMIT_MS), lock,
			   &job->problem);

	return rc ? rc : revocations_load(job, all);
}

int revocations_add(struct job *job, const struct waiting_revocation *pending)
{
	struct record all = {0};
	int lock = -1;
	int rc = revocations_begin(job, &lock, &all);

	if (!rc)
		rc = append(&all, pending);
	if (!rc)
		rc = revocations_save(job, &all);
	lock_drop(&lock);
	record_free(&all);
	return rc;
}

static bool is_token_of(const struct grant *grant, const char *token)
{
	return text_same(grant->refresh_token, token) ||
	       text_same(grant->access_token, token);
}

static int copy_item(const struct record *all, unsigned n, struct record *to)
{
	unsigned at = count_of(to);
	int rc = 0;

	for (size_t i = 0; i < NAMES && !rc; i++)
		rc = revocations_put(to, at, names[i],
				     revocations_field(all, n, names[i]));
	return rc;
}

int revocations_replace(struct job *job,
			const struct waiting_revocation *pending,
			const struct grant *grant)
{
	struct record all = {0}, rest = {0};
	bool added = false;
	unsigned count;
	int lock = -1;
	int rc;

	if (!pending && !any_waits(job))
		return VALETKEY_OK;
	rc = revocations_begin(job, &lock, &all);
	count = count_of(&all);
	for (unsigned n = 0; n < count && !rc; n++)
		if (!is_token_of(grant, revocations_field(&all, n, "token")))
			rc = copy_item(&all, n, &rest);
	if (!rc && pending && !is_token_of(grant, pending->token) &&
	    append(&rest, pending) == VALETKEY_OK)
		added = true;
	if (!rc && (added || count_of(&rest) != count))
		rc = revocations_save(job, &rest);
	lock_drop(&lock);
	record_free(&all);
	record_free(&rest);
	return rc;
}

/* ---- whether it may be sent ---- */

/* What the accounts' grants say to one that waits. */
struct search {
	struct job *job;
	const char *id, *token;
	bool in_use;	/* it is some grant's, again */
	bool logged_in; /* its account has a grant */
	int rc;
};

static void look_at(struct search *search, const struct client *client)
{
	struct job *job = search->job;
	struct grant grant = {0};
	bool found;

	store_set_deadline(job->store, deadline_in(LIMIT_MS));
	search->rc = grant_look(job, client, &grant, &found);
	if (is_token_of(&grant, search->token))
		search->in_use = true;
	if (found && text_same(client->id, search->id) && !grant.needs_login)
		search->logged_in = true;
	grant_free(&grant);
}

static int look_at_account(const char *name, void *data)
{
	struct search *search = data;
	struct problem ignored = {0};
	struct client client = {0};

	if (client_load_id(name, &client, &ignored) == VALETKEY_OK &&
	    !text_same(client.id, search->id))
		look_at(search, &client);
	client_free(&client);
	return search->rc;
}

/* Some providers give the same token at the next login, maybe to an account that
 * was added anew. */
static int search_accounts(struct job *job, const struct record *all,
			   unsigned n, struct search *search)
{
	const struct client own = {.id = revocations_field(all, n, "id"),
				   .provider = ""};

	*search = (struct search){.job = job,
				  .id = own.id,
				  .token = revocations_field(all, n, "token")};
	if (own.id)
		look_at(search, &own);
	if (!search->rc)
		search->rc = account_each(look_at_account, search);
	return search->rc;
}

static bool is_held(const struct record *all, unsigned n,
		    const struct search *search)
{
	return search->logged_in && !revocations_field(all, n, "alone");
}

/* ---- sending ---- */

static bool is_old(const struct record *all, unsigned n)
{
	int64_t since = revocations_number(all, n, "since"),
		held = revocations_number(all, n, "held_at");

	return time(NULL) - (since > held ? since : held) > PENDING_KEEP_S;
}

/* Whether the provider has taken it, or will never. */
static bool send_one(struct job *job, const struct record *all, unsigned n)
{
	const struct client client = {
	    .id = revocations_field(all, n, "id"),
	    .provider = "",
	    .provider_name = revocations_field(all, n, "name"),
	    .client_id = revocations_field(all, n, "client_id"),
	    .auth_method = auth_method_of(revocations_field(all, n, "auth")),
	    .revocation_endpoint = revocations_field(all, n, "endpoint"),
	    .ca_file = revocations_field(all, n, "ca_file"),
	    .proxy = revocations_field(all, n, "proxy"),
	    .issuer = revocations_field(all, n, "issuer"),
	    .token_endpoint = revocations_field(all, n, "token_endpoint"),
	    .client_key = revocations_field(all, n, "client_key"),
	    .client_key_id = revocations_field(all, n, "client_key_id"),
	    .client_certificate =
		revocations_field(all, n, "client_certificate"),
	    .assertion_to_endpoint =
		revocations_field(all, n, "assertion_audience") != NULL,
	};
	const struct waiting_revocation pending = {
	    .client = &client,
	    .client_secret = revocations_field(all, n, "client_secret"),
	    .token = revocations_field(all, n, "token"),
	    .hint = revocations_field(all, n, "hint"),
	};

	if (!client.provider_name || !client.client_id ||
	    client.auth_method == AUTH_UNKNOWN || !client.revocation_endpoint)
		return true;
	return !revocation_may_pass(revocation_send(&pending, &job->problem));
}

enum fate {
	FATE_WAITS = 0,
	FATE_HELD = 1,
	FATE_FAILED = 2,
	FATE_DONE = 3,
};

static enum fate settle(struct job *job, const struct record *all, unsigned n,
			bool may_send)
{
	struct search search;

	if (search_accounts(job, all, n, &search))
		return FATE_WAITS;
	if (search.in_use)
		return FATE_DONE;
	if (is_held(all, n, &search))
		return FATE_HELD;
	if (is_old(all, n))
		return FATE_DONE;
	if (!may_send)
		return FATE_WAITS;
	return send_one(job, all, n) ? FATE_DONE : FATE_FAILED;
}

/* Others may have added some since they were loaded. What is held does not grow
 * old; a day more or less does not matter. */
static void note_fates(struct job *job, const struct record *before,
		       const enum fate *fates)
{
	struct record all = {0}, rest = {0};
	bool changed = false;
	int lock = -1;
	int rc = revocations_begin(job, &lock, &all);

	for (unsigned n = 0; n < count_of(&all) && !rc; n++) {
		enum fate fate = FATE_WAITS;

		for (unsigned i = 0; i < count_of(before); i++)
			if (text_same(revocations_field(before, i, "token"),
				      revocations_field(&all, n, "token")))
				fate = fates[i];
		if (fate == FATE_HELD &&
		    time(NULL) - revocations_number(&all, n, "held_at") >
			DAY_S) {
			rc = set_number(&all, n, "held_at", time(NULL));
			changed = true;
		}
		if (fate == FATE_DONE)
			changed = true;
		else if (!rc)
			rc = copy_item(&all, n, &rest);
	}
	if (!rc && changed)
		revocations_save(job, &rest);
	lock_drop(&lock);
	record_free(&all);
	record_free(&rest);
}

/* Whether it is one of the client's; NULL: of any. */
static bool revocations_is_of(const struct record *all, unsigned n,
			      const struct client *client)
{
	return !client || (text_same(revocations_field(all, n, "client_id"),
				     client->client_id) &&
			   text_same(revocations_field(all, n, "endpoint"),
				     client->revocation_endpoint));
}

static void send_all(struct job *job, int sender, const struct client *client,
		     const struct record *all)
{
	/* What a login leaves behind would wait as long as it lasts. */
	bool may_send =
	    client || backoff_check(sender, &job->problem) == VALETKEY_OK;
	enum fate fates[PENDING_MOST] = {FATE_WAITS};
	bool tried = false;
	int rc = VALETKEY_OK;

	for (unsigned n = 0; n < count_of(all); n++) {
		if (revocations_is_of(all, n, client))
			fates[n] = settle(job, all, n, may_send);
		tried |= fates[n] == FATE_FAILED || fates[n] == FATE_DONE;
		if (fates[n] == FATE_FAILED)
			rc = VALETKEY_ERR_NETWORK;
	}
	note_fates(job, all, fates);
	job->retry_after_s = -1;
	if (tried)
		job_note(job, sender, rc);
}

void revocations_send(struct job *job, const struct client *client)
{
	struct record all = {0};
	int sender;

	if (!any_waits(job) ||
	    lock_take(LOCK_ID, LOCK_LOGIN, clock_ms(), &sender, &job->problem))
		return;
	if (revocations_load(job, &all) == VALETKEY_OK && count_of(&all))
		send_all(job, sender, client, &all);
	lock_drop(&sender);
	record_free(&all);
}

/* ---- of an account that moves ---- */

int revocations_hold(struct job *job, int *lock)
{
	return lock_take(LOCK_ID, LOCK_LOGIN, job->deadline, lock,
			 &job->problem);
}

static bool revocations_has(const struct record *all, const char *token)
{
	for (unsigned n = 0; n < count_of(all); n++)
		if (text_same(revocations_field(all, n, "token"), token))
			return true;
	return false;
}

int revocations_carry(struct job *job, const char *id, enum store_place from)
{
	enum store_place to = job->place;
	struct record theirs = {0}, all = {0};
	unsigned count;
	int lock = -1;
	int rc = revocations_begin(job, &lock, &all);

	count = count_of(&all);
	job_use_store(job, from);
	if (!rc)
		rc = revocations_load(job, &theirs);
	job_use_store(job, to);
	for (unsigned n = 0; n < count_of(&theirs) && !rc; n++) {
		if (!text_same(revocations_field(&theirs, n, "id"), id) ||
		    revocations_has(&all,
				    revocations_field(&theirs, n, "token")))
			continue;
		if (count_of(&all) == PENDING_MOST)
			rc = problem_set(
			    &job->problem, VALETKEY_ERR_DENIED,
			    "Too many revocations wait to be sent. To drop "
			    "them, run: valetkey logout --drop-revocations");
		else if (copy_item(&theirs, n, &all))
			rc = problem_no_memory(&job->problem);
	}
	if (!rc && count_of(&all) != count)
		rc = revocations_save(job, &all);
	lock_drop(&lock);
	record_free(&theirs);
	record_free(&all);
	return rc;
}

int revocations_forget(struct job *job, const char *id)
{
	struct record all = {0}, rest = {0};
	int lock = -1;
	int rc = revocations_begin(job, &lock, &all);

	for (unsigned n = 0; n < count_of(&all) && !rc; n++)
		if (!text_same(revocations_field(&all, n, "id"), id) &&
		    copy_item(&all, n, &rest))
			rc = problem_no_memory(&job->problem);
	if (!rc && count_of(&rest) != count_of(&all))
		rc = revocations_save(job, &rest);
	lock_drop(&lock);
	record_free(&all);
	record_free(&rest);
	return rc;
}

/* ---- showing and dropping ---- */

int revocations_each(struct job *job,
		     void (*see)(const struct revocations_item *item,
				 void *data),
		     void *data)
{
	struct record all = {0};
	int rc = revocations_load(job, &all);

	for (unsigned n = 0; !rc && n < count_of(&all); n++) {
		struct search search;

		rc = search_accounts(job, &all, n, &search);
		if (!rc)
			see(
			    &(const struct revocations_item){
				.id = revocations_field(&all, n, "id"),
				.account =
				    revocations_field(&all, n, "account"),
				.provider =
				    revocations_field(&all, n, "provider"),
				.name = revocations_field(&all, n, "name"),
				.client_id =
				    revocations_field(&all, n, "client_id"),
				.since = revocations_number(&all, n, "since"),
				.held = is_held(&all, n, &search),
			    },
			    data);
	}
	record_free(&all);
	return rc;
}

int revocations_drop(struct job *job, unsigned *count)
{
	struct record all = {0}, none = {0};
	int lock = -1;
	int rc = revocations_begin(job, &lock, &all);

	*count = count_of(&all);
	if (!rc && *count)
		rc = revocations_save(job, &none);
	lock_drop(&lock);
	record_free(&all);
	return rc;
}
