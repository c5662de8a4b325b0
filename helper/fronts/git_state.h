/* SPDX-License-Identifier: MIT */
/*
 * git_state.h - what git tells of an answer that it got before. A git that knows
 * `state` brings ours back where the server refused it and `continue` was said;
 * between two requests of one operation it forgets the state and brings only the
 * token's expiry.
 */
#ifndef VALETKEY_GIT_STATE_H
#define VALETKEY_GIT_STATE_H

#include "core/record.h"
#include <valetkey.h>

#include <stdbool.h>
#include <stdint.h>

enum git_scheme { GIT_NONE = 0, GIT_BASIC = 1, GIT_BEARER = 2 };

/* What our last answer was, where git asks once more because the server refused
 * it. git brings it back in state[] or, between two requests of one operation,
 * only its expiry. */
struct git_past {
	bool refused; /* there was one */
	int stage;    /* how many answers there were */
	enum git_scheme scheme;
	uint32_t mark;	    /* of the refused token; 0: not known */
	int64_t expires_at; /* of the refused token; 0: not known */
	const char *account;
};

/* Reads it from git's message, to which past->account points. */
void git_state_read(const struct record *message, struct git_past *past);

/* Tells tokens apart, and says nothing about them; never 0. */
uint32_t git_state_mark(const char *token);

/* Adds state[], and continue=1 where git shall ask again if this is refused.
 * 0 or not (no memory). */
int git_state_add(const struct git_past *past, enum git_scheme scheme,
		  const struct valetkey_token *token, struct record *answer);

#endif
