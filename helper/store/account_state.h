/* SPDX-License-Identifier: MIT */
/*
 * account_state.h - what is known of an account beside its grant: the grant's
 * generation, and how the provider answered last. It is kept in the file of the
 * account's lock (lock.h).
 */
#ifndef VALETKEY_ACCOUNT_STATE_H
#define VALETKEY_ACCOUNT_STATE_H

#include "client/client.h"
#include "core/text.h"

#include <stdbool.h>
#include <stdint.h>

/* ---- generations ---- */

/*
 * Each refresh and each login makes the generation one higher; it is in the grant
 * (`generation`; 0: an earlier version made it) and, with a digest of the refresh
 * token, in a note in the lock's file, which outlives a boot. A higher one is
 * newer, whatever boot or clock say.
 *
 * What for: the keyring can show an older grant than was stored. Two login
 * sessions of one user can have a keyring service each over one file, a service
 * may show what it read earlier (gnome-keyring compares the file's time in whole
 * seconds), a home directory is restored. The refresh token of a grant that was
 * replaced since is never sent, and such a grant is never written back.
 */

/* 0 instead of a number that none can have come to. */
int64_t generation_checked(int64_t generation);

/* Of a refresh or a login whose answer is parked (arrival.h). */
int64_t generation_of(const struct record *about);

/*
 * `login` in a grant, and in what is parked of a login: the generation that was
 * next when the login asked for its grant. Refreshes keep it, so that of two
 * logins the later one is known; 0: an earlier version's.
 */
int64_t generation_of_login(const struct record *about);

/* What the next grant's is, after the present one's (0: there is none) and what
 * was noted. `lock` is the account's, or what lock_look() gave. */
int64_t generation_next(const struct client *client, int lock,
			int64_t generation);

/* Of a new grant, which is stored or parked; `lock` is held. */
void generation_note(const struct client *client, int lock, int64_t generation,
		     const char *refresh_token);

/* Whether a newer one than this grant's was noted on this machine. */
bool generation_is_another(const struct client *client, int lock,
			   int64_t generation, const char *refresh_token);

/* Whether the refresh token (NULL: none) is the one with that digest (hex). */
bool generation_has_digest(const char *refresh_token, const char *digest);

/* ---- a provider that fails is asked less often ---- */

/* By all processes together: these functions are called under the account's
 * lock. */

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

/* What the provider refused last, if it has given no token since. */
struct backoff_refusal {
	int result;
	int64_t at; /* Unix seconds */
	char text[sizeof((struct problem){0}.text)];
};

/* By the account's id, without the lock. False: nothing. */
bool backoff_refused(const char *id, struct backoff_refusal *refusal);

/* ---- what a person was told ---- */

/* Of each event once: whether it was the last one (by the account's id, without the
 * lock), and that it is now. */
bool notice_was_given(const char *id, const char *event);
void notice_given(int lock, const char *event);

#endif
