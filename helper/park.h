/* SPDX-License-Identifier: MIT */
/*
 * park.h - where a new grant is safe between the provider's answer and the
 * keyring's: a key of the kernel's user keyring, which outlives this process,
 * or, where the kernel takes none, a file beside the account's. Room for it is
 * taken before the refresh token is sent. What is parked is sealed with a key
 * that lies in the stored grant.
 */
#ifndef VALETKEY_PARK_H
#define VALETKEY_PARK_H

#include "client.h"

enum park_state {
	PARK_EMPTY = 0,
	PARK_IN_FLIGHT = 1, /* a refresh token was sent, and no whole answer
			       came to us */
	PARK_GRANT = 2	    /* an answer that was never stored */
};

/*
 * What a run before us left for the grant that is stored. PARK_GRANT: `parked`
 * is the one to store in its place: it replaces that grant, or where a newer one
 * was noted (newest.h; `lock` is the account's, held) it is or replaces the noted
 * one. Then the keyring has gone back by more than one grant: KeePassXC writes
 * its file late, and a crash of it takes the last ones away. Something left for
 * another grant is thrown away, unless the stored one is outdated.
 */
enum park_state park_look(const struct client *client, int lock,
			  const struct record *stored, struct record *parked);

/* Takes the room; false: there is none, go on without. */
bool park_reserve(const struct client *client, const struct record *stored);

/* Puts the new grant there; it must have the seal of the stored one. */
bool park_put(const struct client *client, const struct record *stored,
	      const struct record *grant);

/* It could not be stored: a copy that outlives a shutdown, which may be why. */
void park_keep(const struct client *client);

/*
 * It is stored, and will be replaced in so many seconds. The copy stays that long
 * and a minute more, where nobody needs the room: KWallet says "done" and writes
 * seconds later, so a crash of it brings the old one back, and a second login
 * session's gnome-keyring may write the old one over it.
 */
void park_stored(const struct client *client, int64_t good_for);

/* Nothing was sent after all, or it is of no use any more. */
void park_clear(const struct client *client);

#endif
