/* SPDX-License-Identifier: MIT */
/*
 * items.h - the functions behind the module's table (keyring.h): account_items.c
 * has the items of accounts, git_items.c those of git's stored passwords.
 */
#ifndef VALETKEY_ITEMS_H
#define VALETKEY_ITEMS_H

#include "keyring.h"

int account_items_load(struct keyring *keyring, const struct store_key *key,
		       struct record *record, bool *found,
		       struct problem *problem);
int account_items_save(struct keyring *keyring, const struct store_key *key,
		       const struct record *record, struct problem *problem);
bool account_items_unverified(const struct keyring *keyring);
int account_items_delete(struct keyring *keyring, const struct store_key *key,
			 struct problem *problem);
int account_items_others(struct keyring *keyring, const struct record *ids,
			 struct record *found, struct problem *problem);

int git_items_find(struct keyring *keyring, const struct record *attributes,
		   struct store_item **items, struct problem *problem);
int git_items_create(struct keyring *keyring, const char *label,
		     const struct record *attributes, const struct buf *secret,
		     struct problem *problem);
int git_items_replace(struct keyring *keyring, const struct store_item *item,
		      const struct buf *secret, struct problem *problem);
int git_items_delete(struct keyring *keyring, const struct store_item *item,
		     struct problem *problem);
void git_items_free(struct store_item *items);

#endif
