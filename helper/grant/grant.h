/* SPDX-License-Identifier: MIT */
/*
 * grant.h - a grant as it lies in the keyring: the provider's last answer, when
 * it came, and what it is pinned to. And the client secret beside it.
 *
 * Keys of a grant's item: access_token, refresh_token, scope, expires_in (0: it
 * never expires), issued_at (Unix seconds), boot and issued_clock (of clock.h),
 * needs_login (the reason for which a login is needed), identity and identity_id
 * (identity.h), seal (a key, see park.h), pin.* (client.h), error[] (provider.h,
 * as it was at the login: no file that is changed later ends a grant).
 */
#ifndef VALETKEY_GRANT_H
#define VALETKEY_GRANT_H

#include "arrival.h"
#include "job/job.h"

#define GRANT_LIFETIME_UNKNOWN_S 3600
#define GRANT_LIFETIME_NEVER_S (10LL * 365 * 24 * 3600)

enum grant_lifetime {
	GRANT_EXPIRES = 0,
	GRANT_EXPIRY_UNKNOWN = 1, /* the provider did not say */
	GRANT_NEVER_EXPIRES = 2
};

/*
 * Reads the account's grant. found false: none. An item that is pinned to other
 * endpoints, or has needs_login, is ERR_LOGIN with *problem set; `grant` is
 * filled all the same.
 */
int grant_load(struct job *job, const struct client *client,
	       struct record *grant, bool *found);

/* Stores it, and then publishes its access token in the kernel keyring. */
int grant_save(struct job *job, const struct client *client,
	       const struct record *grant);

/* Publishes the access token, or takes the published one back if there is none.
 */
void grant_publish(const struct client *client, const struct record *grant);

/* The published token as a grant without refresh token; false: there is none.
 */
bool grant_published(const struct client *client, struct record *grant);

int grant_delete(struct job *job, const struct client *client);

/*
 * Makes a grant of a token answer (RFC 6749 5.1): what the answer lacks is taken
 * from the old grant and from the scope that was asked for; when and where it
 * came the arrival tells (arrival.h; NULL: here and now). 0 or ERR_NOMEM.
 */
struct grant_source {
	const struct record *answer; /* the fields of endpoint.h */
	const struct record *old;    /* NULL: there is none */
	const char *asked_scope;
	const struct arrival *arrival;
};
int grant_from_answer(const struct client *client,
		      const struct grant_source *source, struct record *grant);

/* Seconds for which the access token is good; 0: there is none, or it is over.
 */
int64_t grant_good_for(const struct record *grant);

/* Whether it is known when the access token expires. */
enum grant_lifetime grant_lifetime(const struct record *grant);

/* When it was issued, in the time of clock.h. */
int64_t grant_issued_clock(const struct record *grant);

/* Whether every scope of `wanted` (NULL: none) was granted. */
bool grant_has_scope(const struct record *grant, const char *wanted);

/* Adds the scopes of the account that were not granted by that name; providers
 * spell some in other words. 0 or -1. */
int grant_scope_lacks(const struct client *client, const struct record *grant,
		      struct buf *lacking);

/* Puts the access token with its expiry and scope into the answer. */
int grant_answer(struct job *job, const struct record *grant);

#endif
