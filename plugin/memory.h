/* SPDX-License-Identifier: MIT */
/*
 * memory.h - the first tier: tokens in this process's memory.
 *
 * A slot is what was asked for (account, scope, origin) and points at the
 * current token. A hit takes no lock: token objects are never given back to
 * malloc while the pool lives, so a reader may touch the count of one that is
 * being recycled; it takes a reference only where the count is not zero and
 * then looks whether the slot still points there. The text of a token is wiped
 * when its last reference goes.
 */
#ifndef VALETKEY_MEMORY_H
#define VALETKEY_MEMORY_H

#include "futex.h"
#include "valetkey.h"

#include <stdbool.h>

struct memory;

struct memory_key {
	const char *account; /* "" where found by origin */
	const char *scope;
	const char *origin; /* the first origin_len bytes there */
	size_t origin_len;
};

struct memory_slot;

/* What a token is made of; texts are copied. */
struct memory_token {
	const char *access_token;
	const char *account;
	const char *scope;
	const char *resource; /* the origin it was asked for, or NULL */
	int64_t expires_at;   /* Unix seconds, 0 unknown */
	int64_t good_until;   /* of clock.h, INT64_MAX unknown */
	int64_t renew_at;     /* of clock.h, INT64_MAX never */
};

struct memory *memory_new(void);

/* The owner's end: tokens still held live on, and the memory with them. */
void memory_close(struct memory *memory);

/* In a child of fork(): locks that other threads held are free again. */
void memory_after_fork(struct memory *memory);

/* The slot, made where absent; NULL without memory. Slots live as long as the
 * memory. */
struct memory_slot *memory_find(struct memory *memory,
				const struct memory_key *key);
struct memory_slot *memory_slot(struct memory *memory,
				const struct memory_key *key);

/* Held by the one thread that asks the helper for this slot. */
struct futex *memory_slot_lock(struct memory_slot *slot);

/* The slot's token with a reference, if good for min_valid_s from `now` (of
 * clock.h); else NULL. */
const struct valetkey_token *memory_get(struct memory_slot *slot,
					uint32_t min_valid_s, int64_t now);

/* Whether the slot's token is to be renewed: the second is true once in a while
 * from then on, for one caller. */
bool memory_renewal_near(const struct memory_slot *slot, int64_t now);
bool memory_renewal_due(struct memory_slot *slot, int64_t now);

/* Makes it the slot's token; returns it with a reference, NULL: no memory. */
const struct valetkey_token *memory_put(struct memory *memory,
					struct memory_slot *slot,
					const struct memory_token *token);

/* Takes a token with this text out of every slot. */
void memory_drop(struct memory *memory, const char *access_token);

/* What it was asked for: an origin; NULL: the host did not say. */
const char *memory_resource(const struct valetkey_token *token);

void memory_release(const struct valetkey_token *token);

#endif
