/* SPDX-License-Identifier: MIT */
/*
 * store.h - where secrets are kept: the desktop keyring (freedesktop.org Secret
 * Service), which a private module asks (keyring/keyring.h).
 *
 * One item per account id and kind; its secret is a record (record.h), its
 * attributes are not secret. Nothing here ever shows a dialog unless
 * store_open() is told that a person is there. Every D-Bus call ends at the
 * deadline. A lookup that fails is repeated once on a new session (KWallet
 * loses one session in a hundred). A replacement goes by
 * SetSecret on the item found, CreateItem serves only where there is none
 * (KeePassXC hangs on replace).
 *
 * Results: 0, VALETKEY_ERR_NO_BUS, _NO_KEYRING, _LOCKED, _CANCELED (the person
 * closed the unlock dialog), _TIMEOUT, _DENIED (the service refused a write),
 * _LOGIN (the item was damaged by another program), _HELPER (a value that
 * cannot be written), _NOMEM, each with *problem set.
 */
#ifndef VALETKEY_STORE_H
#define VALETKEY_STORE_H

#include "core/problem.h"
#include "core/record.h"

#include <stdbool.h>
#include <stdint.h>

enum store_kind {
	STORE_CLIENT = 1, /* the client secret of a registration */
	STORE_GRANT = 2,  /* access and refresh token */
	STORE_PENDING = 3 /* revocations that wait, see pending.h */
};

struct store;

/* An item's place: attributes account (the id), provider and kind. */
struct store_key {
	enum store_kind kind;
	const char *id;	      /* the account's id */
	const char *account;  /* its name, for the label a person reads */
	const char *provider; /* the provider file's name */
};

/*
 * Opens the connection. may_prompt: a locked collection is unlocked with the
 * keyring's own dialog; otherwise it is ERR_LOCKED when a secret is needed.
 */
int store_open(bool may_prompt, int64_t deadline, struct store **store,
	       struct problem *problem);

/* Until when later calls may take. */
void store_set_deadline(struct store *store, int64_t deadline);

/* Whether the default collection is there and unlocked: 0 or a result. Asked
 * before a refresh token is spent; no probe write. */
int store_writable(struct store *store, struct problem *problem);

/* The item's secret in `record` (must be empty); *found false: there is none. Of
 * several items the one with the highest `generation` counts.
 * Where none is shown and the default collection is locked: as for a locked item,
 * because KeePassXC shows nothing then. */
int store_load(struct store *store, const struct store_key *key,
	       struct record *record, bool *found, struct problem *problem);

/* Creates or replaces the item, and reads it back on the same connection, if need
 * be once more on a new session. What differs is written once more; ERR_DENIED
 * where it differs again. */
int store_save(struct store *store, const struct store_key *key,
	       const struct record *record, struct problem *problem);

/* Whether the last save was acknowledged, and then could not be read back: keep
 * what else there is of it. */
bool store_unverified(const struct store *store);

/* Deletes the item. 0 where there was none. */
int store_delete(struct store *store, const struct store_key *key,
		 struct problem *problem);

/*
 * Our items of accounts that are not among `ids` (its keys): into `found`, a pair
 * of the account's id and the item's label for each. Also locked ones, where the
 * keyring shows them.
 */
int store_list_others(struct store *store, const struct record *ids,
		      struct record *found, struct problem *problem);

/*
 * What a process asks for before it is killed may reach the keyring after what the
 * next one asks for. The first notes his name; the next one waits, for a moment,
 * until the name has gone.
 */
const char *store_name(const struct store *store);
void store_outlast(struct store *store, const char *name);

/* NULL is fine. */
void store_close(struct store *store);

#endif
