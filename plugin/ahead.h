/* SPDX-License-Identifier: MIT */
/*
 * ahead.h - renewing a token before it ends: whoever is answered in the last
 * fifth of a token's life has the helper renew it in the background, once per
 * machine, so that a program which calls regularly never waits for the network.
 * Where in that fifth is each token's own, so that machines which logged in at the
 * same time do not ask the provider in the same second.
 */
#ifndef VALETKEY_AHEAD_H
#define VALETKEY_AHEAD_H

#include "core/record.h"

/*
 * When the renewal of this token begins (of clock.h): the same for all processes
 * that have it. INT64_MAX: never; it does not end, or lives too short for that.
 */
int64_t ahead_at(const char *access_token, int64_t good_until,
		 int64_t lifetime_ms);

/* Starts the helper for it and does not wait. Failures are nobody's concern. */
void ahead_start(const char *name, const struct record *account);

#endif
