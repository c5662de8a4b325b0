/* SPDX-License-Identifier: MIT */
/*
 * renewal.h - what an answer to a refresh means for the refresh token that was
 * sent. The one place where that is decided, for an answer that has just come and
 * for one that a run before us has parked:
 *
 *   read, and it has a refresh token    that one supersedes ours, whatever else
 *                                       is wrong with the answer
 *   it has the word refresh_token, and  ours may be superseded: it is not sent any
 *   cannot be read                      more; a later version may read the rest
 *   read, without a refresh token       ours stays: grant_from_answer()
 *   neither                             as if no answer had come: ours is as good
 *                                       as before
 *
 * Of an answer that was cut off what came completely is read.
 */
#ifndef VALETKEY_RENEWAL_H
#define VALETKEY_RENEWAL_H

#include "arrival.h"
#include "grant.h"

enum renewal {
	RENEWAL_NOMEM = -1,
	RENEWAL_NONE = 0,
	RENEWAL_GRANT = 1, /* a grant to store in place of ours */
	RENEWAL_UNREADABLE = 2,

	/* Of what was parked only: */
	RENEWAL_IN_FLIGHT = 3, /* a request went out, and nothing came to us */
	RENEWAL_OTHER = 4      /* a grant of the same generation, with another
				  refresh token: two machines have refreshed */
};

/* `fields`: what token_answer.h made of it; NULL: no usable answer. Fills in
 * `renewed`, empty before, of RENEWAL_GRANT. */
enum renewal renewal_of(const struct client *client, const struct grant *grant,
			const struct arrival *arrival,
			const struct record *fields, struct grant *renewed);

/* A refresh of the grant: where its answer is parked. */
struct park_place renewal_place(const struct client *client,
				const struct grant *grant);

/*
 * What a run before us left for the stored grant, by generations (account_state.h).
 * Something older, or of another login, is thrown away, unless a newer grant than
 * the stored one was noted: then nobody knows what it belongs to. `lock` is the
 * account's, held. Fills in `renewed` of RENEWAL_GRANT and _OTHER.
 */
enum renewal renewal_find(const struct client *client, int lock,
			  const struct grant *grant, struct grant *renewed);

#endif
