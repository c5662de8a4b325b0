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
#include "record.h"
#include "valetkey.h"

#include <stdbool.h>

struct visit {
	struct valetkey *handle;
	uint32_t generation;
	unsigned counter; /* where the call is counted */
};

/* 0 or ERR_BUSY; leave only where 0. */
int handle_enter(struct valetkey *handle, struct visit *visit);
void handle_leave(struct visit *visit);

/* Whether this thread is inside the handle's conversation. */
bool handle_talking(struct valetkey *handle);

struct memory *handle_memory(struct valetkey *handle);

struct handle_wait {
	int64_t deadline; /* of clock.h */
	bool interactive;
};

/* What call.h wants, for this handle; adds to the request who asks. */
int handle_call(struct valetkey *handle, struct record *request,
		const struct handle_wait *wait, struct call *call);

/*
 * Copies a host's structure of whatever size: what it lacks reads zero, what we
 * do not know must be zero (openat2's rule), else ERR_ABI.
 */
int handle_take_struct(void *own, size_t own_size, const void *given);

/* At most max bytes, no control characters. */
bool handle_text_ok(const char *text, size_t max);

#endif
