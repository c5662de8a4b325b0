/* SPDX-License-Identifier: MIT */
/*
 * slots.c - see slots.h. Open addressing, at most half full; an entry's hash is
 * written before its slot shows, and neither changes from then on. A child that
 * was forked in the middle of an addition has it, or has it not.
 */
#include "slots.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_SIZE 16
#define MULTIPLIER 0x9e3779b97f4a7c15u /* 2^64 divided by the golden ratio */

struct entry {
	uint64_t hash;
	_Atomic(struct memory_slot *) slot;
};

struct slots_table {
	struct slots_table *outgrown; /* readers may still be in it */
	size_t mask, used;
	struct entry entries[];
};

struct lengths {
	size_t account, scope;
};

static struct lengths lengths_of(const struct memory_key *key)
{
	return (struct lengths){strlen(key->account),
				*key->scope ? strlen(key->scope) : 0};
}

static uint64_t mix(uint64_t hash, uint64_t word)
{
	hash = (hash ^ word) * MULTIPLIER;
	return hash ^ hash >> 32;
}

static uint64_t word_at(const char *text)
{
	uint64_t word;

	memcpy(&word, text, sizeof(word));
	return word;
}

/* Eight bytes at a time; the last ones overlap with those before. */
static uint64_t add(uint64_t hash, const char *text, size_t len)
{
	uint64_t word = 0;

	hash += len;
	if (len < sizeof(word)) {
		while (len)
			word = word << 8 | (unsigned char)text[--len];
		return mix(hash, word);
	}
	for (size_t at = 0; at < len - sizeof(word); at += sizeof(word))
		hash = mix(hash, word_at(text + at));
	return mix(hash, word_at(text + len - sizeof(word)));
}

static uint64_t hash_of(const struct memory_key *key,
			const struct lengths *lengths)
{
	uint64_t hash = add(0, key->account, lengths->account);

	if (lengths->scope)
		hash = add(hash + 1, key->scope, lengths->scope);
	if (key->origin_len)
		hash = add(hash + 2, key->origin, key->origin_len);
	return hash;
}

static bool slot_is(const struct memory_slot *slot,
		    const struct memory_key *key, const struct lengths *lengths)
{
	const char *scope = slot->texts + lengths->account;

	return slot->account_len == lengths->account &&
	       slot->scope_len == lengths->scope &&
	       slot->origin_len == key->origin_len &&
	       memcmp(slot->texts, key->account, lengths->account) == 0 &&
	       (!lengths->scope ||
		memcmp(scope, key->scope, lengths->scope) == 0) &&
	       (!key->origin_len || memcmp(scope + lengths->scope, key->origin,
					   key->origin_len) == 0);
}

struct memory_slot *slots_find(struct slots *slots,
			       const struct memory_key *key)
{
	const struct slots_table *table = atomic_load(&slots->table);
	const struct lengths lengths = lengths_of(key);
	uint64_t hash = hash_of(key, &lengths);
	struct memory_slot *slot;

	if (!table)
		return NULL;
	for (size_t at = hash & table->mask;; at = (at + 1) & table->mask) {
		const struct entry *entry = &table->entries[at];

		slot = atomic_load(&entry->slot);
		if (!slot ||
		    (entry->hash == hash && slot_is(slot, key, &lengths)))
			return slot;
	}
}

static void put(struct slots_table *table, uint64_t hash,
		struct memory_slot *slot)
{
	size_t at = hash & table->mask;

	while (atomic_load(&table->entries[at].slot))
		at = (at + 1) & table->mask;
	table->used++;
	table->entries[at].hash = hash;
	atomic_store(&table->entries[at].slot, slot);
}

/* The table with room for one more, twice as large where it must be. */
static struct slots_table *table_with_room(struct slots *slots)
{
	struct slots_table *old = atomic_load(&slots->table), *new;
	size_t size = old ? old->mask + 1 : FIRST_SIZE / 2;

	if (old && old->used < size / 2)
		return old;
	new = calloc(1, sizeof(*new) + 2 * size * sizeof(*new->entries));
	if (!new)
		return NULL;
	new->mask = 2 * size - 1;
	new->outgrown = old;
	for (size_t i = 0; old && i < size; i++) {
		struct memory_slot *slot = atomic_load(&old->entries[i].slot);

		if (slot)
			put(new, old->entries[i].hash, slot);
	}
	atomic_store(&slots->table, new);
	return new;
}

static struct memory_slot *new_slot(const struct memory_key *key,
				    const struct lengths *lengths, size_t size)
{
	struct memory_slot *slot = calloc(1, size);

	if (!slot)
		return NULL;
	atomic_init(&slot->renew_at, INT64_MAX);
	slot->account_len = (uint32_t)lengths->account;
	slot->scope_len = (uint32_t)lengths->scope;
	slot->origin_len = (uint32_t)key->origin_len;
	memcpy(slot->texts, key->account, lengths->account);
	memcpy(slot->texts + lengths->account, key->scope, lengths->scope);
	if (key->origin_len)
		memcpy(slot->texts + lengths->account + lengths->scope,
		       key->origin, key->origin_len);
	return slot;
}

struct memory_slot *slots_add(struct slots *slots, const struct memory_key *key)
{
	const struct lengths lengths = lengths_of(key);
	size_t size = sizeof(struct memory_slot) + lengths.account +
		      lengths.scope + key->origin_len;
	struct slots_table *table;
	struct memory_slot *slot;

	if (size > SLOTS_BYTES_MAX - slots->bytes)
		return NULL;
	table = table_with_room(slots);
	slot = table ? new_slot(key, &lengths, size) : NULL;
	if (!slot)
		return NULL;
	slots->bytes += size;
	slot->next = atomic_load(&slots->first);
	atomic_store(&slots->first, slot);
	put(table, hash_of(key, &lengths), slot);
	return slot;
}

void slots_free(struct slots *slots)
{
	struct memory_slot *slot = atomic_load(&slots->first), *next;
	struct slots_table *table = atomic_load(&slots->table), *outgrown;

	for (; slot; slot = next) {
		next = slot->next;
		free(slot);
	}
	for (; table; table = outgrown) {
		outgrown = table->outgrown;
		free(table);
	}
}
