/* SPDX-License-Identifier: MIT */
/*
 * store.c - see store.h: hands each call on, to sealed.c or to the module that asks
 * the keyring, which is loaded when that is opened. The module's path is compiled in;
 * neither the environment nor a search path has a say. It stays loaded until the
 * process ends, for GLib does not unload.
 */
#include "store.h"

#include "core/paths.h"
#include "keyring/keyring.h"
#include "sealed.h"
#include <valetkey.h>

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

struct store {
	struct keyring *keyring; /* one of the two */
	struct sealed *sealed;
};

static const struct keyring_module *module; /* once a keyring was opened */

static const char *const place_names[] = {
    [STORE_KEYRING] = "keyring",
    [STORE_SEALED] = "sealed",
};

bool store_place_of(const char *name, enum store_place *place)
{
	*place = STORE_KEYRING;
	while (name && *place < STORE_PLACES &&
	       strcmp(place_names[*place], name) != 0)
		++*place;
	return *place < STORE_PLACES;
}

const char *store_place_name(enum store_place place)
{
	return place_names[place];
}

static int load_module(struct problem *problem)
{
	char quoted[PROBLEM_QUOTE_MAX];
	void *handle;

	if (module)
		return VALETKEY_OK;
	handle = dlopen(paths_keyring_module, RTLD_NOW | RTLD_LOCAL);
	if (handle)
		module = dlsym(handle, "valetkey_keyring");
	if (module)
		return VALETKEY_OK;
	return problem_set(problem, VALETKEY_ERR_HELPER,
			   "The keyring module of valetkey cannot be loaded "
			   "(%s). Reinstall valetkey.",
			   problem_quote(quoted, dlerror()));
}

int store_open(enum store_place place, bool may_prompt, int64_t deadline,
	       struct store **store, struct problem *problem)
{
	struct store *new = calloc(1, sizeof(*new));
	int rc;

	*store = NULL;
	if (!new)
		return problem_no_memory(problem);
	if (place == STORE_SEALED) {
		rc = sealed_open(&new->sealed, problem);
	} else {
		rc = load_module(problem);
		if (!rc)
			rc = module->open(may_prompt, deadline, &new->keyring,
					  problem);
	}
	if (rc)
		free(new);
	else
		*store = new;
	return rc;
}

/* What is sealed waits for nobody. */
void store_set_deadline(struct store *store, int64_t deadline)
{
	if (!store->sealed)
		module->set_deadline(store->keyring, deadline);
}

void store_set_prompt(struct store *store, bool may_prompt)
{
	if (!store->sealed)
		module->set_prompt(store->keyring, may_prompt);
}

int store_writable(struct store *store, struct problem *problem)
{
	return store->sealed ? sealed_writable(store->sealed, problem)
			     : module->writable(store->keyring, problem);
}

int store_load(struct store *store, const struct store_key *key,
	       struct record *record, bool *found, struct problem *problem)
{
	return store->sealed
		   ? sealed_load(store->sealed, key, record, found, problem)
		   : module->load(store->keyring, key, record, found, problem);
}

int store_save(struct store *store, const struct store_key *key,
	       const struct record *record, struct problem *problem)
{
	return store->sealed
		   ? sealed_save(store->sealed, key, record, problem)
		   : module->save(store->keyring, key, record, problem);
}

bool store_unverified(const struct store *store)
{
	return !store->sealed && module->unverified(store->keyring);
}

int store_delete(struct store *store, const struct store_key *key,
		 struct problem *problem)
{
	return store->sealed ? sealed_delete(store->sealed, key, problem)
			     : module->delete (store->keyring, key, problem);
}

int store_list_others(struct store *store, const struct record *ids,
		      struct record *found, struct problem *problem)
{
	return store->sealed
		   ? sealed_list_others(store->sealed, ids, found, problem)
		   : module->list_others(store->keyring, ids, found, problem);
}

const char *store_name(const struct store *store)
{
	return store->sealed ? "" : module->name(store->keyring);
}

void store_outlast(struct store *store, const char *name)
{
	if (!store->sealed)
		module->outlast(store->keyring, name);
}

void store_describe(struct store *store, struct buf *out)
{
	if (!store->sealed)
		module->describe(store->keyring, out);
}

void store_close(struct store *store)
{
	if (store && store->sealed)
		sealed_close(store->sealed);
	else if (store)
		module->close(store->keyring);
	free(store);
}

int store_git_find(struct store *store, const struct record *attributes,
		   struct store_item **items, struct problem *problem)
{
	return module->git_find(store->keyring, attributes, items, problem);
}

int store_git_create(struct store *store, const char *label,
		     const struct record *attributes, const struct buf *secret,
		     struct problem *problem)
{
	return module->git_create(store->keyring, label, attributes, secret,
				  problem);
}

int store_git_replace(struct store *store, const struct store_item *item,
		      const struct buf *secret, struct problem *problem)
{
	return module->git_replace(store->keyring, item, secret, problem);
}

void store_git_free(struct store_item *items)
{
	if (items)
		module->git_free(items);
}

int store_git_delete(struct store *store, const struct store_item *item,
		     struct problem *problem)
{
	return module->git_delete(store->keyring, item, problem);
}
