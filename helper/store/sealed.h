/* SPDX-License-Identifier: MIT */
/*
 * sealed.h - the other store: a file for each item, sealed with the user's one
 * data key (sealed_key.h), for computers without a desktop: no bus, no service.
 * store.c calls it in place of the keyring's module, with the promises of store.h.
 *
 * The files lie in the folder `sealed` beside the accounts' files. A file is the old
 * one or the new one, and on the disk, whenever this process ends.
 */
#ifndef VALETKEY_SEALED_H
#define VALETKEY_SEALED_H

#include "core/record.h"
#include "core/text.h"
#include "keyring/keyring.h"

#include <stdbool.h>

struct sealed;

/* Never asks for the key, which the first item does. 0 or ERR_NOMEM. */
int sealed_open(struct sealed **sealed, struct problem *problem);

/* Whether the key is there, and room for an item. */
int sealed_writable(struct sealed *sealed, struct problem *problem);

/* What is not there needs no key to be seen so. ERR_DENIED: the file is not as it
 * was written, or was sealed with another key. */
int sealed_load(struct sealed *sealed, const struct store_key *key,
		struct record *record, bool *found, struct problem *problem);
int sealed_save(struct sealed *sealed, const struct store_key *key,
		const struct record *record, struct problem *problem);

/* Needs no key. */
int sealed_delete(struct sealed *sealed, const struct store_key *key,
		  struct problem *problem);
int sealed_list_others(struct sealed *sealed, const struct record *ids,
		       struct record *found, struct problem *problem);

/* NULL is fine. */
void sealed_close(struct sealed *sealed);

#endif
