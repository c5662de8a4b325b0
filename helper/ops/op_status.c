/* SPDX-License-Identifier: MIT */
/*
 * op_status.c - what is known about each account without asking the provider:
 * the grant's state, how long its token is good, and what a person should do.
 */
#include "core/channel.h"
#include "core/clock.h"
#include "core/far.h"
#include "core/kernel.h"
#include "grant/refresh.h"
#include "grant/grant.h"
#include "grant/lifetime.h"
#include "grant/revocations.h"
#include "grant/registration.h"
#include "ops.h"
#include "store/account_state.h"
#include "store/lock.h"
#include "store/sealed_key.h"
#include <valetkey.h>

#include <stdio.h>
#include <string.h>
#include <time.h>

/* What waits to be revoked of one account, which may be gone. */
struct waiting {
	struct record about; /* id, account, provider, name, client_id */
	unsigned count, held;
	int64_t since;
	bool told;
};

/* The answer's lines for one account. */
struct lines {
	struct job *job;
	unsigned number;
	int rc;
	struct waiting waiting[PENDING_MOST];
};

static void status_line(struct lines *lines, const char *key, const char *value)
{
	char name[64];

	snprintf(name, sizeof(name), "%u.%s", lines->number, key);
	if (record_add(&lines->job->answer, name, value))
		lines->rc = VALETKEY_ERR_NOMEM;
}

static void status_number(struct lines *lines, const char *key, int64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%lld", (long long)value);
	status_line(lines, key, text);
}

static void status_state(struct lines *lines, const char *name,
			 const char *text)
{
	status_line(lines, "state", name);
	status_line(lines, "state_text", text);
}

static void broken(struct lines *lines, int result)
{
	status_state(lines, "broken", lines->job->problem.text);
	status_number(lines, "result", result);
}

static void describe_client(struct lines *lines, const struct client *client)
{
	struct buf hosts = {0};
	const char *host = NULL;

	status_line(lines, "provider", client->provider);
	status_line(lines, "name", client->provider_name);
	status_line(lines, "client_id", client->client_id);
	status_line(lines, "grant", grant_type_name(client->grant_type));
	while ((host = record_next(&client->config, "hosts[]", host)))
		if ((hosts.len && buf_char(&hosts, ' ')) ||
		    buf_str(&hosts, host))
			lines->rc = VALETKEY_ERR_NOMEM;
	status_line(lines, "hosts", buf_text(&hosts));
	buf_free(&hosts);
}

/* A login with the secret proves it. False: it is missing. */
static bool describe_secret(struct lines *lines, const struct client *client,
			    bool logged_in)
{
	struct record item = {0};
	const char *proof;
	bool stored, found;

	if (job_load_item(lines->job, client, STORE_CLIENT, &item, &found) ==
	    VALETKEY_OK)
		status_number(lines, "registered", registration_is_ours(&item));
	if (!client_has_secret(client)) {
		status_line(lines, "secret", "none");
		record_free(&item);
		return true;
	}
	record_free(&item);
	registration_secret(lines->job, client, &item);
	stored = record_get(&item, "client_secret") != NULL;
	status_line(lines, "secret", stored ? "stored" : "missing");
	proof = record_get(&item, "proof");
	status_line(lines, "secret_expires_at",
		    record_get(&client->config, "client_secret_expires_at"));
	status_line(lines, "proof",
		    logged_in ? "accepted"
		    : proof   ? proof
			      : "none");
	record_free(&item);
	return stored;
}

/* What a grant that was found means. */
static void describe_grant(struct lines *lines, const struct client *client,
			   const struct grant *grant)
{
	struct buf lacking = {0};
	int64_t good_for = grant_good_for(grant);
	bool refresh = grant->refresh_token != NULL;

	status_line(lines, "identity", grant->identity);
	status_line(lines, "identity_id", grant->identity_id);
	status_line(lines, "scope", grant->scope);
	if (grant_scope_lacks(client, grant, &lacking))
		lines->rc = VALETKEY_ERR_NOMEM;
	if (lacking.len)
		status_line(lines, "not_granted", lacking.data);
	buf_free(&lacking);
	status_number(lines, "refresh_token", refresh);
	if (good_for > 0 && grant->lifetime == GRANT_NEVER_EXPIRES) {
		status_line(lines, "lifetime", "never");
		return;
	}
	status_number(lines, "expires_in", good_for);
	if (good_for > 0 && grant->lifetime == GRANT_EXPIRES)
		status_number(lines, "expires_at", time(NULL) + good_for);
}

/* When it was used last, by whom, and when it ends. */
static void describe_life(struct lines *lines, const struct client *client,
			  const struct grant *grant)
{
	struct lifetime life;

	lifetime_find(client, grant, &life);
	status_number(lines, "token_life", grant_lifetime_s(grant));
	if (grant->login_at > 0)
		status_number(lines, "logged_in_at", grant->login_at);
	if (lifetime_refreshed(grant) && grant->issued_at > 0) {
		status_number(lines, "refreshed_at", grant->issued_at);
		status_line(lines, "refreshed_by", grant->program);
	}
	if (life.by) {
		status_number(lines, "dies_on", life.dies_on);
		status_line(lines, "dies_by", life.by);
	}
}

/* Whether its token is asked of us each time, because others fill the kernel's room. */
static void describe_room(struct lines *lines, const struct client *client,
			  const struct grant *grant)
{
	struct record token = {0};

	if (grant_good_for(grant) > MIN_VALID_S &&
	    kernel_wanted(&client->config) && kernel_is_crowded() &&
	    !kernel_read(&client->config, &token))
		status_number(lines, "no_room", 1);
	record_free(&token);
}

static void describe_state(struct lines *lines, const struct client *client,
			   const struct grant *grant, bool found)
{
	bool machine = client->grant_type == GRANT_TYPE_CLIENT_CREDENTIALS;
	char text[256];

	if (grant_good_for(grant) > 0 || machine) {
		status_state(lines, "ok", "");
	} else if (grant->refresh_token) {
		status_state(
		    lines, "expired",
		    "The access token has expired; the next use refreshes it.");
	} else {
		snprintf(text, sizeof(text), "%s Run: valetkey login %s",
			 found ? "The access token has expired and there is no "
				 "refresh token."
			       : "Not logged in.",
			 client->account);
		status_state(lines, "login", text);
	}
}

/* What keeps the next refresh from working, as far as we know without asking.
 * Not while one is under way. True if the state is told. */
static bool describe_next_refresh(struct lines *lines,
				  const struct client *client,
				  const struct grant *grant)
{
	struct job *job = lines->job;
	struct problem busy = {0};
	int lock, rc;

	if (!grant->refresh_token ||
	    lock_take(client->id, LOCK_GRANT, clock_ms(), &lock, &busy))
		return false;
	rc = refresh_check(job, client, lock, grant);
	lock_drop(&lock);
	if (rc == VALETKEY_ERR_LOGIN)
		status_state(lines, "login", job->problem.text);
	else if (rc && grant_good_for(grant) <= 0)
		status_state(lines, "expired", job->problem.text);
	else
		return false;
	return true;
}

/* What a get would say as well, once there is no token to give. */
static void describe_refusal(struct lines *lines, const struct client *client,
			     const struct grant *grant, bool found)
{
	bool machine = client->grant_type == GRANT_TYPE_CLIENT_CREDENTIALS;
	struct backoff_refusal refusal;

	if ((!found && !machine) || !backoff_refused(client->id, &refusal))
		return;
	status_line(lines, "refusal", refusal.text);
	status_number(lines, "refused_at", refusal.at);
	if (grant_good_for(grant) <= 0)
		status_number(lines, "result", refusal.result);
}

static bool is_about(const struct waiting *waiting, const char *id)
{
	const char *own = record_get(&waiting->about, "id");

	return own && id && strcmp(own, id) == 0;
}

static void add_waiting(const struct revocations_item *item, void *data)
{
	struct waiting *at = data;

	while (at->count && !is_about(at, item->id))
		at++;
	at->held += item->held;
	if (!at->since || item->since < at->since)
		at->since = item->since;
	if (at->count++)
		return;
	record_add(&at->about, "id", item->id);
	record_add(&at->about, "account",
		   item->account ? item->account : item->id);
	record_add(&at->about, "provider", item->provider);
	record_add(&at->about, "name", item->name);
	record_add(&at->about, "client_id", item->client_id);
}

static void describe_waiting(struct lines *lines, struct waiting *waiting)
{
	waiting->told = true;
	status_number(lines, "revocations", waiting->count);
	status_number(lines, "revocations_held", waiting->held);
	status_number(lines, "revocations_since", waiting->since);
}

static void describe_pending(struct lines *lines, const char *id)
{
	for (unsigned n = 0; n < PENDING_MOST; n++)
		if (is_about(&lines->waiting[n], id))
			describe_waiting(lines, &lines->waiting[n]);
}

/* Nothing else is left of these. */
static void describe_removed(struct lines *lines, struct waiting *waiting)
{
	const char *key, *value;
	size_t at = 0;

	while ((key = record_each(&waiting->about, &at, &value)))
		if (strcmp(key, "id") != 0)
			status_line(lines, key, value);
	status_state(lines, "removed", "");
	describe_waiting(lines, waiting);
	lines->number++;
}

/* Without a grant the registration alone tells what has changed. */
static bool has_changed(struct lines *lines, const struct client *client)
{
	int rc = registration_check(lines->job, client, false);

	if (rc == VALETKEY_ERR_LOGIN)
		status_state(lines, "changed", lines->job->problem.text);
	return rc == VALETKEY_ERR_LOGIN;
}

/* What is cached for all programs, in whatever state the store is. */
static bool describe_cached(struct lines *lines, const struct client *client)
{
	struct record token = {0};
	int64_t left = 0;

	if (kernel_read(&client->config, &token))
		left = (record_get_int(&token, "good_until", 0) - clock_ms()) /
		       1000;
	if (left > 0) {
		status_line(lines, "scope", record_get(&token, "scope"));
		status_number(lines, "expires_in", left);
		status_number(lines, "expires_at", time(NULL) + left);
	}
	record_free(&token);
	return left > 0;
}

/* The store does not open: a cached token is given all the same. */
static bool describe_closed(struct lines *lines, const struct client *client)
{
	const struct problem *problem = &lines->job->problem;
	struct buf text = {0};

	if ((problem->result != VALETKEY_ERR_LOCKED &&
	     problem->result != VALETKEY_ERR_NO_KEYRING &&
	     problem->result != VALETKEY_ERR_NO_BUS) ||
	    !describe_cached(lines, client))
		return false;
	if (buf_fmt(&text, "%s Until the access token expires it is given.",
		    problem->text))
		lines->rc = VALETKEY_ERR_NOMEM;
	status_state(lines, "ok", buf_text(&text));
	buf_free(&text);
	return true;
}

static void describe(struct lines *lines, const struct client *client)
{
	struct job *job = lines->job;
	struct grant grant = {0};
	bool found = false, complete = false;
	int rc = grant_load(job, client, &grant, &found);

	if (rc == VALETKEY_ERR_LOGIN)
		status_state(lines, grant.needs_login ? "login" : "changed",
			     job->problem.text);
	else if (rc && !describe_closed(lines, client))
		broken(lines, rc);
	if (!rc || rc == VALETKEY_ERR_LOGIN)
		complete = describe_secret(lines, client, found);
	if (!rc && (found || !complete || !has_changed(lines, client)) &&
	    !describe_next_refresh(lines, client, &grant))
		describe_state(lines, client, &grant, found);
	if (!rc)
		describe_refusal(lines, client, &grant, found);
	if (found) {
		describe_grant(lines, client, &grant);
		describe_life(lines, client, &grant);
		describe_room(lines, client, &grant);
	}
	grant_free(&grant);
}

/* Another machine keeps the login: whether that one answers, and for how long the
 * token that is here is good. */
static void describe_far(struct lines *lines, const struct client *client)
{
	struct job *job = lines->job;
	int rc;

	status_line(lines, "far", far_socket(&client->config));
	rc = op_far_about(client, job->deadline, &job->problem);
	if (rc)
		broken(lines, rc);
	else
		status_state(lines, "ok", "");
	describe_cached(lines, client);
}

/* With accounts in the other store too, one that does not open is no reason to tell
 * nothing of those. */
static bool other_store_has_some(const struct lines *lines)
{
	const char *name = NULL;
	bool other = false;

	while (!other &&
	       (name = record_next(&lines->job->request, "account[]", name))) {
		struct record keys = {0};
		enum store_place place;

		other = account_read(name, &keys, NULL) == VALETKEY_OK &&
			store_place_of(record_get(&keys, "store"), &place) &&
			place != lines->job->place;
		record_free(&keys);
	}
	return other;
}

static void describe_unopened(struct lines *lines, const struct client *client)
{
	int rc = lines->job->problem.result;

	if (describe_closed(lines, client))
		return;
	if (other_store_has_some(lines))
		broken(lines, rc);
	else
		lines->rc = rc;
}

/* Failures that concern the only store end the whole; others one account. */
static int describe_account(struct lines *lines, const char *name)
{
	struct job *job = lines->job;
	struct client client = {0};
	int rc = client_load(name, &client, &job->problem);

	if (!rc)
		rc = job_use_store_of(job, &client.config);
	status_line(lines, "account", name);
	if (rc) {
		broken(lines, rc);
		client_free(&client);
		client_load_id(name, &client, &job->problem);
	} else {
		describe_client(lines, &client);
		if (record_is(&client.config, "share", "yes"))
			status_line(lines, "share", "yes");
		if (!far_socket(&client.config))
			status_line(lines, "store",
				    store_place_name(job->place));
		if (!far_socket(&client.config) && job->place == STORE_SEALED)
			status_line(lines, "holder", sealed_key_holder());
		if (far_socket(&client.config))
			describe_far(lines, &client);
		else if (!job_store(job))
			describe_unopened(lines, &client);
		else
			describe(lines, &client);
	}
	describe_pending(lines, client.id);
	client_free(&client);
	return lines->rc;
}

/* Before anything else: what belongs to no account that is there is told too. */
static void load_waiting(struct lines *lines)
{
	struct job *job = lines->job;

	for (size_t i = 0; i < STORE_PLACES; i++) {
		job_use_store(job, (enum store_place)i);
		if (job_has_place(job->place) && job_store(job))
			revocations_each(job, add_waiting, lines->waiting);
		if (job->store)
			store_set_deadline(job->store, job->deadline);
	}
	job->problem = (struct problem){0};
}

static void finish_waiting(struct lines *lines)
{
	bool all = record_get(&lines->job->request, "others") != NULL;
	unsigned pending = 0;

	for (unsigned n = 0; n < PENDING_MOST; n++) {
		struct waiting *waiting = &lines->waiting[n];

		pending += waiting->count - waiting->held;
		if (all && waiting->count && !waiting->told)
			describe_removed(lines, waiting);
		record_free(&waiting->about);
	}
	if (record_add_int(&lines->job->answer, "revocations", pending))
		lines->rc = VALETKEY_ERR_NOMEM;
}

/* ---- items without an account ---- */

static int add_other_lines(struct record *answer, unsigned number,
			   const struct record *found, const char *id)
{
	const char *label = NULL;
	char name[64], quoted[PROBLEM_QUOTE_MAX];
	int rc;

	snprintf(name, sizeof(name), "other.%u.id", number);
	rc = record_add(answer, name, id);
	snprintf(name, sizeof(name), "other.%u.label[]", number);
	while (!rc && (label = record_next(found, id, label)))
		rc = record_add(answer, name, problem_quote(quoted, label));
	return rc;
}

static int list_others_here(struct job *job, const struct record *ids,
			    struct record *found)
{
	return job_store(job)
		   ? store_list_others(job->store, ids, found, &job->problem)
		   : job->problem.result;
}

/* Of accounts that have no file here. They may be another machine's, or another
 * folder's: a person decides. */
static void describe_others(struct lines *lines)
{
	struct job *job = lines->job;
	struct record ids = {0}, found = {0}, seen = {0};
	const char *id, *label;
	unsigned count = 0;
	size_t at = 0;
	int rc = client_list_ids(&ids) ? VALETKEY_ERR_ACCOUNT : VALETKEY_OK;

	for (size_t i = 0; i < STORE_PLACES && !rc; i++) {
		job_use_store(job, (enum store_place)i);
		if (job_has_place(job->place))
			rc = list_others_here(job, &ids, &found);
	}
	while (!rc && (id = record_each(&found, &at, &label))) {
		if (!account_id_ok(id) || record_get(&seen, id))
			continue;
		if (record_add(&seen, id, "") ||
		    add_other_lines(&job->answer, count++, &found, id))
			lines->rc = VALETKEY_ERR_NOMEM;
	}
	if (!rc && record_add_int(&job->answer, "others", count))
		lines->rc = VALETKEY_ERR_NOMEM;
	record_free(&ids);
	record_free(&found);
	record_free(&seen);
}

int op_status(struct job *job)
{
	struct lines lines = {.job = job};
	const char *name = NULL;

	load_waiting(&lines);
	while (!lines.rc &&
	       (name = record_next(&job->request, "account[]", name))) {
		describe_account(&lines, name);
		lines.number++;
	}
	finish_waiting(&lines);
	if (!lines.rc && record_add_int(&job->answer, "count", lines.number))
		lines.rc = VALETKEY_ERR_NOMEM;
	if (!lines.rc && record_get(&job->request, "others"))
		describe_others(&lines);
	return lines.rc;
}
