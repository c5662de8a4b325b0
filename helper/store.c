/* SPDX-License-Identifier: MIT */
/*
 * store.c - see store.h: the items of the desktop keyring.
 *
 * A secret costs five round trips: Hello, GetNameOwner, SearchItems,
 * OpenSession, GetSecret. A session is opened only where a secret will travel,
 * so "locked" and "not there" cost no key agreement. An item's attributes are
 * xdg:schema, account, kind and provider; the provider is not searched for.
 */
#include "store.h"

#include "secrets.h"
#include "valetkey.h"

#include <stdlib.h>
#include <string.h>

#define DEFAULT_PATH SECRETS_PATH "/aliases/default"
#define COLLECTION "org.freedesktop.Secret.Collection"
#define ITEM "org.freedesktop.Secret.Item"
#define PROPERTIES "org.freedesktop.DBus.Properties"
#define SCHEMA "org.valetkey.Item"

/* What one of the public calls works on, in both of its attempts. */
struct job {
	const struct store_key *key;
	struct record *record;	/* load: empty at first */
	const struct buf *text; /* save */
	bool found;
};

typedef int operation(struct store *store, struct job *job,
		      struct problem *problem);

static int no_memory(struct problem *problem)
{
	return problem_set(problem, VALETKEY_ERR_NOMEM, "Out of memory.");
}

static const char *kind_label(const struct store_key *key)
{
	return key->kind == STORE_GRANT ? "login" : "client secret";
}

/* By its own path: not every keyring unlocks an alias. */
static int unlock_default(struct store *store, struct problem *problem)
{
	struct call call = {SECRETS_PATH, SECRETS_SERVICE, "ReadAlias", "(o)",
			    g_variant_new("(s)", "default")};
	GVariant *answer;
	const char *path;
	int rc = secrets_call(store, &call, &answer, problem);

	if (rc)
		return rc;
	g_variant_get(answer, "(&o)", &path);
	rc = secrets_unlock(store, path, problem);
	g_variant_unref(answer);
	return rc;
}

static int check_writable(struct store *store, struct job *job,
			  struct problem *problem)
{
	struct call call = {DEFAULT_PATH, PROPERTIES, "Get", "(v)",
			    g_variant_new("(ss)", COLLECTION, "Locked")};
	GVariant *answer, *value;
	bool locked;
	int rc = secrets_call(store, &call, &answer, problem);

	(void)job;
	if (rc)
		return rc;
	g_variant_get(answer, "(v)", &value);
	locked = g_variant_get_boolean(value);
	g_variant_unref(value);
	g_variant_unref(answer);
	if (locked)
		return store->may_prompt ? unlock_default(store, problem)
					 : secrets_locked(problem);
	return 0;
}

static GVariant *attributes(const struct store_key *key, bool with_provider)
{
	const char *kind = key->kind == STORE_GRANT ? "grant" : "client";
	GVariantBuilder builder;

	g_variant_builder_init(&builder, G_VARIANT_TYPE("a{ss}"));
	g_variant_builder_add(&builder, "{ss}", "xdg:schema", SCHEMA);
	g_variant_builder_add(&builder, "{ss}", "account", key->id);
	g_variant_builder_add(&builder, "{ss}", "kind", kind);
	if (with_provider)
		g_variant_builder_add(&builder, "{ss}", "provider",
				      key->provider);
	return g_variant_builder_end(&builder);
}

/* The items' paths, unlocked: one, or none, or by accident several. */
static int find_items(struct store *store, const struct store_key *key,
		      char ***items, struct problem *problem)
{
	struct call call = {SECRETS_PATH, SECRETS_SERVICE, "SearchItems",
			    "(aoao)",
			    g_variant_new("(@a{ss})", attributes(key, false))};
	GVariant *answer;
	char **unlocked, **locked;
	int rc = secrets_call(store, &call, &answer, problem);

	*items = NULL;
	if (rc)
		return rc;
	g_variant_get(answer, "(^ao^ao)", &unlocked, &locked);
	g_variant_unref(answer);
	if (*unlocked || !*locked) {
		*items = unlocked;
		g_strfreev(locked);
		return 0;
	}
	*items = locked;
	g_strfreev(unlocked);
	return secrets_unlock(store, *locked, problem);
}

static int get_secret(struct store *store, const char *item,
		      SecretValue **value, struct problem *problem)
{
	struct call call = {item, ITEM, "GetSecret", "((oayays))", NULL};
	GVariant *answer, *secret;
	const char *session;
	int rc = secrets_open_session(store, problem);

	if (rc)
		return rc;
	session = secret_service_get_session_dbus_path(store->service);
	call.arguments = g_variant_new("(o)", session);
	rc = secrets_call(store, &call, &answer, problem);
	if (rc)
		return rc;
	secret = g_variant_get_child_value(answer, 0);
	*value = secret_service_decode_dbus_secret(store->service, secret);
	g_variant_unref(secret);
	g_variant_unref(answer);
	return *value ? 0
		      : problem_set(problem, VALETKEY_ERR_DENIED,
				    "The keyring's answer cannot be decrypted. "
				    "Start the keyring again.");
}

static int parse(SecretValue *value, struct job *job, struct problem *problem)
{
	const struct store_key *key = job->key;
	unsigned line = 0;
	gsize len;
	const char *text = secret_value_get(value, &len);
	int rc = record_parse_text(job->record, text, len, &line);

	if (!rc)
		return 0;
	record_free(job->record);
	if (rc == RECORD_NOMEM)
		return no_memory(problem);
	return problem_set(
	    problem, VALETKEY_ERR_LOGIN,
	    "Another program has changed the keyring item "
	    "\"valetkey: %s (%s) - %s\": it makes no sense (line "
	    "%u). Delete it, and log in again: valetkey login %s",
	    key->account, key->provider, kind_label(key), line, key->account);
}

static int load_item(struct store *store, struct job *job,
		     struct problem *problem)
{
	SecretValue *value = NULL;
	char **items;
	int rc = find_items(store, job->key, &items, problem);

	job->found = !rc && *items;
	if (job->found)
		rc = get_secret(store, *items, &value, problem);
	if (value) {
		rc = parse(value, job, problem);
		secret_value_unref(value);
	}
	g_strfreev(items);
	return rc;
}

static int encode(struct store *store, const struct buf *text,
		  GVariant **secret, struct problem *problem)
{
	SecretValue *value;
	int rc = secrets_open_session(store, problem);

	if (rc)
		return rc;
	value =
	    secret_value_new(buf_text(text), (gssize)text->len, "text/plain");
	*secret = secret_service_encode_dbus_secret(store->service, value);
	secret_value_unref(value);
	return *secret ? 0 : no_memory(problem);
}

static int set_secret(struct store *store, const char *item,
		      const struct buf *text, struct problem *problem)
{
	struct call call = {item, ITEM, "SetSecret", "()", NULL};
	GVariant *secret;
	int rc = encode(store, text, &secret, problem);

	if (rc)
		return rc;
	call.arguments = g_variant_new("(@(oayays))", secret);
	return secrets_call(store, &call, NULL, problem);
}

static int create_item(struct store *store, struct job *job,
		       struct problem *problem)
{
	const struct store_key *key = job->key;
	struct call call = {DEFAULT_PATH, COLLECTION, "CreateItem", "(oo)",
			    NULL};
	GVariantBuilder builder;
	GVariant *secret;
	char *label;
	int rc = check_writable(store, job, problem);

	if (!rc)
		rc = encode(store, job->text, &secret, problem);
	if (rc)
		return rc;
	label = g_strdup_printf("valetkey: %s (%s) - %s", key->account,
				key->provider, kind_label(key));
	g_variant_builder_init(&builder, G_VARIANT_TYPE("a{sv}"));
	g_variant_builder_add(&builder, "{sv}", ITEM ".Label",
			      g_variant_new_string(label));
	g_variant_builder_add(&builder, "{sv}", ITEM ".Attributes",
			      attributes(key, true));
	call.arguments =
	    g_variant_new("(a{sv}@(oayays)b)", &builder, secret, FALSE);
	g_free(label);
	return secrets_call_prompt(store, &call, 1, problem);
}

static int read_back(struct store *store, const char *item,
		     const struct buf *text, struct problem *problem)
{
	SecretValue *value = NULL;
	bool same = false;
	gsize len;
	int rc = item ? get_secret(store, item, &value, problem) : 0;

	if (value) {
		const char *got = secret_value_get(value, &len);

		same =
		    len == text->len && memcmp(got, buf_text(text), len) == 0;
		secret_value_unref(value);
	}
	if (!rc && !same)
		rc = problem_set(problem, VALETKEY_ERR_DENIED,
				 "The keyring did not keep what was written. "
				 "Is its disk full?");
	return rc;
}

/* Of several items each gets the secret: a load may find any of them. */
static int save_item(struct store *store, struct job *job,
		     struct problem *problem)
{
	char **items;
	int rc = find_items(store, job->key, &items, problem);

	job->found = true;
	if (!rc && !*items) {
		g_strfreev(items);
		items = NULL;
		rc = create_item(store, job, problem);
		if (!rc)
			rc = find_items(store, job->key, &items, problem);
	} else {
		for (size_t i = 0; !rc && items[i]; i++)
			rc = set_secret(store, items[i], job->text, problem);
	}
	if (!rc)
		rc = read_back(store, *items, job->text, problem);
	g_strfreev(items);
	return rc;
}

static int delete_items(struct store *store, struct job *job,
			struct problem *problem)
{
	char **items;
	int rc = find_items(store, job->key, &items, problem);

	for (size_t i = 0; !rc && items[i]; i++) {
		struct call call = {items[i], ITEM, "Delete", "(o)", NULL};

		job->found = true;
		rc = secrets_call_prompt(store, &call, 0, problem);
	}
	g_strfreev(items);
	return rc;
}

/* Once, and where that failed or found nothing once more on a new session. */
static int run(struct store *store, operation *attempt, struct job *job,
	       struct problem *problem)
{
	int rc = store->service ? 0 : secrets_attach(store, problem);

	if (rc)
		return rc;
	rc = attempt(store, job, problem);
	if (rc == 0 ? job->found
		    : rc != VALETKEY_ERR_NO_KEYRING &&
			  rc != VALETKEY_ERR_DENIED && rc != VALETKEY_ERR_LOGIN)
		return rc;
	rc = secrets_attach(store, problem);
	return rc ? rc : attempt(store, job, problem);
}

int store_open(bool may_prompt, int64_t deadline, struct store **store,
	       struct problem *problem)
{
	struct store *new = calloc(1, sizeof(*new));
	int rc;

	*store = NULL;
	if (!new)
		return no_memory(problem);
	new->may_prompt = may_prompt;
	new->deadline = deadline;
	rc = secrets_connect(new, problem);
	if (!rc)
		rc = secrets_attach(new, problem);
	if (rc)
		store_close(new);
	else
		*store = new;
	return rc;
}

void store_set_deadline(struct store *store, int64_t deadline)
{
	store->deadline = deadline;
}

int store_writable(struct store *store, struct problem *problem)
{
	struct job job = {.found = true};

	return run(store, check_writable, &job, problem);
}

int store_load(struct store *store, const struct store_key *key,
	       struct record *record, bool *found, struct problem *problem)
{
	struct job job = {.key = key, .record = record};
	int rc = run(store, load_item, &job, problem);

	*found = !rc && job.found;
	return rc;
}

int store_save(struct store *store, const struct store_key *key,
	       const struct record *record, struct problem *problem)
{
	struct buf text = {NULL, 0, 0};
	struct job job = {.key = key, .text = &text};
	int rc = record_write(record, &text);

	if (rc == RECORD_NOMEM)
		rc = no_memory(problem);
	else if (rc)
		rc = problem_set(problem, VALETKEY_ERR_HELPER,
				 "A value with a control character cannot be "
				 "stored.");
	else
		rc = run(store, save_item, &job, problem);
	buf_free(&text);
	return rc;
}

int store_delete(struct store *store, const struct store_key *key,
		 struct problem *problem)
{
	struct job job = {.key = key};

	return run(store, delete_items, &job, problem);
}

void store_close(struct store *store)
{
	if (store)
		secrets_disconnect(store);
	free(store);
}
