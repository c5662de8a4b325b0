/* SPDX-License-Identifier: MIT */
/*
 * lifetime.h - when a login ends if nothing is done: told by the provider with the
 * grant, known from its data (refresh_idle_days, refresh_max_days), or learned
 * (store/learned.h). The earliest of them counts.
 */
#ifndef VALETKEY_LIFETIME_H
#define VALETKEY_LIFETIME_H

#include "grant.h"

struct lifetime {
	int64_t dies_on; /* Unix seconds; 0: not known, or never */
	const char *by;	 /* told, data, learned; NULL: not known */
	bool refreshes;	 /* it is the refresh token's end */
	int64_t idle_s;	 /* for how long it may be left alone; 0: not known */
	int64_t began;	 /* what dies_on is counted from */
};

void lifetime_find(const struct client *client, const struct grant *grant,
		   struct lifetime *life);

/* Whether there was a refresh since the login. */
bool lifetime_refreshed(const struct grant *grant);

#endif
