/* SPDX-License-Identifier: MIT */
/*
 * registration.c - see registration.h. What a changed file may and may not do is
 * decided here.
 */
#include "registration.h"

#include "core/clock.h"
#include "crypto/crypto.h"
#include "grant.h"
#include "net/net.h"
#include <valetkey.h>

#include <stdio.h>
#include <string.h>

#define CLIENT_URI "registration_client_uri"
#define CLIENT_TOKEN "registration_access_token"
#define REMOVE_MS 15000
#define WAS "was."

/* ---- the one that counts ---- */

static bool is_was(const char *key)
{
	return strncmp(key, WAS, strlen(WAS)) == 0;
}

/* What belongs to one of two registrations. */
static bool is_of_one(const char *key)
{
	return strcmp(key, "client_secret") == 0 || strcmp(key, "proof") == 0 ||
	       strncmp(key, "pin.", 4) == 0;
}

/* The item with the one registration or, `was`, the other. */
static int pick_registration(const struct record *item, bool was,
			     struct record *out)
{
	const char *key, *value;
	size_t at = 0;
	int rc = 0;

	while (!rc && (key = record_each(item, &at, &value))) {
		bool other = is_was(key);

		if (other && was)
			rc = record_add(out, key + strlen(WAS), value);
		else if (!other && (!was || !is_of_one(key)))
			rc = record_add(out, key, value);
	}
	return rc;
}

/* Which one it is: the other only if the client fits that alone. */
static bool fits_other(const struct client *client, const struct record *item,
		       struct record *other)
{
	const char *what;

	return record_get(item, WAS "pin.client_id") &&
	       !client_pinned(client, item, CLIENT_PINS_SECRET, &what) &&
	       pick_registration(item, true, other) == 0 &&
	       client_pinned(client, other, CLIENT_PINS_SECRET, &what);
}

int registration_load(struct job *job, const struct client *client,
		      struct record *item, bool *found)
{
	struct record all = {0}, other = {0};
	int rc = job_load_item(job, client, STORE_CLIENT, &all, found);

	if (!rc && fits_other(client, &all, &other))
		rc = record_append(item, &other);
	else if (!rc)
		rc = pick_registration(&all, false, item);
	if (rc < 0)
		rc = problem_no_memory(&job->problem);
	record_free(&all);
	record_free(&other);
	return rc;
}

/* ---- writing it ---- */

int registration_save(struct job *job, const struct client *client,
		      const char *secret, const char *proof)
{
	struct record item = {0}, old = {0};
	bool found;
	int rc = registration_load(job, client, &old, &found);

	if (!rc &&
	    (record_add(&item, "client_secret", secret) ||
	     record_add(&item, "proof", proof) ||
	     record_add(&item, CLIENT_URI, record_get(&old, CLIENT_URI)) ||
	     record_add(&item, CLIENT_TOKEN, record_get(&old, CLIENT_TOKEN)) ||
	     record_add(&item, "seal", record_get(&old, "seal"))))
		rc = problem_no_memory(&job->problem);
	if (!rc)
		rc = registration_save_item(job, client, &item);
	record_free(&old);
	record_free(&item);
	return rc;
}

int registration_save_item(struct job *job, const struct client *client,
			   struct record *item)
{
	const struct store_key key = job_item_key(client, STORE_CLIENT);

	if (client_pin(client, item))
		return problem_no_memory(&job->problem);
	if (!job_store(job))
		return job->problem.result;
	return store_save(job->store, &key, item, &job->problem);
}

/* Beside the new one, what there is now. */
static int add_was(struct record *item, const struct record *now)
{
	const char *key, *value;
	char name[80];
	size_t at = 0;
	int rc = 0;

	while (!rc && (key = record_each(now, &at, &value)))
		if (is_of_one(key) &&
		    strlen(key) < sizeof(name) - sizeof(WAS)) {
			snprintf(name, sizeof(name), WAS "%s", key);
			rc = record_add(item, name, value);
		}
	return rc;
}

int registration_replace(struct job *job, const struct client *client,
			 const char *secret, const char *proof)
{
	struct record item = {0}, now = {0};
	struct client before = {0};
	bool found = false;
	int rc = client_load(client->account, &before, &job->problem);

	/* A file that cannot be used has nothing to go back to. */
	if (rc)
		rc = job_load_item(job, client, STORE_CLIENT, &now, &found);
	else
		rc = registration_load(job, &before, &now, &found);
	if (!rc &&
	    (record_add(&item, "client_secret", secret) ||
	     record_add(&item, "proof", proof) ||
	     record_add(&item, CLIENT_URI, record_get(&now, CLIENT_URI)) ||
	     record_add(&item, CLIENT_TOKEN, record_get(&now, CLIENT_TOKEN)) ||
	     record_add(&item, "seal", record_get(&now, "seal")) ||
	     add_was(&item, &now)))
		rc = problem_no_memory(&job->problem);
	if (!rc)
		rc = registration_save_item(job, client, &item);
	client_free(&before);
	record_free(&item);
	record_free(&now);
	return rc;
}

int registration_settle(struct job *job, const struct client *client)
{
	const struct store_key key = job_item_key(client, STORE_CLIENT);
	struct record all = {0}, item = {0};
	struct client now = {0};
	struct problem ignored = {0};
	const char *what;
	bool found;
	int rc = job_load_item(job, client, STORE_CLIENT, &all, &found);

	if (!rc && found && record_get(&all, WAS "pin.client_id") &&
	    client_load(client->account, &now, &ignored) == VALETKEY_OK &&
	    client_pinned(&now, &all, CLIENT_PINS_SECRET, &what)) {
		if (pick_registration(&all, false, &item))
			rc = problem_no_memory(&job->problem);
		else
			rc = store_save(job->store, &key, &item, &job->problem);
	}
	client_free(&now);
	record_free(&all);
	record_free(&item);
	return rc;
}

static int save_new_seal(struct job *job, const struct client *client,
			 struct record *item)
{
	const struct store_key key = job_item_key(client, STORE_CLIENT);
	struct buf seal = {0};
	int rc;

	if (crypto_random(&seal) == 0 &&
	    record_add(item, "seal", seal.data) == 0)
		rc = store_save(job->store, &key, item, &job->problem);
	else
		rc = problem_no_memory(&job->problem);
	buf_free(&seal);
	return rc;
}

int registration_seal(struct job *job, const struct client *client,
		      struct buf *seal)
{
	struct record item = {0};
	const char *known;
	bool found;
	int rc = job_load_item(job, client, STORE_CLIENT, &item, &found);

	if (!rc && found && !record_get(&item, "seal"))
		rc = save_new_seal(job, client, &item);
	known = record_get(&item, "seal");
	if (!rc && known && buf_str(seal, known))
		rc = problem_no_memory(&job->problem);
	record_free(&item);
	return rc;
}

/* The item says whom to trust there, whatever the account's file says now. */
enum registration_end registration_end_item(const struct record *item,
					    const char *proxy)
{
	struct problem ignored = {0};
	struct http_answer answer = {0};
	enum registration_end end = REGISTRATION_LEFT;
	const struct net *net;
	struct http_request request = {
	    .remove = true,
	    .url = record_get(item, CLIENT_URI),
	    .bearer = record_get(item, CLIENT_TOKEN),
	    .ca_file = record_get(item, "pin.ca_file"),
	    .proxy = proxy,
	    .deadline = deadline_in(REMOVE_MS),
	};

	if (!registration_is_ours(item))
		return REGISTRATION_NOT_OURS;
	if (request.ca_file && !*request.ca_file)
		request.ca_file = NULL;
	net = net_load(&ignored);
	if (!net)
		return end;
	if (net->http_send(&request, &answer, &ignored) == VALETKEY_OK &&
	    http_success(answer.status))
		end = REGISTRATION_DELETED;
	net->http_answer_free(&answer);
	return end;
}

enum registration_end registration_end(struct job *job,
				       const struct client *client)
{
	enum registration_end end = REGISTRATION_NOT_OURS;
	struct record item = {0};
	bool found;

	if (job_load_item(job, client, STORE_CLIENT, &item, &found) == 0)
		end = registration_end_item(&item, client->proxy);
	record_free(&item);
	return end;
}

bool registration_is_ours(const struct record *item)
{
	return record_get(item, CLIENT_URI) && record_get(item, CLIENT_TOKEN);
}

/* Nobody can allow the secret to go elsewhere. All other pins were compared
 * before: by registration_check() or by grant_load(). */
static int check_secret(const struct client *client, const struct record *item,
			struct problem *problem)
{
	const char *credential = client_credential(client), *what = "";

	if (client_pinned(client, item, CLIENT_PINS_SECRET, &what))
		return VALETKEY_OK;
	if (strcmp(what, "memory") == 0)
		return problem_no_memory(problem);
	return problem_set(
	    problem, VALETKEY_ERR_LOGIN,
	    "The %s of account %s is not the one that the %s was added for, so "
	    "it is not sent; it is kept. If you did not make this change, undo "
	    "it. If you did, give what belongs to it: valetkey edit %s%s",
	    what, client->account, credential ? credential : "client secret",
	    client->account,
	    credential && !client_has_secret(client) ? " --auth METHOD"
						     : " --secret-stdin");
}

static int missing(const struct client *client, struct problem *problem)
{
	return problem_set(
	    problem, VALETKEY_ERR_LOGIN,
	    "The %s of account %s is not in the %s. Is it the one that it was "
	    "added to? To give it again, run: valetkey edit %s%s",
	    client_has_secret(client) ? "client secret" : "registration",
	    client->account,
	    record_is(&client->config, "store", "sealed") ? "sealed store"
							  : "keyring",
	    client->account,
	    client_has_secret(client) ? " --secret-stdin" : " --auth METHOD");
}

static int registration_load_secret(struct job *job,
				    const struct client *client,
				    struct record *item)
{
	bool found;
	int rc = registration_load(job, client, item, &found);

	if (!rc && (!found || (client_has_secret(client) &&
			       !record_get(item, "client_secret"))))
		rc = missing(client, &job->problem);
	return rc;
}

int registration_secret(struct job *job, const struct client *client,
			struct record *item)
{
	int rc;

	if (!client_credential(client))
		return VALETKEY_OK;
	rc = registration_load_secret(job, client, item);
	return rc ? rc : check_secret(client, item, &job->problem);
}

int registration_secret_for(struct job *job, const struct client *client,
			    const struct grant *grant, struct record *item)
{
	static const char *const keys[] = {
	    "token_endpoint", "revocation_endpoint", "ca_file", "client_id"};
	int rc;

	if (!client_credential(client))
		return VALETKEY_OK;
	rc = registration_load_secret(job, client, item);
	for (size_t i = 0; !rc && i < sizeof(keys) / sizeof(*keys); i++)
		if (strcmp(client_pin_of(item, keys[i]),
			   client_pin_of(&grant->pins, keys[i])) != 0)
			rc = problem_set(&job->problem, VALETKEY_ERR_LOGIN,
					 "The %s was not made for the %s of "
					 "this grant.",
					 client_credential(client), keys[i]);
	return rc;
}

/* A secret in the keyring stays where it belongs, even if the client says now
 * that it has none. */
static int check_item(const struct client *client, const struct record *item,
		      struct problem *problem)
{
	const char *secret = record_get(item, "client_secret");

	if (client_has_secret(client) && !secret)
		return missing(client, problem);
	if (client_credential(client) || secret)
		return check_secret(client, item, problem);
	return VALETKEY_OK;
}

static int check_changes(const struct client *client, const struct record *item,
			 bool logged_in, struct problem *problem)
{
	bool unused = !logged_in && !client_credential(client) &&
		      !record_get(item, "client_secret");

	return client_check_pins(client, item,
				 unused ? CLIENT_PINS_UNUSED : CLIENT_PINS_ALL,
				 problem);
}

int registration_check(struct job *job, const struct client *client,
		       bool accepted)
{
	struct record item = {0};
	struct grant grant = {0};
	bool found = false, logged_in = false;
	int rc = registration_load(job, client, &item, &found);

	if (!rc && !found && client_credential(client))
		rc = missing(client, &job->problem);
	if (!rc && found)
		rc = check_item(client, &item, &job->problem);
	if (rc || accepted)
		goto out;
	rc = grant_look(job, client, &grant, &logged_in);
	if (!rc && found)
		rc = check_changes(client, &item, logged_in, &job->problem);
	if (!rc && logged_in)
		rc = client_check_pins(client, &grant.pins, CLIENT_PINS_ALL,
				       &job->problem);
out:
	grant_free(&grant);
	record_free(&item);
	return rc;
}

int registration_adopt(struct job *job, const struct client *client)
{
	struct record item = {0};
	const char *what;
	bool found;
	int rc = registration_load(job, client, &item, &found);

	if (!rc && !found && record_add(&item, "proof", "none"))
		rc = problem_no_memory(&job->problem);
	/* A secret that an edit has brought meanwhile stays the new server's. */
	if (!rc &&
	    (!found ||
	     (!client_pinned(client, &item, CLIENT_PINS_ALL, &what) &&
	      (!record_get(&item, "client_secret") ||
	       client_pinned(client, &item, CLIENT_PINS_SECRET, &what)))))
		rc = registration_save_item(job, client, &item);
	record_free(&item);
	return rc;
}
