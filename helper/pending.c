/* SPDX-License-Identifier: MIT */
/*
 * pending.c - see pending.h. One item for all accounts, because an account that
 * was removed has no file any more. Its keys are numbered: 0.token, 0.endpoint,
 * and so on; whoever changes it holds the lock named "revocations".
 */
#include "pending.h"
#include "backoff.h"
#include "clock.h"
#include "endpoint.h"
#include "grant.h"
#include "lock.h"
#include "valetkey.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define LOCK_ID "revocations"
#define MOST 32
#define KEEP_S (30 * 24 * 3600)
#define LIMIT_MS 20000

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
				    "assertion_audience"};

#define NAMES (sizeof(names) / sizeof(*names))

static const struct store_key key = {.kind = STORE_PENDING,
				     .id = LOCK_ID,
				     .account = "revocations",
				     .provider = "all"};

static void name_key(char *out, size_t size, unsigned n, const char *name)
{
	snprintf(out, size, "%u.%s", n, name);
}

static const char *field(const struct record *all, unsigned n, const char *name)
{
	char text[32];

	name_key(text, sizeof(text), n, name);
	return record_get(all, text);
}

static int put(struct record *all, unsigned n, const char *name,
	       const char *value)
{
	char text[32];

	name_key(text, sizeof(text), n, name);
	return record_add(all, text, value);
}

static unsigned count_of(const struct record *all)
{
	unsigned n = 0;

	while (n < MOST && field(all, n, "token"))
		n++;
	return n;
}

static int load(struct job *job, struct record *all)
{
	struct store *store = job_store(job);
	bool found;

	if (!store)
		return job->problem.result;
	store_set_deadline(store, deadline_in(LIMIT_MS));
	return store_load(store, &key, all, &found, &job->problem);
}

/* Requests before may have taken all of the store's time. */
static int save(struct job *job, const struct record *all)
{
	store_set_deadline(job->store, deadline_in(LIMIT_MS));
	return count_of(all) ? store_save(job->store, &key, all, &job->problem)
			     : store_delete(job->store, &key, &job->problem);
}

static int append(struct record *all, const struct pending *pending)
{
	const struct client *client = pending->client;
	char since[24];
	const char *values[NAMES] = {
	    client->id,
	    client->name,
	    client->client_id,
	    pending->client_secret,
	    client->auth,
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
	    client->assertion_to_endpoint ? "token_endpoint" : NULL};
	unsigned n = count_of(all);
	int rc = 0;

	snprintf(since, sizeof(since), "%lld", (long long)time(NULL));
	if (n == MOST)
		return VALETKEY_ERR_DENIED;
	for (size_t i = 0; i < NAMES && !rc; i++)
		rc = put(all, n, names[i], values[i]);
	return rc ? VALETKEY_ERR_NOMEM : VALETKEY_OK;
}

int pending_add(struct job *job, const struct pending *pending)
{
	struct record all = {0};
	int lock;
	int rc = lock_take(LOCK_ID, LOCK_GRANT, deadline_in(LIMIT_MS), &lock,
			   &job->problem);

	if (!rc)
		rc = load(job, &all);
	if (!rc)
		rc = append(&all, pending);
	if (!rc)
		rc = save(job, &all);
	lock_drop(&lock);
	record_free(&all);
	return rc;
}

static bool same(const char *a, const char *b)
{
	return a && b && strcmp(a, b) == 0;
}

/* Some providers give the same token at the next login: then it is in use. */
static int look_for(struct job *job, const struct client *client,
		    const char *token, bool *in_use)
{
	struct record grant = {0};
	bool found;
	int rc;

	store_set_deadline(job->store, deadline_in(LIMIT_MS));
	rc = grant_load_item(job, client, STORE_GRANT, &grant, &found);
	*in_use = same(record_get(&grant, "refresh_token"), token) ||
		  same(record_get(&grant, "access_token"), token);
	record_free(&grant);
	return rc;
}

/* Whether it is done with, one way or the other. */
static bool send_one(struct job *job, const struct record *all, unsigned n)
{
	const char *since = field(all, n, "since");
	struct record age = {0};
	struct client client = {
	    .id = field(all, n, "id"),
	    .provider = "",
	    .name = field(all, n, "name"),
	    .client_id = field(all, n, "client_id"),
	    .auth = field(all, n, "auth"),
	    .revocation_endpoint = field(all, n, "endpoint"),
	    .ca_file = field(all, n, "ca_file"),
	    .proxy = field(all, n, "proxy"),
	    .issuer = field(all, n, "issuer"),
	    .token_endpoint = field(all, n, "token_endpoint"),
	    .client_key = field(all, n, "client_key"),
	    .client_key_id = field(all, n, "client_key_id"),
	    .client_certificate = field(all, n, "client_certificate"),
	    .assertion_to_endpoint =
		field(all, n, "assertion_audience") != NULL,
	};
	struct buf params = {0};
	const struct endpoint_request request = {
	    .client = &client,
	    .client_secret = field(all, n, "client_secret"),
	    .params = &params,
	};
	bool old = record_add(&age, "since", since) == 0 &&
		   time(NULL) - record_get_int(&age, "since", 0) > KEEP_S;
	bool in_use = false;
	int rc = VALETKEY_OK;

	record_free(&age);
	if (client.id &&
	    look_for(job, &client, field(all, n, "token"), &in_use))
		return false;
	if (old || in_use || !client.name || !client.client_id ||
	    !client.auth || !client.revocation_endpoint)
		return true;
	if (endpoint_param(&params, "token", field(all, n, "token")) ||
	    endpoint_param(&params, "token_type_hint", field(all, n, "hint")))
		rc = VALETKEY_ERR_NETWORK;
	else
		rc = endpoint_revoke(&request, &job->problem);
	buf_free(&params);
	return rc != VALETKEY_ERR_NETWORK && rc != VALETKEY_ERR_TIMEOUT &&
	       rc != VALETKEY_ERR_THROTTLED;
}

/* Whether it is one of the client's; NULL: of any. */
static bool is_of(const struct record *all, unsigned n,
		  const struct client *client)
{
	return !client ||
	       (same(field(all, n, "client_id"), client->client_id) &&
		same(field(all, n, "endpoint"), client->revocation_endpoint));
}

static void send_all(struct job *job, int lock, const struct client *client,
		     const struct record *all)
{
	unsigned count = count_of(all), left = 0, tried = 0;
	struct record rest = {0};
	int rc = VALETKEY_OK;

	for (unsigned n = 0; n < count; n++) {
		bool now = is_of(all, n, client);

		tried += now;
		if (now && send_one(job, all, n))
			continue;
		if (now)
			rc = VALETKEY_ERR_NETWORK;
		for (size_t i = 0; i < NAMES; i++)
			put(&rest, left, names[i], field(all, n, names[i]));
		left++;
	}
	if (left < count)
		save(job, &rest);
	job->retry_after_s = -1;
	if (tried)
		backoff_note(lock, job, rc);
	record_free(&rest);
}

void pending_send(struct job *job, const struct client *client)
{
	struct record all = {0};
	int lock;

	if (lock_take(LOCK_ID, LOCK_GRANT, clock_ms(), &lock, &job->problem))
		return;
	if (load(job, &all) == VALETKEY_OK && count_of(&all) &&
	    backoff_check(lock, &job->problem) == VALETKEY_OK)
		send_all(job, lock, client, &all);
	lock_drop(&lock);
	record_free(&all);
}

int pending_count(struct job *job, const char *id, unsigned *count)
{
	struct record all = {0};
	int rc = load(job, &all);

	*count = 0;
	for (unsigned n = 0; !rc && n < count_of(&all); n++) {
		const char *own = field(&all, n, "id");

		if (!id || (own && strcmp(own, id) == 0))
			++*count;
	}
	record_free(&all);
	return rc;
}
