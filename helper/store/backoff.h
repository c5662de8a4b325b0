/* SPDX-License-Identifier: MIT */
/*
 * backoff.h - a provider that fails is asked less and less often, by all
 * processes together: what happened last is kept in the account's lock file,
 * under whose lock these functions are called.
 */
#ifndef VALETKEY_BACKOFF_H
#define VALETKEY_BACKOFF_H

#include "core/problem.h"

#include <stdbool.h>
#include <stdint.h>

/* 0: go ahead. Else what the provider did last time, with *problem set. */
int backoff_check(int lock, struct problem *problem);

/* How it went this time. */
struct backoff_try {
	int result;
	const char *text;      /* of the problem */
	int64_t retry_after_s; /* what the provider said, else -1 */
	bool reached;	       /* the provider was */
};

/* Only NETWORK, TIMEOUT and THROTTLED count as a failure. What the provider
 * refused is known until it gives a token. */
void backoff_note(int lock, const struct backoff_try *this_time);

/* What the provider refused last, since when it has given none. */
struct backoff_refusal {
	int result;
	int64_t at; /* Unix seconds */
	char text[sizeof((struct problem){0}.text)];
};

/* By the account's id, without the lock. False: nothing. */
bool backoff_refused(const char *id, struct backoff_refusal *refusal);

#endif
