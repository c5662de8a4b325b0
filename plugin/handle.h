/* SPDX-License-Identifier: MIT */
/*
 * handle.h - what is behind struct valetkey, for the calls that work on one.
 *
 * Every call goes through handle_enter() and handle_leave(): they notice a
 * fork, refuse a call from within the handle's own conversation, and keep the
 * handle from being closed under a running call. Thread cancellation is held off
 * by each of the ABI's functions itself.
 */
#ifndef VALETKEY_HANDLE_H
#define VALETKEY_HANDLE_H

#include "call.h"
#include "core/record.h"
#include <valetkey.h>

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct visit {
	struct valetkey *handle;
	uint32_t generation;
	unsigned counter; /* where the call is counted */
};

/* 0 or ERR_BUSY; leave only if 0. */
int handle_enter(struct valetkey *handle, struct visit *visit);
void handle_leave(struct visit *visit);

/*
 * A visit that may call the conversation, which may not come back: it lies in
 * allocated memory with all that it holds, and whoever notices later that the
 * conversation was left calls left(). Nobody else waits for it meanwhile.
 */
struct visitor {
	struct visit visit;
	void (*left)(struct visitor *visitor);
	struct futex *lock; /* held by it, or NULL; given up to talk */
	int cancel;	    /* the thread's state before the call */
	/* Inside the conversation: */
	struct visitor *next;
	const struct stack_mark *mark;
	pid_t thread;
};

/* Nobody comes back from a conversation that it has left. */
void handle_end_talk(struct visitor *visitor);

/* Whether this thread is inside the handle's conversation. */
bool handle_talking(struct valetkey *handle);

struct memory *handle_memory(struct valetkey *handle);

/* From now on the helper says what it does, in messages of the kind
 * CALL_MESSAGE_DEBUG. For the command, which has this code inside. */
void handle_debug(struct valetkey *handle);

struct handle_wait {
	int64_t deadline; /* of clock.h */
	bool interactive;
};

/* What call.h wants, for this visitor; adds to the request who asks. */
int handle_call(struct visitor *visitor, struct record *request,
		const struct handle_wait *wait, struct call *call);

/*
 * Copies a host's structure of whatever size: what it lacks reads zero, what we
 * do not know must be zero (openat2's rule), else ERR_ABI.
 */
int handle_take_struct(void *own, size_t own_size, const void *given);

/* At most max bytes, no control characters. */
bool handle_text_ok(const char *text, size_t max);

/* ---- whether a call was left by a jump ---- */

/* Whether a function that called somebody else's was left for good: by
 * longjmp() or an exception that went through it, of which it learns nothing.
 * Its frame has a mark; who comes later looks whether the mark is still there.
 */

struct stack_mark {
	uintptr_t words[32];
};

void stack_mark(struct stack_mark *mark);

/* Whether the frame with the mark, which was made in this thread (of gettid()),
 * is gone for sure. The stack itself may be gone. */
bool stack_left(const struct stack_mark *mark, pid_t thread);

#endif
