/* SPDX-License-Identifier: MIT */
/*
 * park.h - where the provider's answer is safe until the keyring has what it
 * brought: a key of the kernel's user keyring, which outlives this process, or,
 * if the kernel takes none or not so much, a file beside the account's. Room
 * is taken before anything is sent. What is parked is sealed with a key that the
 * desktop keyring has: at a refresh the grant's, at a login the registration's.
 * What the bytes are is in grant/arrival.h.
 */
#ifndef VALETKEY_PARK_H
#define VALETKEY_PARK_H

#include "core/buf.h"
#include "crypto/crypto.h"

#include <stdbool.h>
#include <stdint.h>

enum park_slot {
	PARK_REFRESH = 1, /* held under the account's lock */
	PARK_LOGIN = 2	  /* held under the login's lock */
};

struct park_place {
	const char *id; /* the account's */
	enum park_slot slot;
	const char *seal; /* the key, NULL: nothing can be parked */

	/* What park_reserve() has made ready. */
	struct sealer *sealer;
	long key; /* in the kernel; 0: none */
};

enum park_state {
	PARK_EMPTY = 0,
	PARK_IN_FLIGHT = 1, /* a request was sent, and nothing came to us */
	PARK_FOREIGN = 2,   /* something that another key has sealed */
	PARK_SEALED = 3	    /* what was parked */
};

/* What a run before us left; of PARK_SEALED it is in `plain`, empty before. */
enum park_state park_read(const struct park_place *place, struct buf *plain);

/* Takes the room for so many bytes, and makes all ready; false: there is none, go
 * on without. park_release() in any case. */
bool park_reserve(struct park_place *place, size_t size);

/* Seals the text into `sealed` (cleared first; its memory is used again) and
 * puts it there. */
bool park_put(struct park_place *place, const struct buf *plain,
	      struct buf *sealed);

/* What is parked, sealed as it is, and back again when another answer's room has
 * taken its place. */
bool park_copy(const struct park_place *place, struct buf *payload);
void park_put_back(const struct park_place *place, const struct buf *payload);

/* What is parked stays. */
void park_release(struct park_place *place);

/* It could not be stored: a copy that outlives a shutdown, which may be why. */
void park_keep(const struct park_place *place);

/*
 * It is stored, and will be replaced in so many seconds. The copy stays that long
 * and a minute more, unless somebody needs the room: KWallet says "done" and writes
 * seconds later, so a crash of it brings the old one back, and a second login
 * session's gnome-keyring may write the old one over it.
 */
void park_stored(const struct park_place *place, int64_t good_for);

/* Nothing was sent after all, or it is no longer of use. */
void park_clear(const struct park_place *place);

/* All that an account has. */
void park_forget(const char *id);

#endif
