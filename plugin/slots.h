/* SPDX-License-Identifier: MIT */
/*
 * slots.h - what has been asked for in this process, for memory.c: one slot for
 * each account, scope and origin, found by a hash table. To find one takes no
 * lock and as long for one account as for a thousand; slots and outgrown tables
 * live as long as the whole. Whoever adds or ends holds the memory's lock.
 */
#ifndef VALETKEY_SLOTS_H
#define VALETKEY_SLOTS_H

#include "futex.h"
#include "memory.h"

#include <stdint.h>

struct token;

struct memory_slot {
	_Atomic(struct token *) current;
	_Atomic int64_t renew_at; /* of current; pushed on when taken */
	struct memory_slot *next; /* fixed once the slot is linked */
	struct futex asking;
	uint32_t account_len, scope_len, origin_len;
	char texts[]; /* account, scope, origin */
};

struct slots_table;

struct slots {
	_Atomic(struct memory_slot *) first; /* of all, linked by next */
	_Atomic(struct slots_table *) table; /* NULL as long as empty */
	size_t bytes;			     /* of all */
};

struct memory_slot *slots_find(struct slots *slots,
			       const struct memory_key *key);

/* A new one, which must not be there yet; NULL: no memory, or SLOTS_BYTES_MAX
 * are in use. */
#define SLOTS_BYTES_MAX (4u << 20)
struct memory_slot *slots_add(struct slots *slots,
			      const struct memory_key *key);

void slots_free(struct slots *slots);

#endif
