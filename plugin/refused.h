/* SPDX-License-Identifier: MIT */
/*
 * refused.h - the tokens that a server refused, as the handle was told: those
 * alone may not be given again, by whichever tier still has one. The last ones
 * are kept, and wiped; of what was told before that nothing is under way.
 *
 * A provider may issue the very token once more. That one is tried, once: if it
 * is refused as well, the token is not given any more.
 */
#ifndef VALETKEY_REFUSED_H
#define VALETKEY_REFUSED_H

#include "core/record.h"
#include "futex.h"

#include <stdbool.h>

#define REFUSED_MAX 32

struct refusal;

struct refused {
	struct futex lock;
	_Atomic uint64_t count; /* all that there ever were */
	struct refusal *last[REFUSED_MAX];
};

/* Notes that the account's token, or ID token, was refused. -1: no memory. */
int refused_add(struct refused *refused, const char *account, const char *token,
		bool id_token);

/* Whether a token that was issued then (in the time of clock.h) may be given. */
bool refused_allows(struct refused *refused, const char *token, int64_t issued);

/*
 * To become the current token: false if the token was refused after `began`
 * (a count) or nobody can tell. Otherwise the lock stays taken, until the token
 * is in its place: refused_unlock().
 */
bool refused_lock_for(struct refused *refused, const char *token,
		      uint64_t began);
void refused_unlock(struct refused *refused);

/* Tells the helper which token, or ID token, of the account was refused last. */
int refused_write(struct refused *refused, const char *account, bool id_token,
		  struct record *request);

void refused_free(struct refused *refused);

#endif
