/* SPDX-License-Identifier: MIT */
/*
 * request.h - a host's request for a token on its way through the tiers: judged
 * once, answered by this process's memory or the kernel's keyring, or made into
 * a request for the helper. valetkey_get() waits for the helper, valetkey_begin()
 * does not; the rest is here.
 */
#ifndef VALETKEY_REQUEST_H
#define VALETKEY_REQUEST_H

#include "call.h"
#include "core/account.h"
#include "core/origin.h"
#include "handle.h"
#include "memory.h"

struct ask {
	struct valetkey *handle;
	struct valetkey_request request; /* defaults filled in */
	struct memory_key key;
	uint64_t began; /* memory_refusals() by then */
	struct handle_wait wait;
	char origin[ORIGIN_MAX];
	char id_origin[sizeof(MEMORY_ID_TOKEN) + ORIGIN_MAX];
	char account[ACCOUNT_NAME_MAX + 1]; /* "" until it is known */
};

/* Judges a host's request; its texts are borrowed until ask_write(). */
int ask_check(struct valetkey *handle, const struct valetkey_request *given,
	      struct ask *ask);

/*
 * The tiers that cost nothing. 0 with *token NULL: the helper must be asked,
 * and the account is known.
 */
int ask_cached(struct ask *ask, const struct valetkey_token **token);

/* Adds the helper's request, which must not change any more. */
int ask_write(struct ask *ask, struct record *request);

/* Makes the helper's answer the token for such requests. */
int ask_keep(const struct ask *ask, const struct record *answer,
	     const struct valetkey_token **token);

/* ---- one call that waits for the helper ---- */

/* One get or invalidate for which the helper is needed, with all that it
 * holds. It lies in allocated memory because the conversation, called from
 * within, may be left by a jump: then the handle ends it (handle.h). */

struct valetkey_wait {
	struct visitor visitor; /* first: one is cast to the other */
	struct ask ask;		/* of a get */
	bool gets;
	struct call call;
	struct record request, answer;
	struct record account;	/* of another machine, which is asked itself */
	struct channel channel; /* fd -1: no helper is at work */
	int ready, bell;	/* valetkey_fd(), and its other end; 0: none */
	int result;		/* CALL_PENDING until it is known */
	const struct valetkey_token *token; /* what a cache had */
};

/* Takes the visit over; NULL: no memory, and the visit has ended. */
struct valetkey_wait *wait_new(struct visit *visit);

/* Leaves the handle and frees everything. */
void wait_end(struct valetkey_wait *wait);

/* The request of an invalidate, and what is done at once. */
int wait_refuse(struct valetkey_wait *wait, const struct valetkey_token *token);

/* Starts the helper for what was asked; sets result. */
void wait_start(struct valetkey_wait *wait);

/* The result if it is there by then, else CALL_PENDING. */
int wait_step(struct valetkey_wait *wait, int64_t deadline,
	      const struct valetkey_token **token);

#endif
