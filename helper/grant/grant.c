/* SPDX-License-Identifier: MIT */
/*
 * grant.c - see grant.h. Every rule about what a stored grant means is here.
 */
#include "grant.h"

#include "core/clock.h"
#include "core/kernel.h"
#include "core/scope.h"
#include "crypto/crypto.h"
#include "registration.h"
#include "store/machine.h"
#include "store/park.h"
#include <valetkey.h>

#include <string.h>
#include <time.h>

int grant_load(struct job *job, const struct client *client,
	       struct record *grant, bool *found)
{
	const char *reason;
	int rc = job_load_item(job, client, STORE_GRANT, grant, found);

	if (rc || !*found)
		return rc;
	reason = record_get(grant, "needs_login");
	if (reason)
		return problem_set(&job->problem, VALETKEY_ERR_LOGIN,
				   "%s Run: valetkey login %s", reason,
				   client->account);
	return client_check_pins(client, grant, CLIENT_PINS_ALL, &job->problem);
}

int grant_save(struct job *job, const struct client *client,
	       const struct record *grant)
{
	const struct store_key key = job_item_key(client, STORE_GRANT);
	struct store *store = job_store(job);

	if (!store || store_save(store, &key, grant, &job->problem))
		return job->problem.result;
	grant_publish(client, grant);
	return VALETKEY_OK;
}

void grant_publish(const struct client *client, const struct record *grant)
{
	int64_t good_for = grant_good_for(grant);
	struct record token = {0};

	if (good_for <= 0) {
		kernel_withdraw(&client->config, NULL);
		return;
	}
	if (record_add(&token, "access_token",
		       record_get(grant, "access_token")) == 0 &&
	    record_add(&token, "scope", record_get(grant, "scope")) == 0 &&
	    (grant_lifetime(grant) != GRANT_EXPIRES ||
	     record_add_int(&token, "expires_at", time(NULL) + good_for) ==
		 0) &&
	    record_add_int(&token, "good_until",
			   deadline_in(good_for * 1000)) == 0 &&
	    record_add_int(&token, "issued", grant_issued_clock(grant)) == 0)
		kernel_publish(&client->config, &token);
	record_free(&token);
}

/* What was published has an expiry where it is known; without one a long life
 * is that of a token which never expires. */
static int add_published_lifetime(const struct record *token,
				  struct record *grant)
{
	int64_t issued = record_get_int(token, "issued", 0);
	int64_t life_s =
	    (record_get_int(token, "good_until", 0) - issued) / 1000;

	if (record_get(token, "expires_at"))
		return record_add_int(grant, "expires_in", life_s);
	return life_s > GRANT_LIFETIME_UNKNOWN_S
		   ? record_add_int(grant, "expires_in", 0)
		   : 0;
}

bool grant_published(const struct client *client, struct record *grant)
{
	struct record token = {0};
	char boot[BOOT_ID_SIZE];
	bool found = boot_id(boot) && kernel_read(&client->config, &token);

	record_free(grant);
	if (found && (record_add(grant, "access_token",
				 record_get(&token, "access_token")) ||
		      record_add(grant, "scope", record_get(&token, "scope")) ||
		      record_add(grant, "boot", boot) ||
		      record_add_int(grant, "issued_clock",
				     record_get_int(&token, "issued", 0)) ||
		      add_published_lifetime(&token, grant)))
		found = false;
	record_free(&token);
	return found;
}

int grant_delete(struct job *job, const struct client *client)
{
	const struct store_key key = job_item_key(client, STORE_GRANT);
	struct store *store = job_store(job);

	kernel_withdraw(&client->config, NULL);
	park_forget(client->id);
	return store ? store_delete(store, &key, &job->problem)
		     : job->problem.result;
}

/* A refresh does not change who logged in. */
static int keep_identity(const struct record *old, struct record *grant)
{
	return record_add(grant, "identity", record_get(old, "identity")) ||
	       record_add(grant, "identity_id", record_get(old, "identity_id"));
}

/* What the provider's names of errors mean, for as long as the grant lives. */
static int keep_errors(const struct record *from, struct record *grant)
{
	const char *line = NULL;
	int rc = 0;

	while (!rc && (line = record_next(from, "error[]", line)))
		rc = record_add(grant, "error[]", line);
	return rc;
}

/* When it came, and where. */
static int add_origin(const struct arrival *arrival, struct record *grant)
{
	static const char *const keys[] = {"issued_at", "issued_clock", "boot",
					   "machine", "generation"};
	char boot[BOOT_ID_SIZE];
	int rc = 0;

	boot_id(boot);
	if (!arrival)
		return record_add_int(grant, "issued_at", time(NULL)) ||
		       record_add_int(grant, "issued_clock", clock_ms()) ||
		       record_add(grant, "boot", boot);
	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys) && !rc; i++)
		rc = record_add(grant, keys[i],
				record_get(&arrival->about, keys[i]));
	return rc || record_add_int(grant, "answer_size",
				    (int64_t)arrival_body(arrival).len);
}

/* A refresh does not change when that was. */
static int keep_login(const struct grant_source *source, struct record *grant)
{
	const struct record *from = source->old;

	if (!from && source->arrival)
		from = &source->arrival->about;
	return from ? record_add(grant, "login", record_get(from, "login")) : 0;
}

int grant_from_answer(const struct client *client,
		      const struct grant_source *source, struct record *grant)
{
	const struct record *answer = source->answer, *old = source->old;
	const char *refresh = record_get(answer, "refresh_token");
	const char *scope = record_get(answer, "scope");
	const char *seal = old ? record_get(old, "seal") : NULL;
	struct buf new_seal = {0};
	int rc = VALETKEY_ERR_NOMEM;

	if (!seal && crypto_random(&new_seal))
		goto out;
	if (!refresh && old) /* RFC 6749 6: none means keep the old one */
		refresh = record_get(old, "refresh_token");
	if (!scope) /* RFC 6749 5.1: none means as asked */
		scope = old ? record_get(old, "scope") : source->asked_scope;
	if (record_add(grant, "access_token",
		       record_get(answer, "access_token")) ||
	    record_add(grant, "refresh_token", refresh) ||
	    record_add(grant, "scope", scope) ||
	    record_add(grant, "expires_in", record_get(answer, "expires_in")) ||
	    add_origin(source->arrival, grant) || keep_login(source, grant) ||
	    record_add(grant, "seal", seal ? seal : new_seal.data) ||
	    (old && keep_identity(old, grant)) ||
	    keep_errors(old ? old : &client->config, grant) ||
	    client_pin(client, grant))
		goto out;
	rc = VALETKEY_OK;
out:
	buf_free(&new_seal);
	return rc;
}

/* Within one boot by a clock that nobody sets; otherwise by the wall clock. */
static int64_t age_ms(const struct record *grant)
{
	if (boot_is(record_get(grant, "boot")))
		return clock_ms() - record_get_int(grant, "issued_clock", 0);
	return (time(NULL) - record_get_int(grant, "issued_at", 0)) * 1000;
}

enum grant_lifetime grant_lifetime(const struct record *grant)
{
	if (!record_get(grant, "expires_in"))
		return GRANT_EXPIRY_UNKNOWN;
	return record_get_int(grant, "expires_in", 1) ? GRANT_EXPIRES
						      : GRANT_NEVER_EXPIRES;
}

int64_t grant_good_for(const struct record *grant)
{
	int64_t lifetime =
	    record_get_int(grant, "expires_in", GRANT_LIFETIME_UNKNOWN_S);
	int64_t age = age_ms(grant) / 1000;

	if (grant_lifetime(grant) == GRANT_NEVER_EXPIRES)
		return record_get(grant, "access_token")
			   ? GRANT_LIFETIME_NEVER_S
			   : 0;
	/* A clock that went back tells nothing: ask the provider. */
	if (!record_get(grant, "access_token") || age < 0 || age >= lifetime)
		return 0;
	return lifetime - age;
}

int64_t grant_issued_clock(const struct record *grant)
{
	if (boot_is(record_get(grant, "boot")))
		return record_get_int(grant, "issued_clock", 0);
	return clock_ms() - age_ms(grant);
}

bool grant_has_scope(const struct record *grant, const char *wanted)
{
	return scope_covers(record_get(grant, "scope"), wanted);
}

int grant_scope_lacks(const struct client *client, const struct record *grant,
		      struct buf *lacking)
{
	const char *granted = record_get(grant, "scope");
	const char *at = granted && client->scope ? client->scope : "";
	int rc = 0;

	while (!rc && *at) {
		size_t len = strcspn(at, " ");
		struct buf word = {0};

		rc = buf_add(&word, at, len) ||
		     (!scope_covers(granted, word.data) &&
		      scope_add(lacking, word.data));
		buf_free(&word);
		at += len + strspn(at + len, " ");
	}
	return rc ? -1 : 0;
}

int grant_answer(struct job *job, const struct record *grant)
{
	int64_t good_for = grant_good_for(grant);
	bool known = grant_lifetime(grant) == GRANT_EXPIRES;

	if (record_add(&job->answer, "access_token",
		       record_get(grant, "access_token")) ||
	    record_add(&job->answer, "scope", record_get(grant, "scope")) ||
	    record_add(&job->answer, "token_type", "Bearer") ||
	    record_add_int(&job->answer, "expires_in", good_for) ||
	    record_add(&job->answer, "lifetime",
		       record_get(grant, "expires_in")) ||
	    record_add_int(&job->answer, "expires_at",
			   known ? time(NULL) + good_for : 0))
		return problem_no_memory(&job->problem);
	return VALETKEY_OK;
}
