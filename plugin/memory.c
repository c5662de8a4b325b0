/* SPDX-License-Identifier: MIT */
/*
 * memory.c - see memory.h. Who holds references to a token: its slot while it
 * is current, and every caller that got it. Who holds the memory: the handle,
 * and every token that is alive.
 */
#include "memory.h"

#include "futex.h"
#include "refused.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* ---- slots ---- */

/* What has been asked for in this process: one slot for each
 * account, scope and origin, found by a hash table. To find one takes no lock
 * and as long for one account as for a thousand; slots and outgrown tables
 * live as long as the whole. Whoever adds or ends holds the memory's lock.
 *
 * Open addressing, at most half full; an entry's hash is written before its
 * slot shows, and neither changes from then on. A child that was forked in the
 * middle of an addition has it, or has it not. */

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

#define SLOTS_BYTES_MAX (4u << 20) /* then nothing new is remembered */

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

static uint64_t hash_word(uint64_t hash, uint64_t word)
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
static uint64_t hash_text(uint64_t hash, const char *text, size_t len)
{
	uint64_t word = 0;

	hash += len;
	if (len < sizeof(word)) {
		while (len)
			word = word << 8 | (unsigned char)text[--len];
		return hash_word(hash, word);
	}
	for (size_t at = 0; at < len - sizeof(word); at += sizeof(word))
		hash = hash_word(hash, word_at(text + at));
	return hash_word(hash, word_at(text + len - sizeof(word)));
}

static uint64_t hash_of(const struct memory_key *key,
			const struct lengths *lengths)
{
	uint64_t hash = hash_text(0, key->account, lengths->account);

	if (lengths->scope)
		hash = hash_text(hash + 1, key->scope, lengths->scope);
	if (key->origin_len)
		hash = hash_text(hash + 2, key->origin, key->origin_len);
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

static struct memory_slot *slots_find(struct slots *slots,
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

static void put_entry(struct slots_table *table, uint64_t hash,
		      struct memory_slot *slot)
{
	size_t at = hash & table->mask;

	while (atomic_load(&table->entries[at].slot))
		at = (at + 1) & table->mask;
	table->used++;
	table->entries[at].hash = hash;
	atomic_store(&table->entries[at].slot, slot);
}

/* The table with room for one more, twice as large if it must be. */
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
			put_entry(new, old->entries[i].hash, slot);
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

static struct memory_slot *slots_add(struct slots *slots,
				     const struct memory_key *key)
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
	put_entry(table, hash_of(key, &lengths), slot);
	return slot;
}

static void slots_free(struct slots *slots)
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

#define RENEW_AGAIN_MS 30000

struct token {
	struct valetkey_token shown; /* first: the host's view of it */
	_Atomic uint32_t references;
	const char *resource; /* "": none was named */
	bool id_token;
	int64_t good_until;
	struct memory *memory;
	struct token *next_free; /* while it is free */
	char *text;
	size_t text_size;
};

struct memory {
	struct slots slots;
	struct refused refused;
	_Atomic uint32_t holders;
	struct futex lock; /* adding slots, taking free tokens */
	/* Pushed without a lock: a child of fork() may free a token while a
	 * thread that is not there holds the lock. Popped under it. */
	_Atomic(struct token *) free_tokens;
};

struct memory *memory_new(void)
{
	struct memory *memory = calloc(1, sizeof(*memory));

	if (memory)
		atomic_init(&memory->holders, 1);
	return memory;
}

static void unhold(struct memory *memory)
{
	struct token *token;

	if (atomic_fetch_sub(&memory->holders, 1) != 1)
		return;
	slots_free(&memory->slots);
	while ((token = atomic_load(&memory->free_tokens))) {
		atomic_store(&memory->free_tokens, token->next_free);
		free(token);
	}
	free(memory);
}

static void put_back(struct memory *memory, struct token *token)
{
	token->next_free = atomic_load(&memory->free_tokens);
	while (!atomic_compare_exchange_weak(&memory->free_tokens,
					     &token->next_free, token))
		;
}

void memory_release(const struct valetkey_token *shown)
{
	/* The host's view is the first member of an object of ours. */
	struct token *token = (struct token *)(uintptr_t)shown;
	struct memory *memory;

	if (!token || atomic_fetch_sub(&token->references, 1) != 1)
		return;
	memory = token->memory;
	explicit_bzero(token->text, token->text_size);
	free(token->text);
	token->text = NULL;
	put_back(memory, token);
	unhold(memory);
}

static struct token *take_reference(const struct memory_slot *slot)
{
	struct token *token;

	while ((token = atomic_load(&slot->current))) {
		uint32_t count = atomic_load(&token->references);

		while (count && !atomic_compare_exchange_weak(
				    &token->references, &count, count + 1))
			;
		if (!count)
			continue;
		if (atomic_load(&slot->current) == token)
			return token;
		memory_release(&token->shown);
	}
	return NULL;
}

const struct valetkey_token *memory_get(const struct memory_slot *slot,
					uint32_t min_valid_s, int64_t now)
{
	struct token *token = take_reference(slot);

	if (!token)
		return NULL;
	if (token->good_until - (int64_t)min_valid_s * 1000 > now)
		return &token->shown;
	memory_release(&token->shown);
	return NULL;
}

bool memory_renewal_near(const struct memory_slot *slot, int64_t now)
{
	return now >= atomic_load(&slot->renew_at);
}

bool memory_renewal_due(struct memory_slot *slot, int64_t now)
{
	int64_t due = atomic_load(&slot->renew_at);

	return now >= due && atomic_compare_exchange_strong(
				 &slot->renew_at, &due, now + RENEW_AGAIN_MS);
}

static char *put_text(char **at, const char *text)
{
	char *start = *at;

	*at = stpcpy(start, text) + 1;
	return start;
}

static bool fill_token(struct token *token, const struct memory_token *from)
{
	const char *resource = from->resource ? from->resource : "";
	char *at;

	token->text_size = strlen(from->access_token) + strlen(from->account) +
			   strlen(from->scope) + strlen(resource) + 4;
	token->text = at = malloc(token->text_size);
	if (!at)
		return false;
	token->shown = (struct valetkey_token){
	    .size = sizeof(token->shown),
	    .access_token = put_text(&at, from->access_token),
	    .length = strlen(from->access_token),
	    .expires_at = from->expires_at,
	    .account = put_text(&at, from->account),
	    .scope = put_text(&at, from->scope),
	};
	token->resource = put_text(&at, resource);
	token->id_token = from->id_token;
	token->good_until = from->good_until;
	return true;
}

static struct token *new_token(struct memory *memory)
{
	struct token *token;

	/* Nobody else takes one meanwhile, so the first cannot come back. */
	futex_lock(&memory->lock, INT64_MAX);
	token = atomic_load(&memory->free_tokens);
	while (token && !atomic_compare_exchange_weak(&memory->free_tokens,
						      &token, token->next_free))
		;
	futex_unlock(&memory->lock);
	return token ? token : calloc(1, sizeof(*token));
}

static void make_current(struct memory_slot *slot, struct token *token,
			 int64_t renew_at)
{
	struct token *old;

	atomic_fetch_add(&token->references, 1);
	atomic_store(&slot->renew_at, renew_at);
	old = atomic_exchange(&slot->current, token);
	if (old)
		memory_release(&old->shown);
}

const struct valetkey_token *memory_put(struct memory *memory,
					struct memory_slot *slot,
					const struct memory_token *from)
{
	struct token *token = new_token(memory);

	if (!token)
		return NULL;
	token->memory = memory;
	if (!fill_token(token, from)) {
		put_back(memory, token);
		return NULL;
	}
	atomic_fetch_add(&memory->holders, 1);
	atomic_store(&token->references, 1);
	if (slot && refused_lock_for(&memory->refused, from->access_token,
				     from->began)) {
		make_current(slot, token, from->renew_at);
		refused_unlock(&memory->refused);
	}
	return &token->shown;
}

struct memory_slot *memory_find(struct memory *memory,
				const struct memory_key *key)
{
	return slots_find(&memory->slots, key);
}

struct memory_slot *memory_slot(struct memory *memory,
				const struct memory_key *key)
{
	struct memory_slot *slot;

	futex_lock(&memory->lock, INT64_MAX);
	slot = slots_find(&memory->slots, key);
	if (!slot)
		slot = slots_add(&memory->slots, key);
	futex_unlock(&memory->lock);
	return slot;
}

struct futex *memory_account_lock(struct memory *memory, const char *account)
{
	const struct memory_key key = {account, "", "", 0};
	struct memory_slot *slot = memory_slot(memory, &key);

	return slot ? &slot->asking : NULL;
}

const char *memory_resource(const struct valetkey_token *shown)
{
	const struct token *token = (const struct token *)shown;

	return *token->resource ? token->resource : NULL;
}

bool memory_is_id_token(const struct valetkey_token *shown)
{
	return ((const struct token *)shown)->id_token;
}

uint64_t memory_refusals(struct memory *memory)
{
	return atomic_load(&memory->refused.count);
}

bool memory_allows(struct memory *memory, const char *access_token,
		   int64_t issued)
{
	return refused_allows(&memory->refused, access_token, issued);
}

int memory_write_refused(struct memory *memory, const char *account,
			 bool id_token, struct record *request)
{
	return refused_write(&memory->refused, account, id_token, request);
}

int memory_refuse(struct memory *memory, const char *account, const char *text,
		  bool id_token)
{
	int rc = refused_add(&memory->refused, account, text, id_token);
	struct memory_slot *slot;

	for (slot = atomic_load(&memory->slots.first); slot;
	     slot = slot->next) {
		struct token *token = take_reference(slot), *expected = token;

		if (!token)
			continue;
		if (strcmp(token->shown.access_token, text) == 0 &&
		    atomic_compare_exchange_strong(&slot->current, &expected,
						   NULL))
			memory_release(&token->shown);
		memory_release(&token->shown);
	}
	return rc;
}

void memory_close(struct memory *memory)
{
	struct memory_slot *slot;

	for (slot = atomic_load(&memory->slots.first); slot;
	     slot = slot->next) {
		struct token *token = atomic_exchange(&slot->current, NULL);

		if (token)
			memory_release(&token->shown);
	}
	refused_free(&memory->refused);
	unhold(memory);
}

void memory_after_fork(struct memory *memory)
{
	struct memory_slot *slot;

	atomic_store(&memory->lock.word, 0);
	atomic_store(&memory->refused.lock.word, 0);
	for (slot = atomic_load(&memory->slots.first); slot; slot = slot->next)
		atomic_store(&slot->asking.word, 0);
}
