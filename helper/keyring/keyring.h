/* SPDX-License-Identifier: MIT */
/*
 * keyring.h - the private module that asks the desktop keyring: libsecret and
 * GLib are loaded only if an account's store is the keyring, and when it is
 * asked. store/store.c alone loads it; the calls keep store.h's promises.
 */
#ifndef VALETKEY_KEYRING_H
#define VALETKEY_KEYRING_H

#include "store/git_items.h"
#include "store/store.h"

struct keyring; /* a connection to it */

/* The one symbol of the module, `valetkey_keyring`. */
struct keyring_module {
	int (*open)(bool may_prompt, int64_t deadline, struct keyring **keyring,
		    struct problem *problem);
	void (*set_deadline)(struct keyring *keyring, int64_t deadline);
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
