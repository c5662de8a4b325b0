/* SPDX-License-Identifier: MIT */
/*
 * secrets.h - D-Bus calls to the Secret Service, each with a deadline: private
 * to store.c and store_git.c, which know what is kept there. GLib's types go no
 * further.
 *
 * All calls run in a main context of our own, which also wakes at the deadline;
 * the connection is private, so nothing outlives secrets_disconnect(). Results
 * are those of store.h.
 */
#ifndef VALETKEY_SECRETS_H
#define VALETKEY_SECRETS_H

#include "core/buf.h"
#include "core/problem.h"

#define SECRET_API_SUBJECT_TO_CHANGE
#include <libsecret/secret.h>
#include <stdbool.h>
#include <stdint.h>

#define SECRETS_NAME "org.freedesktop.secrets"
#define SECRETS_PATH "/org/freedesktop/secrets"
#define SECRETS_SERVICE "org.freedesktop.Secret.Service"
#define SECRETS_COLLECTION "org.freedesktop.Secret.Collection"
#define SECRETS_PROPERTIES "org.freedesktop.DBus.Properties"

struct store {
	bool may_prompt;
	bool unverified;  /* see store.h */
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
const char *secrets_bus_name(const struct store *store);
void secrets_outlast(struct store *store, const char *bus_name);

/* Connects to the session bus; then secrets_attach(). */
int secrets_connect(struct store *store, struct problem *problem);

/* Finds the keyring, and starts a new session with it. */
int secrets_attach(struct store *store, struct problem *problem);

/* Agrees on a key with the keyring, once. Only secrets need it. */
int secrets_open_session(struct store *store, struct problem *problem);

/* answer may be NULL. */
int secrets_call(struct store *store, const struct call *call,
		 GVariant **answer, struct problem *problem);

/*
 * For methods that may answer with a prompt: child `index` of the answer is its
 * path, "/" for none. The prompt is followed until the deadline if the store may
 * show it; else for a moment, because KeePassXC and KWallet have prompts without
 * a dialog, and then ERR_LOCKED.
 */
int secrets_call_prompt(struct store *store, const struct call *call,
			size_t index, struct problem *problem);

/* Sets the problem for an error, which is freed. */
int secrets_explain(GError *error, struct problem *problem);

/* Sets the problem for a keyring that is locked, or has no default collection. */
int secrets_locked(struct problem *problem);
int secrets_no_collection(struct problem *problem);

/* For one that has a question which may not be shown. */
int secrets_unasked(struct problem *problem);

/* ---- locks (secrets_lock.c) ---- */

/* Looks whether the default collection is locked; it is not if that cannot be
 * seen. */
void secrets_look(struct store *store);

/* Whether the default collection is there and unlocked: 0 or a result. */
int secrets_writable(struct store *store, struct problem *problem);

/* Whether a search is safe: a locked keyring may answer it with a dialog. */
int secrets_searchable(struct store *store, struct problem *problem);

/* The item's: by a dialog, or ERR_LOCKED. */
int secrets_unlock(struct store *store, const char *path,
		   struct problem *problem);

/* ---- items (secrets_item.c) ---- */

/* The paths of the items with these attributes (floating), unlocked; of locked
 * ones only if there are no others. NULL on error. */
int secrets_find(struct store *store, GVariant *attributes, char ***items,
		 struct problem *problem);

/* The same without unlocking, for what is no secret: all, in two lists. */
int secrets_search(struct store *store, GVariant *attributes, char ***unlocked,
		   char ***locked, struct problem *problem);

int secrets_get(struct store *store, const char *item, SecretValue **value,
		struct problem *problem);
int secrets_set(struct store *store, const char *item, const struct buf *text,
		struct problem *problem);

/* In the default collection; attributes are floating. */
int secrets_create(struct store *store, const char *label, GVariant *attributes,
		   const struct buf *text, struct problem *problem);
int secrets_delete(struct store *store, const char *item,
		   struct problem *problem);

struct property {
	const char *path;
	const char *interface;
	const char *name;
	const char *type; /* NULL: any */
};

/* NULL on error. */
int secrets_get_property(struct store *store, const struct property *property,
			 GVariant **value, struct problem *problem);

/* An item's. */
int secrets_property(struct store *store, const char *item, const char *name,
		     GVariant **value, struct problem *problem);

/* Attempts it once, and if that failed once more on a new session. */
typedef int secrets_attempt(struct store *store, void *work,
			    struct problem *problem);
int secrets_twice(struct store *store, secrets_attempt *attempt, void *work,
		  struct problem *problem);

void secrets_disconnect(struct store *store);

#endif
