/* SPDX-License-Identifier: MIT */
/*
 * wait.h - one get or invalidate for which the helper is needed, with all that
 * it holds. It lies in allocated memory because the conversation, called from
 * within, may be left by a jump: then the handle ends it (handle.h).
 */
#ifndef VALETKEY_WAIT_H
#define VALETKEY_WAIT_H

#include "call.h"
#include "handle.h"
#include "request.h"

struct valetkey_wait {
	struct visitor visitor; /* first: one is cast to the other */
	struct ask ask;		/* of a get */
	bool gets;
	struct call call;
	struct record request, answer;
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
