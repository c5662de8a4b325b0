/* SPDX-License-Identifier: MIT */
/*
 * store.h - where secrets are kept: the desktop keyring (freedesktop.org Secret
 * Service), which a private module asks (keyring/keyring.h), or sealed files
 * (sealed.h). An account has one of them, by the choice of a person, and nothing
 * ever falls back to the other.
 *
 * One item per account id and kind; its secret is a record (record.h), its
 * attributes are not secret. Nothing here ever shows a dialog unless
 * store_open() is told that a person is there. Every D-Bus call ends at the
 * deadline. A lookup that fails is repeated once on a new session (KWallet
 * loses one session in a hundred). A replacement goes by
 * SetSecret on the item found, CreateItem serves only if there is none
 * (KeePassXC hangs on replace).
 *
 * Results: 0, VALETKEY_ERR_NO_BUS, _NO_KEYRING, _LOCKED, _CANCELED (the person
 * closed the unlock dialog), _TIMEOUT, _DENIED (the service refused a write),
 * _LOGIN (the item was damaged by another program), _HELPER (a value that
 * cannot be written), _NOMEM, each with *problem set.
 */
#ifndef VALETKEY_STORE_H
#define VALETKEY_STORE_H

#include "keyring/keyring.h"

#include <stdbool.h>
#include <stdint.h>

struct store;

enum store_place { STORE_KEYRING = 0, STORE_SEALED = 1, STORE_PLACES = 2 };

/* By the name in an account's file: "keyring" (as NULL) or "sealed"; anything else:
 * false. */
bool store_place_of(const char *name, enum store_place *place);
const char *store_place_name(enum store_place place);

/*
 * Opens the connection. may_prompt: a locked collection is unlocked with the
 * keyring's own dialog; otherwise it is ERR_LOCKED when a secret is needed. Sealed
 * files have no dialog: `valetkey unlock` opens them.
 */
int store_open(enum store_place place, bool may_prompt, int64_t deadline,
	       struct store **store, struct problem *problem);

/* Until when later calls may take. */
void store_set_deadline(struct store *store, int64_t deadline);

/* Whether the keyring may show its dialogs from here on. */
void store_set_prompt(struct store *store, bool may_prompt);

/* Whether the default collection is there and unlocked: 0 or a result. Asked
 * before a refresh token is spent; no probe write. */
int store_writable(struct store *store, struct problem *problem);

/* The item's secret in `record` (must be empty); *found false: there is none. Of
 * several items the one with the highest `generation` counts.
 * If none is shown and the default collection is locked: as for a locked item,
 * because KeePassXC shows nothing then. */
int store_load(struct store *store, const struct store_key *key,
	       struct record *record, bool *found, struct problem *problem);

/* Creates or replaces the item, and reads it back on the same connection, if need
 * be once more on a new session. What differs is written once more; ERR_DENIED
 * if it differs again. */
int store_save(struct store *store, const struct store_key *key,
	       const struct record *record, struct problem *problem);

/* Whether the last save was acknowledged, and then could not be read back: keep
 * what else there is of it. */
bool store_unverified(const struct store *store);

/* Deletes the item. 0 if there was none. */
int store_delete(struct store *store, const struct store_key *key,
		 struct problem *problem);

/*
 * Our items of accounts that are not among `ids` (its keys): into `found`, a pair
 * of the account's id and the item's label for each. Also locked ones, if the
 * keyring shows them.
 */
int store_list_others(struct store *store, const struct record *ids,
		      struct record *found, struct problem *problem);

/*
 * What a process asks for before it is killed may reach the keyring after what the
 * next one asks for. The first notes its name; the next one waits, for a moment,
 * until the name has gone.
 */
const char *store_name(const struct store *store);
void store_outlast(struct store *store, const char *name);

/* Adds for a person which keyring it is, after store_writable(); of sealed files, or
 * if that is not known, nothing. */
void store_describe(struct store *store, struct buf *out);

/* ---- items that are not ours: git's stored passwords, in the keyring alone ----
 *
 * In the very items that git-credential-libsecret uses, so either program finds
 * what the other has stored. Attributes are a record of names and values. */

/*
 * The items that have all of these attributes, and maybe more; NULL if there
 * are none. A value that is not UTF-8 is nobody's. At most 64 are looked at.
 */
int store_git_find(struct store *store, const struct record *attributes,
		   struct store_item **items, struct problem *problem);

/* Once: if it fails the caller looks first whether there is one now. */
int store_git_create(struct store *store, const char *label,
		     const struct record *attributes, const struct buf *secret,
		     struct problem *problem);
int store_git_replace(struct store *store, const struct store_item *item,
		      const struct buf *secret, struct problem *problem);
int store_git_delete(struct store *store, const struct store_item *item,
		     struct problem *problem);

/* All of the list, secrets wiped. NULL is fine. */
void store_git_free(struct store_item *items);

/* NULL is fine. */
void store_close(struct store *store);

#endif
