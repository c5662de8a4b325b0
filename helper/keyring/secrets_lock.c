/* SPDX-License-Identifier: MIT */
/*
 * secrets_lock.c - see secrets.h: what a locked keyring may be asked, and how it
 * is unlocked. Called by secrets_item.c and store.c.
 *
 * Two of them are special. KeePassXC answers a search with its unlock dialog if
 * all collections are locked, and the answer waits for it. KWallet calls a wallet
 * that the login has opened locked until a program asks to unlock it, and shows
 * no dialog for that.
 */
#include "secrets.h"

#include "valetkey.h"

#define KWALLET "org.kde.KWallet"

static int unlock_path(struct store *store, const char *path,
		       struct problem *problem)
{
	const char *paths[] = {path, NULL};
	struct call call = {SECRETS_PATH, SECRETS_SERVICE, "Unlock", "(aoo)",
			    g_variant_new("(^ao)", paths)};

	int rc = secrets_call_prompt(store, &call, 1, problem);

	if (!rc)
		store->locked = false;
	return rc;
}

int secrets_unlock(struct store *store, const char *path,
		   struct problem *problem)
{
	if (store->may_prompt)
		return unlock_path(store, path, problem);
	return store->locked ? secrets_locked(problem)
			     : secrets_unasked(problem);
}

/* Whether it is KWallet, this path is its, and its default wallet is open. */
static bool has_open_wallet(struct store *store, const char *path)
{
	struct call name = {path, KWALLET, "networkWallet", "(s)", NULL};
	struct call is_open = {path, KWALLET, "isOpen", "(b)", NULL};
	struct problem unused = {0};
	gboolean open = FALSE;
	GVariant *answer;

	if (secrets_call(store, &name, &is_open.arguments, &unused))
		return false;
	if (secrets_call(store, &is_open, &answer, &unused) == 0) {
		g_variant_get(answer, "(b)", &open);
		g_variant_unref(answer);
	}
	g_variant_unref(is_open.arguments);
	return open;
}

static bool opens_quietly(struct store *store)
{
	return has_open_wallet(store, "/modules/kwalletd6") ||
	       has_open_wallet(store, "/modules/kwalletd5");
}

static int look_locked(struct store *store, const char *collection,
		       bool *locked, struct problem *problem)
{
	struct property property = {collection, SECRETS_COLLECTION, "Locked",
				    "b"};
	GVariant *value;
	int rc = secrets_get_property(store, &property, &value, problem);

	if (rc)
		return rc;
	*locked = g_variant_get_boolean(value);
	g_variant_unref(value);
	return 0;
}

void secrets_look(struct store *store)
{
	struct problem unused = {0};

	store->locked = false;
	if (store->collection)
		look_locked(store, store->collection, &store->locked, &unused);
}

int secrets_writable(struct store *store, struct problem *problem)
{
	int rc;

	if (!store->collection)
		return secrets_no_collection(problem);
	rc = look_locked(store, store->collection, &store->locked, problem);
	if (rc || !store->locked)
		return rc;
	return store->may_prompt || opens_quietly(store)
		   ? unlock_path(store, store->collection, problem)
		   : secrets_locked(problem);
}

static bool any_unlocked(struct store *store)
{
	struct property all = {SECRETS_PATH, SECRETS_SERVICE, "Collections",
			       "ao"};
	struct problem unused = {0};
	bool locked = true;
	const char **paths;
	GVariant *value;

	if (secrets_get_property(store, &all, &value, &unused))
		return false;
	paths = g_variant_get_objv(value, NULL);
	for (size_t i = 0; locked && paths[i]; i++)
		if (look_locked(store, paths[i], &locked, &unused))
			locked = true;
	g_free(paths);
	g_variant_unref(value);
	return !locked;
}

int secrets_searchable(struct store *store, struct problem *problem)
{
	bool quietly;

	if (!store->locked)
		return 0;
	quietly = opens_quietly(store);
	if (!quietly && any_unlocked(store))
		return 0;
	return quietly || store->may_prompt
		   ? unlock_path(store, store->collection, problem)
		   : secrets_locked(problem);
}
