/* SPDX-License-Identifier: MIT */
/*
 * refresh.h - the ways to a new access token that need no person. Each stores the
 * new grant before it returns it. The caller holds the account's lock.
 */
#ifndef VALETKEY_REFRESH_H
#define VALETKEY_REFRESH_H

#include "grant.h"

/*
 * RFC 6749 6: `grant` is the stored one and becomes the new one. If the
 * server says invalid_grant the keyring is read once more: if it holds another
 * refresh token by now, that one is tried. ERR_LOGIN then means that the grant
 * is dead, which is recorded; or that `lock` (the account's, held) knows of a
 * newer one (account_state.h). Every other error changes nothing.
 */
int refresh_grant(struct job *job, const struct client *client, int lock,
		  struct grant *grant);

/*
 * Whether a refresh of the stored grant would be tried, for `status`: 0;
 * ERR_LOGIN and why only a login helps; ERR_NETWORK: it would, and the last one
 * was interrupted in between.
 */
int refresh_check(struct job *job, const struct client *client, int lock,
		  const struct grant *grant);

/* RFC 6749 4.4. `grant` must be empty. */
int refresh_by_credentials(struct job *job, const struct client *client,
			   struct grant *grant);

#endif
