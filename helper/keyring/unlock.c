/* SPDX-License-Identifier: MIT */
/*
 * unlock.c - see session.h: what a locked keyring may be asked, and how it
 * is unlocked. Called by item.c and account_items.c.
 *
 * Two of them are special. KeePassXC answers a search with its unlock dialog if
 * all collections are locked, and the answer waits for it. KWallet calls a wallet
 * that the login has opened locked until a program asks to unlock it, and shows
 * no dialog for that.
 */
#include "session.h"

#include <valetkey.h>

#define KWALLET "org.kde.KWallet"

static int unlock_path(struct keyring *keyring, const char *path,
		       struct problem *problem)
{
	const char *paths[] = {path, NULL};
	struct call call = {SECRETS_PATH, SECRETS_SERVICE, "Unlock", "(aoo)",
			    g_variant_new("(^ao)", paths)};

	int rc = keyring_call_prompt(keyring, &call, 1, problem);

	if (!rc)
		keyring->locked = false;
	return rc;
}

int keyring_unlock(struct keyring *keyring, const char *path,
		   struct problem *problem)
{
	if (keyring->may_prompt)
		return unlock_path(keyring, path, problem);
	return keyring->locked ? keyring_locked(problem)
			       : keyring_unasked(problem);
}

/* Whether it is KWallet, this path is its, and its default wallet is open. */
static bool has_open_wallet(struct keyring *keyring, const char *path)
{
	struct call name = {path, KWALLET, "networkWallet", "(s)", NULL};
	struct call is_open = {path, KWALLET, "isOpen", "(b)", NULL};
	struct problem unused = {0};
	gboolean open = FALSE;
	GVariant *answer;

	if (keyring_call(keyring, &name, &is_open.arguments, &unused))
		return false;
	if (keyring_call(keyring, &is_open, &answer, &unused) == 0) {
		g_variant_get(answer, "(b)", &open);
		g_variant_unref(answer);
	}
	g_variant_unref(is_open.arguments);
	return open;
}

static bool opens_quietly(struct keyring *keyring)
{
	return has_open_wallet(keyring, "/modules/kwalletd6") ||
	       has_open_wallet(keyring, "/modules/kwalletd5");
}

static int look_locked(struct keyring *keyring, const char *collection,
		       bool *locked, struct problem *problem)
{
	struct property property = {collection, SECRETS_COLLECTION, "Locked",
				    "b"};
	GVariant *value;
	int rc = keyring_get_property(keyring, &property, &value, problem);

	if (rc)
		return rc;
	*locked = g_variant_get_boolean(value);
	g_variant_unref(value);
	return 0;
}

void keyring_look(struct keyring *keyring)
{
	struct problem unused = {0};

	keyring->locked = false;
	if (keyring->collection)
		look_locked(keyring, keyring->collection, &keyring->locked,
			    &unused);
}

/* By the keyring's own dialog, which asks for a password of the person's choice. */
static int make_collection(struct keyring *keyring, struct problem *problem)
{
	GVariantBuilder properties;
	struct call call = {SECRETS_PATH, SECRETS_SERVICE, "CreateCollection",
			    "(oo)", NULL};
	int rc;

	g_variant_builder_init(&properties, G_VARIANT_TYPE("a{sv}"));
	g_variant_builder_add(&properties, "{sv}", SECRETS_COLLECTION ".Label",
			      g_variant_new_string("Default keyring"));
	call.arguments = g_variant_new("(a{sv}s)", &properties, "default");
	rc = keyring_call_prompt(keyring, &call, 1, problem);
	if (rc == VALETKEY_ERR_CANCELED || rc == VALETKEY_ERR_LOCKED) {
		keyring->declined = true; /* one question is enough */
		return keyring_no_new_collection(problem);
	}
	if (!rc)
		rc = keyring_find_collection(keyring, problem);
	if (!rc && !keyring->collection)
		rc = keyring_no_collection(problem);
	return rc;
}

int keyring_writable(struct keyring *keyring, struct problem *problem)
{
	int rc = VALETKEY_OK;

	if (!keyring->collection)
		rc = keyring->declined	   ? keyring_no_new_collection(problem)
		     : keyring->may_prompt ? make_collection(keyring, problem)
					   : keyring_no_collection(problem);
	if (rc)
		return rc;
	rc = look_locked(keyring, keyring->collection, &keyring->locked,
			 problem);
	if (rc || !keyring->locked)
		return rc;
	return keyring->may_prompt || opens_quietly(keyring)
		   ? unlock_path(keyring, keyring->collection, problem)
		   : keyring_locked(problem);
}

static bool any_unlocked(struct keyring *keyring)
{
	struct property all = {SECRETS_PATH, SECRETS_SERVICE, "Collections",
			       "ao"};
	struct problem unused = {0};
	bool locked = true;
	const char **paths;
	GVariant *value;

	if (keyring_get_property(keyring, &all, &value, &unused))
		return false;
	paths = g_variant_get_objv(value, NULL);
	for (size_t i = 0; locked && paths[i]; i++)
		if (look_locked(keyring, paths[i], &locked, &unused))
			locked = true;
	g_free(paths);
	g_variant_unref(value);
	return !locked;
}

int keyring_searchable(struct keyring *keyring, struct problem *problem)
{
	bool quietly;

	if (!keyring->locked)
		return 0;
	quietly = opens_quietly(keyring);
	if (!quietly && any_unlocked(keyring))
		return 0;
	return quietly || keyring->may_prompt
		   ? unlock_path(keyring, keyring->collection, problem)
		   : keyring_locked(problem);
}
