/* SPDX-License-Identifier: MIT */
/*
 * git_items.h - items of the desktop keyring that are not valetkey's own: git's
 * stored passwords, in the very items that git-credential-libsecret uses, so
 * either program finds what the other has stored.
 *
 * Attributes are a record of names and values. Results and the rules for
 * dialogs and deadlines are store.h's.
 */
#ifndef VALETKEY_GIT_ITEMS_H
#define VALETKEY_GIT_ITEMS_H

#include "store.h"

struct store_item {
	struct store_item *next;
	struct record attributes;
	struct buf secret;
	int64_t modified; /* Unix seconds; 0 where it does not matter */
	char *path;
};

/*
 * The items that have all of these attributes, and maybe more; NULL where there
 * are none. A value that is not UTF-8 is nobody's. At most 64 are looked at.
 */
int store_git_find(struct store *store, const struct record *attributes,
		   struct store_item **items, struct problem *problem);

/* Once: where it fails the caller looks first whether there is one now. */
int store_git_create(struct store *store, const char *label,
		     const struct record *attributes, const struct buf *secret,
		     struct problem *problem);
int store_git_replace(struct store *store, const struct store_item *item,
		      const struct buf *secret, struct problem *problem);
int store_git_delete(struct store *store, const struct store_item *item,
		     struct problem *problem);

/* All of the list, secrets wiped. NULL is fine. */
void store_git_free(struct store_item *items);

#endif
