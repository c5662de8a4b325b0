/* SPDX-License-Identifier: MIT */
/*
 * memory.h - the first tier: tokens in this process's memory.
 *
 * A slot is what was asked for (account, scope, origin) and points at the
 * current token. A hit takes no lock: token objects are never given back to
 * malloc while the memory lives, so a reader may touch the count of one that is
 * being recycled; it takes a reference only if the count is not zero and
 * then looks whether the slot still points there. The text of a token is wiped
 * when its last reference goes.
 */
#ifndef VALETKEY_MEMORY_H
#define VALETKEY_MEMORY_H

#include "futex.h"
#include <valetkey.h>

#include <stdbool.h>

struct memory;

/* An ID token is kept under the origin with MEMORY_ID_TOKEN before it: no URL
 * begins so, and whoever looks for an access token never finds one. */
#define MEMORY_ID_TOKEN "id:"

struct memory_key {
	const char *account; /* "" if found by origin */
	const char *scope;
	const char *origin; /* the first origin_len bytes there */
	size_t origin_len;
};

struct memory_slot;
struct record;

/* What a token is made of; texts are copied. */
struct memory_token {
	const char *access_token;
	const char *account;
	const char *scope;
	const char *resource; /* the origin it was asked for, or NULL */
	int64_t expires_at;   /* Unix seconds, 0 unknown */
	int64_t good_until;   /* of clock.h, INT64_MAX unknown */
	int64_t renew_at;     /* of clock.h, INT64_MAX never */
	uint64_t began;	      /* memory_refusals() when it was asked for */
	bool id_token;	      /* it is one */
};

struct memory *memory_new(void);

/* The owner's end: tokens still held live on, and the memory with them. */
void memory_close(struct memory *memory);

/* In a child of fork(): locks that other threads held are free again. */
void memory_after_fork(struct memory *memory);

/* The slot; the second makes it if absent, NULL: no memory, or there are too
 * many. Slots live as long as the memory, so make none for what is refused. */
struct memory_slot *memory_find(struct memory *memory,
				const struct memory_key *key);
struct memory_slot *memory_slot(struct memory *memory,
				const struct memory_key *key);

/* Held by the one thread that asks the helper for this account; NULL as above.
 */
struct futex *memory_account_lock(struct memory *memory, const char *account);

/* The slot's token with a reference, if good for min_valid_s from `now` (of
 * clock.h); else NULL. */
const struct valetkey_token *memory_get(const struct memory_slot *slot,
					uint32_t min_valid_s, int64_t now);

/* Whether the slot's token is to be renewed: the second is true once in a while
 * from then on, for one caller. */
bool memory_renewal_near(const struct memory_slot *slot, int64_t now);
bool memory_renewal_due(struct memory_slot *slot, int64_t now);

/* Makes it the slot's token, if there is a slot and the token was not refused
 * since `began`; returns it with a reference, NULL: no memory. */
const struct valetkey_token *memory_put(struct memory *memory,
					struct memory_slot *slot,
					const struct memory_token *token);

/* How many tokens were refused so far. */
uint64_t memory_refusals(struct memory *memory);

/* Takes a token that was refused out of every slot, and lets in only what is
 * issued later. -1: no memory, and what is under way may bring it back. */
int memory_refuse(struct memory *memory, const char *account, const char *token,
		  bool id_token);

/* See refused.h. */
bool memory_allows(struct memory *memory, const char *access_token,
		   int64_t issued);
int memory_write_refused(struct memory *memory, const char *account,
			 bool id_token, struct record *request);

/* What it was asked for: an origin; NULL: the host did not say. */
const char *memory_resource(const struct valetkey_token *token);

bool memory_is_id_token(const struct valetkey_token *token);

void memory_release(const struct valetkey_token *token);

#endif
