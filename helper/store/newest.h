/* SPDX-License-Identifier: MIT */
/*
 * newest.h - the generation of an account's grant. Each refresh and each login
 * makes it one higher; it is in the grant (`generation`; 0: an earlier version
 * made it) and, with a digest of the refresh token, in a note in the lock's file,
 * which outlives a boot. A higher one is newer, whatever boot or clock say.
 *
 * What for: the keyring can show an older grant than was stored. Two login
 * sessions of one user can have a keyring service each over one file, a service
 * may show what it read earlier (gnome-keyring compares the file's time in whole
 * seconds), a home directory is restored. The refresh token of a grant that was
 * replaced since is never sent, and such a grant is never written back.
 */
#ifndef VALETKEY_NEWEST_H
#define VALETKEY_NEWEST_H

#include "client/client.h"

#include <stdint.h>

int64_t newest_generation(const struct record *grant);

/*
 * `login` in a grant, and in what is parked of a login: the generation that was
 * next when the login asked for its grant. Refreshes keep it, so that of two
 * logins the later one is known; 0: an earlier version's.
 */
int64_t newest_login(const struct record *grant);

/* What the next grant's is, after this one (NULL: there is none) and what was
 * noted. `lock` is the account's, or what lock_look() gave. */
int64_t newest_next(const struct client *client, int lock,
		    const struct record *grant);

/* A new grant, which is stored or parked; `lock` is held. */
void newest_note(const struct client *client, int lock,
		 const struct record *grant);

/* Whether a newer one than this was noted on this machine. */
bool newest_is_another(const struct client *client, int lock,
		       const struct record *grant);

/* Whether this grant's refresh token is the one with that digest (hex). */
bool newest_has_digest(const struct record *grant, const char *digest);

#endif
