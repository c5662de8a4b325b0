/* SPDX-License-Identifier: MIT */
/*
 * account_items.c - the items of accounts in the desktop keyring, see store.h for
 * what the calls promise.
 *
 * A secret costs six round trips: Hello, ReadAlias, Locked, SearchItems,
 * OpenSession, GetSecret. A session is opened only if a secret will travel,
 * so "locked" and "not there" cost no key agreement. An item's attributes are
 * xdg:schema, account, kind and provider; the provider is not searched for.
 */
#include "items.h"

#include "session.h"
#include <valetkey.h>

#include <string.h>

#define SCHEMA "org.valetkey.Item"

/* What one of the public calls works on, in both of its attempts. */
struct task {
	const struct store_key *key;
	struct record *record;	/* load: empty at first */
	const struct buf *text; /* save */
	char *item;		/* save: the path that it was written to */
	bool found;		/* load */
};

static const char *kind_label(const struct store_key *key)
{
	return key->kind == STORE_GRANT	    ? "login"
	       : key->kind == STORE_PENDING ? "to be revoked"
					    : "client secret";
}

static const char *kind_name(const struct store_key *key)
{
	return key->kind == STORE_GRANT	    ? "grant"
	       : key->kind == STORE_PENDING ? "pending"
					    : "client";
}

static GVariant *attributes(const struct store_key *key, bool with_provider)
{
	GVariantBuilder builder;

	g_variant_builder_init(&builder, G_VARIANT_TYPE("a{ss}"));
	g_variant_builder_add(&builder, "{ss}", "xdg:schema", SCHEMA);
	g_variant_builder_add(&builder, "{ss}", "account", key->id);
	g_variant_builder_add(&builder, "{ss}", "kind", kind_name(key));
	if (with_provider)
		g_variant_builder_add(&builder, "{ss}", "provider",
				      key->provider);
	return g_variant_builder_end(&builder);
}

static int account_items_parse(const struct store_key *key,
			       const struct buf *text, struct record *record,
			       struct problem *problem)
{
	unsigned line = 0;
	int rc = record_parse_text(record, buf_text(text), text->len, &line);

	if (!rc)
		return 0;
	record_free(record);
	if (rc == RECORD_NOMEM)
		return problem_no_memory(problem);
	return problem_set(
	    problem, VALETKEY_ERR_LOGIN,
	    "Another program has changed the keyring item \"valetkey: %s (%s) "
	    "- %s\": it is invalid (line %u). Delete it, and log in again: "
	    "valetkey login %s",
	    key->account, key->provider, kind_label(key), line, key->account);
}

/* A locked KeePassXC shows none of its items: that nothing was found means
 * something only if it is not locked. */
static int find_hidden(struct keyring *keyring, const struct store_key *key,
		       char ***items, struct problem *problem)
{
	struct problem kept = *problem;
	int rc = keyring_writable(keyring, problem);

	if (rc == VALETKEY_ERR_NO_KEYRING) { /* no collection at all */
		*problem = kept;
		return 0;
	}
	if (rc || !keyring->may_prompt)
		return rc;
	g_strfreev(*items);
	return keyring_find(keyring, attributes(key, false), items, problem);
}

static int load_one(struct keyring *keyring, struct task *task,
		    const char *item, struct problem *problem)
{
	struct record record = {0};
	struct buf text = {0};
	int rc = keyring_get(keyring, item, &text, problem);

	if (!rc)
		rc = account_items_parse(task->key, &text, &record, problem);
	buf_free(&text);
	if (!rc && record_get_int(&record, "generation", 0) >=
		       record_get_int(task->record, "generation", -1)) {
		record_free(task->record);
		*task->record = record;
	} else {
		record_free(&record);
	}
	return rc;
}

/* If keyrings were merged there may be an older copy beside the item: of
 * several the one of the highest generation counts (account_state.h), and one that
 * cannot be read only if it is alone. */
static int load_newest_item(struct keyring *keyring, void *work,
			    struct problem *problem)
{
	struct problem kept = *problem;
	struct task *task = work;
	char **items;
	bool read = false;
	int rc = keyring_find(keyring, attributes(task->key, false), &items,
			      problem);

	if (!rc && !*items)
		rc = find_hidden(keyring, task->key, &items, problem);
	task->found = !rc && *items;
	for (size_t i = task->found ? g_strv_length(items) : 0; i-- > 0;) {
		rc = load_one(keyring, task, items[i], problem);
		read = read || !rc;
	}
	if (read) {
		*problem = kept;
		rc = VALETKEY_OK;
	}
	g_strfreev(items);
	return rc;
}

static int create_item(struct keyring *keyring, struct task *task,
		       struct problem *problem)
{
	const struct store_key *key = task->key;
	char *label = g_strdup_printf("valetkey: %s (%s) - %s", key->account,
				      key->provider, kind_label(key));
	int rc = keyring_create(keyring, label, attributes(key, true),
				task->text, problem);

	g_free(label);
	return rc;
}

static void note_item(struct task *task, const char *item)
{
	g_free(task->item);
	task->item = g_strdup(item);
}

/* Of several items each gets the secret; one that takes it is enough. */
static int set_items(struct keyring *keyring, struct task *task, char **items,
		     struct problem *problem)
{
	struct problem kept = *problem;
	bool set = false;
	int rc = VALETKEY_OK;

	for (size_t i = 0; items[i]; i++) {
		rc = keyring_set(keyring, items[i], task->text, problem);
		if (!rc && !set)
			note_item(task, items[i]);
		set = set || !rc;
	}
	if (set)
		*problem = kept;
	return set ? VALETKEY_OK : rc;
}

static int save_item(struct keyring *keyring, void *work,
		     struct problem *problem)
{
	struct task *task = work;
	char **items;
	int rc = keyring_find(keyring, attributes(task->key, false), &items,
			      problem);

	if (!rc && *items) {
		rc = set_items(keyring, task, items, problem);
	} else if (!rc) {
		g_strfreev(items);
		items = NULL;
		rc = create_item(keyring, task, problem);
		if (!rc)
			rc = keyring_find(keyring, attributes(task->key, false),
					  &items, problem);
		if (!rc)
			note_item(task, *items);
	}
	g_strfreev(items);
	return rc;
}

static int read_back(struct keyring *keyring, void *work,
		     struct problem *problem)
{
	struct task *task = work;
	const struct buf *text = task->text;
	struct buf got = {0};
	int rc =
	    task->item ? keyring_get(keyring, task->item, &got, problem) : 0;
	bool same = task->item && got.len == text->len &&
		    memcmp(buf_text(&got), buf_text(text), text->len) == 0;

	buf_free(&got);
	if (!rc && !same)
		rc = problem_set(problem, VALETKEY_ERR_DENIED,
				 "The keyring did not keep what was written. "
				 "Is its disk full?");
	return rc;
}

/* A keyring that has said "done" and now cannot be asked has it; one that shows
 * something else gets it once more. */
static int save_and_look(struct keyring *keyring, struct task *task,
			 struct problem *problem)
{
	struct problem kept = *problem;
	int rc = VALETKEY_ERR_DENIED;

	keyring->unverified = false;
	for (int tries = 0; tries < 2 && rc == VALETKEY_ERR_DENIED; tries++) {
		rc = keyring_twice(keyring, save_item, task, problem);
		if (rc)
			return rc;
		rc = keyring_twice(keyring, read_back, task, problem);
	}
	if (!rc || rc == VALETKEY_ERR_DENIED)
		return rc;
	keyring->unverified = true;
	*problem = kept;
	return VALETKEY_OK;
}

static int delete_items(struct keyring *keyring, void *work,
			struct problem *problem)
{
	struct task *task = work;
	char **items;
	int rc = keyring_find(keyring, attributes(task->key, false), &items,
			      problem);

	for (size_t i = 0; !rc && items[i]; i++)
		rc = keyring_delete(keyring, items[i], problem);
	g_strfreev(items);
	return rc;
}

int account_items_load(struct keyring *keyring, const struct store_key *key,
		       struct record *record, bool *found,
		       struct problem *problem)
{
	struct task task = {.key = key, .record = record};
	int rc = keyring_twice(keyring, load_newest_item, &task, problem);

	*found = !rc && task.found;
	return rc;
}

int account_items_save(struct keyring *keyring, const struct store_key *key,
		       const struct record *record, struct problem *problem)
{
	struct buf text = {0};
	struct task task = {.key = key, .text = &text};
	int rc = record_write(record, &text);

	if (rc == RECORD_NOMEM)
		rc = problem_no_memory(problem);
	else if (rc)
		rc = problem_set(problem, VALETKEY_ERR_HELPER,
				 "A value with a control character cannot be "
				 "stored.");
	else
		rc = save_and_look(keyring, &task, problem);
	g_free(task.item);
	buf_free(&text);
	return rc;
}

bool account_items_unverified(const struct keyring *keyring)
{
	return keyring->unverified;
}

int account_items_delete(struct keyring *keyring, const struct store_key *key,
			 struct problem *problem)
{
	struct task task = {.key = key};

	return keyring_twice(keyring, delete_items, &task, problem);
}

/* What account_items_others() works on. */
struct others {
	const struct record *ids;
	struct record *found;
};

static int add_label(struct keyring *keyring, const char *item, const char *id,
		     struct others *others, struct problem *problem)
{
	GVariant *label;
	int rc = keyring_property(keyring, item, "Label", &label, problem);

	if (rc)
		return rc;
	if (g_variant_is_of_type(label, G_VARIANT_TYPE_STRING) &&
	    record_add(others->found, id, g_variant_get_string(label, NULL)))
		rc = problem_no_memory(problem);
	g_variant_unref(label);
	return rc;
}

static int add_unlisted(struct keyring *keyring, const char *item,
			struct others *others, struct problem *problem)
{
	const char *id;
	GVariant *all;
	int rc = keyring_property(keyring, item, "Attributes", &all, problem);

	if (rc)
		return rc;
	if (g_variant_is_of_type(all, G_VARIANT_TYPE("a{ss}")) &&
	    g_variant_lookup(all, "account", "&s", &id) &&
	    !record_get(others->ids, id))
		rc = add_label(keyring, item, id, others, problem);
	g_variant_unref(all);
	return rc;
}

static int list_others(struct keyring *keyring, struct others *others,
		       struct problem *problem)
{
	char **lists[2];
	GVariantBuilder builder;
	int rc;

	g_variant_builder_init(&builder, G_VARIANT_TYPE("a{ss}"));
	g_variant_builder_add(&builder, "{ss}", "xdg:schema", SCHEMA);
	rc = keyring_search(keyring, g_variant_builder_end(&builder), &lists[0],
			    &lists[1], problem);
	for (size_t n = 0; n < 2; n++) {
		for (char **item = lists[n]; !rc && *item; item++)
			rc = add_unlisted(keyring, *item, others, problem);
		g_strfreev(lists[n]);
	}
	return rc;
}

int account_items_others(struct keyring *keyring, const struct record *ids,
			 struct record *found, struct problem *problem)
{
	struct others others = {.ids = ids, .found = found};
	int rc = keyring->service ? 0 : keyring_attach(keyring, problem);

	return rc ? rc : list_others(keyring, &others, problem);
}
