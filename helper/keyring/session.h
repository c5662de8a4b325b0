/* SPDX-License-Identifier: MIT */
/*
 * session.h - D-Bus calls to the Secret Service, each with a deadline, for
 * account_items.c and git_items.c, which know what is kept there.
 *
 * All calls run in a main context of our own, which also wakes at the deadline;
 * the connection is private, so nothing outlives keyring_disconnect(). Results
 * are those of store.h.
 */
#ifndef VALETKEY_SESSION_H
#define VALETKEY_SESSION_H

#include "core/buf.h"
#include "core/text.h"

#define SECRET_API_SUBJECT_TO_CHANGE
#include <libsecret/secret.h>
#include <stdbool.h>
#include <stdint.h>

#define SECRETS_NAME "org.freedesktop.secrets"
#define SECRETS_PATH "/org/freedesktop/secrets"
#define SECRETS_SERVICE "org.freedesktop.Secret.Service"
#define SECRETS_COLLECTION "org.freedesktop.Secret.Collection"
#define SECRETS_PROPERTIES "org.freedesktop.DBus.Properties"

struct keyring {
	bool may_prompt;
	bool unverified;  /* see store.h */
	bool declined;	  /* the dialog for a default collection was closed */
	char *collection; /* the default one's path; NULL: there is none */
	bool locked;	  /* that one, when last looked at */
	int64_t deadline;
	GMainContext *context;
	GSource *timer; /* ends an iteration of the context */
	GDBusConnection *bus;
	SecretService *service; /* at the keyring's unique name; the session */
};

/* A method call. The interface org.freedesktop.DBus is the bus's own, all
 * others are the keyring's. */
struct call {
	const char *path;
	const char *interface;
	const char *method;
	const char *answer;  /* the answer's type */
	GVariant *arguments; /* floating */
};

/* Our name at the bus, and until that of another, who has ended, is gone there:
 * then all that he asked the keyring for has reached it. */
const char *keyring_bus_name(const struct keyring *keyring);
void keyring_outlast(struct keyring *keyring, const char *bus_name);

/* Adds which program it is, and its default collection: "gnome-keyring-daemon,
 * collection login"; what is not known is left out. */
void keyring_describe(struct keyring *keyring, struct buf *out);

/* Looks again which collection is the default one. */
int keyring_find_collection(struct keyring *keyring, struct problem *problem);

/* Connects to the session bus; then keyring_attach(). */
int keyring_connect(struct keyring *keyring, struct problem *problem);

/* Finds the keyring, and starts a new session with it. */
int keyring_attach(struct keyring *keyring, struct problem *problem);

/* Agrees on a key with the keyring, once. Only secrets need it. */
int keyring_open_session(struct keyring *keyring, struct problem *problem);

/* answer may be NULL. */
int keyring_call(struct keyring *keyring, const struct call *call,
		 GVariant **answer, struct problem *problem);

/*
 * For methods that may answer with a prompt: child `index` of the answer is its
 * path, "/" for none. The prompt is followed until the deadline if the store may
 * show it; else for a moment, because KeePassXC and KWallet have prompts without
 * a dialog, and then ERR_LOCKED.
 */
int keyring_call_prompt(struct keyring *keyring, const struct call *call,
			size_t index, struct problem *problem);

/* Sets the problem for an error, which is freed. */
int keyring_explain(GError *error, struct problem *problem);

/* Sets the problem for a keyring that is locked, or has no default collection. */
int keyring_locked(struct problem *problem);
int keyring_no_collection(struct problem *problem);

/* For one whose dialog for a new default collection was closed. */
int keyring_no_new_collection(struct problem *problem);

/* For one that has a question which may not be shown. */
int keyring_unasked(struct problem *problem);

/* ---- locks (unlock.c) ---- */

/* Looks whether the default collection is locked; it is not if that cannot be
 * seen. */
void keyring_look(struct keyring *keyring);

/* Whether the default collection is there and unlocked: 0 or a result. */
int keyring_writable(struct keyring *keyring, struct problem *problem);

/* Whether a search is safe: a locked keyring may answer it with a dialog. */
int keyring_searchable(struct keyring *keyring, struct problem *problem);

/* The item's: by a dialog, or ERR_LOCKED. */
int keyring_unlock(struct keyring *keyring, const char *path,
		   struct problem *problem);

/* ---- items (item.c) ---- */

/* The paths of the items with these attributes (floating), unlocked; of locked
 * ones only if there are no others. NULL on error. */
int keyring_find(struct keyring *keyring, GVariant *attributes, char ***items,
		 struct problem *problem);

/* The same without unlocking, for what is not secret: all, in two lists. */
int keyring_search(struct keyring *keyring, GVariant *attributes,
		   char ***unlocked, char ***locked, struct problem *problem);

/* Adds the secret to `text`. */
int keyring_get(struct keyring *keyring, const char *item, struct buf *text,
		struct problem *problem);
int keyring_set(struct keyring *keyring, const char *item,
		const struct buf *text, struct problem *problem);

/* In the default collection; attributes are floating. */
int keyring_create(struct keyring *keyring, const char *label,
		   GVariant *attributes, const struct buf *text,
		   struct problem *problem);
int keyring_delete(struct keyring *keyring, const char *item,
		   struct problem *problem);

struct property {
	const char *path;
	const char *interface;
	const char *name;
	const char *type; /* NULL: any */
};

/* NULL on error. */
int keyring_get_property(struct keyring *keyring,
			 const struct property *property, GVariant **value,
			 struct problem *problem);

/* An item's. */
int keyring_property(struct keyring *keyring, const char *item,
		     const char *name, GVariant **value,
		     struct problem *problem);

/* Attempts it once, and if that failed once more on a new session. */
typedef int keyring_attempt(struct keyring *keyring, void *work,
			    struct problem *problem);
int keyring_twice(struct keyring *keyring, keyring_attempt *attempt, void *work,
		  struct problem *problem);

void keyring_disconnect(struct keyring *keyring);

#endif
