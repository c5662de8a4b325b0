/* SPDX-License-Identifier: MIT */
/*
 * hit.h - the short way of valetkey_get(): a request that has been answered
 * before, by a token that is still good. A lookup, the clock and a count; no
 * lock, no system call, nothing is copied or parsed. The long way is request.h's,
 * and decides alone what is allowed: only if it has made a slot for the same
 * account, scope and origin is there anything to hit.
 */
#ifndef VALETKEY_HIT_H
#define VALETKEY_HIT_H

#include "memory.h"

/* The token with a reference; NULL: take the long way. */
const struct valetkey_token *hit_take(struct memory *memory,
				      const struct valetkey_request *request);

#endif
