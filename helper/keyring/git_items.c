/* SPDX-License-Identifier: MIT */
/*
 * git_items.c - see store/store.h. What the attributes and the secret mean is
 * ops/op_git.c's business.
 */
#include "items.h"

#include "session.h"
#include <valetkey.h>

#include <stdlib.h>
#include <string.h>

#define ITEMS_MAX 64

/* What one of the public calls works on, in both of its attempts. */
struct work {
	const struct record *attributes;
	struct store_item *items; /* find */
	const struct buf *secret; /* replace */
	const char *path;	  /* replace, delete */
};

/* D-Bus knows no other text (and GLib would complain aloud). */
static bool all_utf8(const struct record *attributes)
{
	const char *value;
	size_t at = 0;

	while (record_each(attributes, &at, &value))
		if (!g_utf8_validate(value, -1, NULL))
			return false;
	return true;
}

static GVariant *dictionary(const struct record *attributes)
{
	const char *key, *value;
	GVariantBuilder builder;
	size_t at = 0;

	g_variant_builder_init(&builder, G_VARIANT_TYPE("a{ss}"));
	while ((key = record_each(attributes, &at, &value)))
		g_variant_builder_add(&builder, "{ss}", key, value);
	return g_variant_builder_end(&builder);
}

static int load_attributes(struct keyring *keyring, struct store_item *item,
			   struct problem *problem)
{
	const char *key, *value;
	GVariant *all;
	GVariantIter iter;
	int rc =
	    keyring_property(keyring, item->path, "Attributes", &all, problem);

	if (rc)
		return rc;
	if (g_variant_is_of_type(all, G_VARIANT_TYPE("a{ss}"))) {
		g_variant_iter_init(&iter, all);
		while (!rc &&
		       g_variant_iter_next(&iter, "{&s&s}", &key, &value))
			if (record_add(&item->attributes, key, value))
				rc = problem_no_memory(problem);
	}
	g_variant_unref(all);
	return rc;
}

static int load_modified(struct keyring *keyring, struct store_item *item,
			 struct problem *problem)
{
	GVariant *value;
	int rc =
	    keyring_property(keyring, item->path, "Modified", &value, problem);

	if (rc)
		return rc;
	if (g_variant_is_of_type(value, G_VARIANT_TYPE_UINT64))
		item->modified = (int64_t)g_variant_get_uint64(value);
	g_variant_unref(value);
	return 0;
}

static int load_git_item(struct keyring *keyring, struct work *work,
			 const char *path, bool one_of_several,
			 struct problem *problem)
{
	struct store_item *item = calloc(1, sizeof(*item));
	int rc;

	if (!item)
		return problem_no_memory(problem);
	item->next = work->items;
	work->items = item;
	item->path = strdup(path);
	if (!item->path)
		return problem_no_memory(problem);
	rc = load_attributes(keyring, item, problem);
	if (!rc && one_of_several)
		rc = load_modified(keyring, item, problem);
	return rc ? rc
		  : keyring_get(keyring, item->path, &item->secret, problem);
}

static int search_items(struct keyring *keyring, void *data,
			struct problem *problem)
{
	struct work *work = data;
	char **paths;
	int rc = keyring_find(keyring, dictionary(work->attributes), &paths,
			      problem);

	git_items_free(work->items);
	work->items = NULL;
	for (size_t i = 0; !rc && paths[i] && i < ITEMS_MAX; i++)
		rc = load_git_item(keyring, work, paths[i], paths[1] != NULL,
				   problem);
	g_strfreev(paths);
	return rc;
}

int git_items_find(struct keyring *keyring, const struct record *attributes,
		   struct store_item **items, struct problem *problem)
{
	struct work work = {.attributes = attributes};
	int rc = 0;

	*items = NULL;
	if (all_utf8(attributes))
		rc = keyring_twice(keyring, search_items, &work, problem);
	if (rc)
		git_items_free(work.items);
	else
		*items = work.items;
	return rc;
}

int git_items_create(struct keyring *keyring, const char *label,
		     const struct record *attributes, const struct buf *secret,
		     struct problem *problem)
{
	int rc = keyring->service ? 0 : keyring_attach(keyring, problem);

	if (!all_utf8(attributes) || !g_utf8_validate(label, -1, NULL))
		return problem_set(problem, VALETKEY_ERR_ARG,
				   "A user name, host or path that is not "
				   "UTF-8 cannot be stored.");
	return rc ? rc
		  : keyring_create(keyring, label, dictionary(attributes),
				   secret, problem);
}

static int replace_secret(struct keyring *keyring, void *data,
			  struct problem *problem)
{
	struct work *work = data;

	return keyring_set(keyring, work->path, work->secret, problem);
}

int git_items_replace(struct keyring *keyring, const struct store_item *item,
		      const struct buf *secret, struct problem *problem)
{
	struct work work = {.path = item->path, .secret = secret};

	return keyring_twice(keyring, replace_secret, &work, problem);
}

static int delete_one(struct keyring *keyring, void *data,
		      struct problem *problem)
{
	struct work *work = data;

	return keyring_delete(keyring, work->path, problem);
}

int git_items_delete(struct keyring *keyring, const struct store_item *item,
		     struct problem *problem)
{
	struct work work = {.path = item->path};

	return keyring_twice(keyring, delete_one, &work, problem);
}

void git_items_free(struct store_item *items)
{
	while (items) {
		struct store_item *next = items->next;

		record_free(&items->attributes);
		buf_free(&items->secret);
		free(items->path);
		free(items);
		items = next;
	}
}
