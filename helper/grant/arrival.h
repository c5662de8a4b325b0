/* SPDX-License-Identifier: MIT */
/*
 * arrival.h - a success of the token endpoint on its way in. It may bring the only
 * copy of a refresh token, so its bytes are sealed and parked (park.h) as they
 * come, before anybody looks at them; what they mean is renewal.h's.
 *
 * Keys of `about`, which is parked in front of the bytes: answer (1, the form of
 * all this); of a refresh generation (account_state.h) and program (who asked); of a login login (see
 * there), scope, nonce, accept_change and pins (a digest); machine (machine.h),
 * boot, issued_at, issued_clock (grant.h).
 */
#ifndef VALETKEY_ARRIVAL_H
#define VALETKEY_ARRIVAL_H

#include "client/client.h"
#include "store/park.h"

#include <pthread.h>
#include <signal.h>

struct arrival {
	struct park_place place;
	struct record about;
	bool whole;  /* it came to its end */
	bool parked; /* all that came is safe */

	/* One that an earlier version had understood before it parked it: then
	 * `about` is the grant, with `replaces`, the digest of the refresh token
	 * that was sent. */
	bool is_grant;

	/* arrival.c's own */
	struct buf plain;  /* about, and behind head_len the bytes */
	struct buf sealed; /* room for the same */
	size_t head_len;
	size_t parked_len;
	size_t work; /* bytes that were sealed */
};

/*
 * Before a request goes out: adds machine and boot to about, and takes room for
 * an answer of the usual size. 0, or ERR_NOMEM; no room to park is no error.
 */
int arrival_expect(struct arrival *arrival, const struct client *client,
		   size_t usual);

/* What has come so far; endpoint.h calls it. */
void arrival_take(const struct buf *body, bool whole, void *arrival);

/* The bytes; they belong to the arrival. */
struct buf arrival_body(const struct arrival *arrival);

/* What a run before us left at arrival->place: of PARK_SEALED the rest is filled
 * in. */
enum park_state arrival_find(struct arrival *arrival);

void arrival_free(struct arrival *arrival);

/* ---- signals wait meanwhile ---- */

/* From the moment a refresh token or a code is sent until what came back lies
 * in the keyring, INT, TERM and HUP wait. */

static inline void critical_begin(sigset_t *before)
{
	sigset_t held;

	sigemptyset(&held);
	sigaddset(&held, SIGINT);
	sigaddset(&held, SIGTERM);
	sigaddset(&held, SIGHUP);
	pthread_sigmask(SIG_BLOCK, &held, before);
}

static inline void critical_end(const sigset_t *before)
{
	pthread_sigmask(SIG_SETMASK, before, NULL);
}

#endif
