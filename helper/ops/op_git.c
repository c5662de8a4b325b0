/* SPDX-License-Identifier: MIT */
/*
 * op_git.c - git's stored credentials, for git-credential-valetkey: a
 * full store beside the tokens of the accounts.
 *
 * A password lies in git-credential-libsecret's item: the attributes user,
 * object (the path), protocol, server and port, and a secret text of the
 * password and, on lines of their own, password_expiry_utc and
 * oauth_refresh_token. That helper would take a Bearer credential for a password,
 * so those lie in items with other names.
 */
#include "adding.h"
#include "core/record.h"
#include "git_secret.h"
#include "ops.h"
#include "store/store.h"
#include "store/lock.h"
#include <valetkey.h>

#include <string.h>

#define LOCK_ID "git"

/* An item's kind: names of attributes, and what its first line is. */
struct kind {
	const char *schema;
	const char *secret;	    /* the request's key of the first line */
	const char *const *details; /* of the other lines */
	struct {
		const char *key; /* of the request */
		const char *attribute;
	} names[5];
};

static const char *const password_details[] = {"password_expiry_utc",
					       "oauth_refresh_token", NULL};
static const char *const authtype_details[] = {
    "authtype", "password_expiry_utc", "oauth_refresh_token", NULL};

static const struct kind password_kind = {
    "org.git.Password",
    "password",
    password_details,
    {{"username", "user"},
     {"path", "object"},
     {"protocol", "protocol"},
     {"port", "port"},
     {"server", "server"}},
};

static const struct kind authtype_kind = {
    "org.valetkey.GitAuthtype",
    "credential",
    authtype_details,
    {{"username", "git-user"},
     {"path", "git-object"},
     {"protocol", "git-protocol"},
     {"port", "git-port"},
     {"server", "git-server"}},
};

#define NAMES (sizeof(password_kind.names) / sizeof(*password_kind.names))
#define PORT 3 /* which of them it is */

static int git_failed(struct job *job, int rc)
{
	if (rc == RECORD_NOMEM)
		return problem_no_memory(&job->problem);
	return problem_set(&job->problem, VALETKEY_ERR_ARG,
			   "git's request is malformed.");
}

/* Decodes all fields of the request. */
static int git_take_fields(struct job *job, struct record *fields)
{
	const char *key, *value;
	size_t at = 0;
	int rc = 0;

	while (!rc && (key = record_each(&job->request, &at, &value))) {
		struct buf text = {0};

		rc = git_field_decode(value, strlen(value), &text);
		if (!rc)
			rc = record_add(fields, key, buf_text(&text));
		buf_free(&text);
	}
	if (!rc && !record_get(fields, "protocol") &&
	    !record_get(fields, "server") && !record_get(fields, "path") &&
	    !record_get(fields, "username"))
		rc = RECORD_MALFORMED; /* would mean all there are */
	return rc ? git_failed(job, rc) : VALETKEY_OK;
}

static int pattern(const struct kind *kind, const struct record *fields,
		   struct record *attributes)
{
	for (size_t i = 0; i < NAMES; i++)
		if (record_add(attributes, kind->names[i].attribute,
			       record_get(fields, kind->names[i].key)))
			return RECORD_NOMEM;
	return 0;
}

static const char *actual_port(const char *port, const struct record *fields)
{
	const char *protocol = record_get(fields, "protocol");

	if (port || !protocol)
		return port ? port : "";
	return strcmp(protocol, "https") == 0  ? "443"
	       : strcmp(protocol, "http") == 0 ? "80"
					       : "";
}

/* A port is part of the host, and the usual one need not be named; but the
 * keyring finds what says more than was asked for. */
static void keep_port(const struct kind *kind, const struct record *fields,
		      struct store_item **items)
{
	const char *port = actual_port(record_get(fields, "port"), fields);

	while (*items) {
		struct store_item *item = *items;
		const char *own =
		    record_get(&item->attributes, kind->names[PORT].attribute);

		if (strcmp(actual_port(own, fields), port) == 0) {
			items = &item->next;
			continue;
		}
		*items = item->next;
		item->next = NULL;
		store_git_free(item);
	}
}

static int git_find(struct job *job, const struct kind *kind,
		    const struct record *fields, struct store_item **items)
{
	struct store *store = job_store(job);
	struct record attributes = {0};
	int rc = pattern(kind, fields, &attributes);

	*items = NULL;
	record_remove(&attributes, kind->names[PORT].attribute);
	if (!store)
		rc = job->problem.result;
	else if (rc)
		rc = git_failed(job, rc);
	else
		rc = store_git_find(store, &attributes, items, &job->problem);
	if (record_get(fields, "server"))
		keep_port(kind, fields, items);
	record_free(&attributes);
	return rc;
}

/* ---- get ---- */

/* The better the higher: the caller did not say which of them. */
static int rank_item(const struct kind *kind, const struct record *fields,
		     const struct store_item *item)
{
	int points = git_secret_expired(&item->secret) ? 0 : 8;

	for (size_t i = 0; i < NAMES; i++) {
		const char *key = kind->names[i].key;
		const char *name = kind->names[i].attribute;

		if (record_get(fields, key) ||
		    record_get(&item->attributes, name))
			continue;
		/* For the whole host rather than for a path of it; a Bearer
		 * credential without a user rather than somebody's. */
		points += strcmp(key, "path") == 0 ? 4 : 0;
		points += kind == &authtype_kind && i == 0 ? 2 : 0;
	}
	return points;
}

static const struct store_item *best_item(const struct kind *kind,
					  const struct record *fields,
					  const struct store_item *items)
{
	const struct store_item *found = items;

	for (; items; items = items->next) {
		int mine = rank_item(kind, fields, items);
		int other = rank_item(kind, fields, found);

		if (mine > other ||
		    (mine == other && items->modified > found->modified))
			found = items;
	}
	return found;
}

/* What has expired is not an answer; only a refresh token outlives it, and some other
 * helper of git's may know what to do with that. */
static int answer_item(struct job *job, const struct kind *kind,
		       const struct store_item *item)
{
	static const char *const outlives[] = {"oauth_refresh_token", NULL};
	const char *user =
	    record_get(&item->attributes, kind->names[0].attribute);
	bool over = git_secret_expired(&item->secret);
	struct record fields = {0};
	const char *key, *value;
	size_t at = 0;
	int rc = git_field_add(&job->answer, "username", user);

	if (!rc)
		rc = git_secret_read(&item->secret, kind->secret,
				     over ? outlives : kind->details, &fields);
	while (!rc && (key = record_each(&fields, &at, &value)))
		if (!over || strcmp(key, kind->secret) != 0)
			rc = git_field_add(&job->answer, key, value);
	record_free(&fields);
	return rc ? git_failed(job, RECORD_NOMEM) : VALETKEY_OK;
}

/* Passwords that are over and of no use to anybody; a failure matters not. */
static void clear_expired(struct job *job, const struct store_item *items)
{
	struct problem ignored;

	for (; items; items = items->next)
		if (git_secret_expired(&items->secret) &&
		    !git_secret_has(&items->secret, "oauth_refresh_token"))
			store_git_delete(job->store, items, &ignored);
}

static int get_kind(struct job *job, const struct kind *kind,
		    const struct record *fields, bool *answered)
{
	const struct store_item *item;
	struct store_item *items;
	int rc = git_find(job, kind, fields, &items);

	item = rc ? NULL : best_item(kind, fields, items);
	*answered =
	    item && (!git_secret_expired(&item->secret) ||
		     git_secret_has(&item->secret, "oauth_refresh_token"));
	if (*answered)
		rc = answer_item(job, kind, item);
	if (!rc)
		clear_expired(job, items);
	store_git_free(items);
	return rc;
}

int op_git_get(struct job *job)
{
	struct record fields = {0};
	bool answered = false;
	int rc = git_take_fields(job, &fields);

	if (!rc &&
	    !(record_get(&fields, "protocol") &&
	      (record_get(&fields, "server") || record_get(&fields, "path"))))
		rc = git_failed(job, RECORD_MALFORMED);
	if (!rc && record_get(&fields, "want_authtype"))
		rc = get_kind(job, &authtype_kind, &fields, &answered);
	if (!rc && !answered)
		rc = get_kind(job, &password_kind, &fields, &answered);
	record_free(&fields);
	return rc;
}

/* ---- store ---- */

/* Whether the item is the pattern's own, not one that says more; for its port
 * git_find() cares. */
static bool is_exact(const struct kind *kind, const struct record *fields,
		     const struct store_item *item)
{
	for (size_t i = 0; i < NAMES; i++)
		if (i != PORT && !record_get(fields, kind->names[i].key) &&
		    record_get(&item->attributes, kind->names[i].attribute))
			return false;
	return true;
}

static int create(struct job *job, const struct kind *kind,
		  const struct record *fields, const struct buf *secret)
{
	const char *port = record_get(fields, "port");
	const char *server = record_get(fields, "server");
	const char *path = record_get(fields, "path");
	struct record attributes = {0};
	struct buf label = {0};
	int rc;

	if (pattern(kind, fields, &attributes) ||
	    record_add(&attributes, "xdg:schema", kind->schema) ||
	    buf_fmt(&label, "Git: %s://%s%s%s/%s",
		    record_get(fields, "protocol"), server ? server : "",
		    port ? ":" : "", port ? port : "", path ? path : ""))
		rc = git_failed(job, RECORD_NOMEM);
	else
		rc = store_git_create(job->store, label.data, &attributes,
				      secret, &job->problem);
	record_free(&attributes);
	buf_free(&label);
	return rc;
}

/* *there: there was an item to write to. */
static int replace_items(struct job *job, const struct kind *kind,
			 const struct record *fields, const struct buf *secret,
			 bool *there)
{
	struct store_item *items;
	int rc = git_find(job, kind, fields, &items);

	*there = false;
	for (struct store_item *at = items; !rc && at; at = at->next) {
		if (!is_exact(kind, fields, at))
			continue;
		*there = true;
		/* git stores after each use; a write costs the keyring much. */
		if (at->secret.len != secret->len ||
		    memcmp(buf_text(&at->secret), buf_text(secret),
			   secret->len) != 0)
			rc = store_git_replace(job->store, at, secret,
					       &job->problem);
	}
	store_git_free(items);
	return rc;
}

/* Under a lock: of two who find none each would make one. Without a place for
 * the lock it must do so. */
static int store_first(struct job *job, const struct kind *kind,
		       const struct record *fields, const struct buf *secret)
{
	bool there = false;
	int lock = -1, rc = adding_make_folder(&job->problem);

	if (!rc)
		rc = lock_take(LOCK_ID, LOCK_GRANT, job->deadline, &lock,
			       &job->problem);
	if (rc == VALETKEY_ERR_TIMEOUT)
		return rc;
	rc = VALETKEY_ERR_NO_KEYRING;
	/* What failed may have been done all the same. */
	for (int i = 0; i < 2 && (rc == VALETKEY_ERR_NO_KEYRING ||
				  rc == VALETKEY_ERR_DENIED);
	     i++) {
		rc = replace_items(job, kind, fields, secret, &there);
		if (!rc && !there)
			rc = create(job, kind, fields, secret);
	}
	lock_remove(&lock, LOCK_ID, LOCK_GRANT);
	return rc;
}

static int store_kind(struct job *job, const struct kind *kind,
		      const struct record *fields)
{
	struct buf secret = {0};
	bool there = false;
	int rc = git_secret_make(fields, kind->secret, kind->details, &secret);

	rc = rc ? git_failed(job, rc)
		: replace_items(job, kind, fields, &secret, &there);
	if (!rc && !there)
		rc = store_first(job, kind, fields, &secret);
	buf_free(&secret);
	return rc;
}

int op_git_store(struct job *job)
{
	struct record fields = {0};
	int rc = git_take_fields(job, &fields);

	if (!rc &&
	    (!record_get(&fields, "protocol") ||
	     !(record_get(&fields, "server") || record_get(&fields, "path"))))
		rc = git_failed(job, RECORD_MALFORMED);
	if (!rc && record_get(&fields, "credential") &&
	    record_get(&fields, "authtype"))
		rc = store_kind(job, &authtype_kind, &fields);
	if (!rc && record_get(&fields, "username") &&
	    record_get(&fields, "password"))
		rc = store_kind(job, &password_kind, &fields);
	record_free(&fields);
	return rc;
}

/* ---- erase ---- */

static int erase_kind(struct job *job, const struct kind *kind,
		      const struct record *fields)
{
	const char *secret = record_get(fields, kind->secret);
	struct store_item *items;
	int rc = git_find(job, kind, fields, &items);

	for (struct store_item *at = items; !rc && at; at = at->next) {
		if (!secret || git_secret_is(&at->secret, secret))
			rc = store_git_delete(job->store, at, &job->problem);
	}
	store_git_free(items);
	return rc;
}

int op_git_erase(struct job *job)
{
	struct record fields = {0};
	int rc = git_take_fields(job, &fields);

	if (!rc && !record_get(&fields, "password"))
		rc = erase_kind(job, &authtype_kind, &fields);
	if (!rc && !record_get(&fields, "credential"))
		rc = erase_kind(job, &password_kind, &fields);
	record_free(&fields);
	return rc;
}
