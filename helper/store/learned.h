/* SPDX-License-Identifier: MIT */
/*
 * learned.h - how long an account's refresh tokens live, as far as that was seen:
 * few providers tell. A grant that a refresh finds dead was left alone for too
 * long, or its login is too long ago; what survives proves the contrary. It is
 * kept beside the lock, like account_state.h, and by its rules: called under the
 * account's lock.
 */
#ifndef VALETKEY_LEARNED_H
#define VALETKEY_LEARNED_H

#include <stdbool.h>
#include <stdint.h>

/* How old the grant is that a refresh token is sent of; 0: not known, or not long
 * enough to learn from. */
struct learned_age {
	int64_t idle_s;	 /* since the last answer */
	int64_t login_s; /* since the login */
};

/* Of two Unix times, 0: not known. */
struct learned_age learned_age_of(int64_t answered_at, int64_t login_at);

/* The refresh has brought a token, or the server's invalid_grant. */
void learned_survived(int lock, const struct learned_age *age);
void learned_died(int lock, const struct learned_age *age);

/* The limits that were learned, 0: none. By the account's id, without the lock. */
void learned_read(const char *id, struct learned_age *limits);

#endif
