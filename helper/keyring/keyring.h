/* SPDX-License-Identifier: MIT */
/*
 * keyring.h - the private module that asks the desktop keyring: libsecret and
 * GLib are loaded only if an account's store is the keyring, and when it is
 * asked. store/store.c alone loads it; the calls keep store.h's promises.
 */
#ifndef VALETKEY_KEYRING_H
#define VALETKEY_KEYRING_H

#include "core/record.h"
#include "core/text.h"

#include <stdbool.h>
#include <stdint.h>

enum store_kind {
	STORE_CLIENT = 1, /* the client secret of a registration */
	STORE_GRANT = 2,  /* access and refresh token */
	STORE_PENDING = 3 /* revocations that wait, see revocations.h */
};

/* An item's place: attributes account (the id), provider and kind. */
struct store_key {
	enum store_kind kind;
	const char *id;	      /* the account's id */
	const char *account;  /* its name, for the label a person reads */
	const char *provider; /* the provider file's name */
};

/* One of git's. */
struct store_item {
	struct store_item *next;
	struct record attributes;
	struct buf secret;
	int64_t modified; /* Unix seconds; 0 if it does not matter */
	char *path;
};

struct keyring; /* a connection to it */

/* The one symbol of the module, `valetkey_keyring`. */
struct keyring_module {
	int (*open)(bool may_prompt, int64_t deadline, struct keyring **keyring,
		    struct problem *problem);
	void (*set_deadline)(struct keyring *keyring, int64_t deadline);
	void (*set_prompt)(struct keyring *keyring, bool may_prompt);
	int (*writable)(struct keyring *keyring, struct problem *problem);
	int (*load)(struct keyring *keyring, const struct store_key *key,
		    struct record *record, bool *found,
		    struct problem *problem);
	int (*save)(struct keyring *keyring, const struct store_key *key,
		    const struct record *record, struct problem *problem);
	bool (*unverified)(const struct keyring *keyring);
	int (*delete)(struct keyring *keyring, const struct store_key *key,
		      struct problem *problem);
	int (*list_others)(struct keyring *keyring, const struct record *ids,
			   struct record *found, struct problem *problem);
	const char *(*name)(const struct keyring *keyring);
	void (*outlast)(struct keyring *keyring, const char *name);
	void (*describe)(struct keyring *keyring, struct buf *out);
	int (*git_find)(struct keyring *keyring,
			const struct record *attributes,
			struct store_item **items, struct problem *problem);
	int (*git_create)(struct keyring *keyring, const char *label,
			  const struct record *attributes,
			  const struct buf *secret, struct problem *problem);
	int (*git_replace)(struct keyring *keyring,
			   const struct store_item *item,
			   const struct buf *secret, struct problem *problem);
	int (*git_delete)(struct keyring *keyring,
			  const struct store_item *item,
			  struct problem *problem);
	void (*git_free)(struct store_item *items);
	void (*close)(struct keyring *keyring); /* NULL is fine */
};

#endif
