/* SPDX-License-Identifier: MIT */
/*
 * grant.h - a grant as it lies in the keyring: the provider's last answer, when
 * it came, and what it is pinned to. Its item has the key=value lines of record.h;
 * they are read and written in grant.c, and nowhere else.
 */
#ifndef VALETKEY_GRANT_H
#define VALETKEY_GRANT_H

#include "arrival.h"
#include "job/job.h"

#define GRANT_LIFETIME_UNKNOWN_S 3600
#define GRANT_LIFETIME_NEVER_S (10LL * 365 * 24 * 3600)

/* Whether it is known when the access token expires. */
enum grant_lifetime {
	GRANT_EXPIRY_UNKNOWN = 0, /* the provider did not say */
	GRANT_EXPIRES = 1,
	GRANT_NEVER_EXPIRES = 2 /* in the item: expires_in=0 */
};

/* The names are those of the item's keys. A text that is not there is NULL, a
 * number 0. {0} is no grant. */
struct grant {
	char *access_token;
	char *refresh_token;
	char *scope;
	enum grant_lifetime lifetime;
	int64_t expires_in; /* seconds, of GRANT_EXPIRES */

	int64_t issued_at;    /* when it came, Unix seconds */
	int64_t issued_clock; /* the same of clock.h, */
	char *boot;	      /* in this run of the machine */
	char *machine;	      /* where it was made, see machine.h */

	int64_t generation; /* see account_state.h */
	int64_t login;	    /* the generation of its login, see there */

	int64_t login_at;      /* when that was, Unix seconds */
	int64_t refresh_until; /* the refresh token's end as the provider told
				  it, Unix seconds; -1: it has none */
	char *program;	       /* who asked for the last refresh: a hint */

	char *seal;	     /* a key, see park.h */
	int64_t answer_size; /* of the last answer, for the next one's room */

	char *id_token;		     /* see kept_id_token.h */
	int64_t id_token_expires_in; /* seconds, from issued_at on */
	int64_t id_token_missed;     /* 1: the last refresh brought none */

	char *identity; /* who logged in, see identity.h */
	char *identity_id;
	char *needs_login; /* why only a login helps */

	struct record errors; /* error[] of provider.h, as it was at the login:
				 no file that is changed later ends a grant */
	struct record pins;   /* pin.*, see client.h */
	struct record others; /* keys of a later version, as they are */
};

/* Sets one of the texts to a copy; NULL takes it away. What was there is wiped.
 * 0 or -1: no memory. */
int grant_set(char **text, const char *value);

/* Fills in a grant that is empty. -1: no memory. */
int grant_read(const struct record *item, struct grant *grant);
int grant_copy(const struct grant *from, struct grant *grant);

/* Puts `next` in the place of `grant`, and empties it. */
void grant_replace(struct grant *grant, struct grant *next);

/* Wipes and frees all, and empties it. */
void grant_free(struct grant *grant);

/* ---- in the keyring ---- */

/*
 * The account's grant as it lies there. found false: there is none. grant_load()
 * looks as well whether it may be used: if it is pinned to other endpoints, or has
 * needs_login, that is ERR_LOGIN with *problem set; `grant` is filled in all the
 * same.
 */
int grant_look(struct job *job, const struct client *client,
	       struct grant *grant, bool *found);
int grant_load(struct job *job, const struct client *client,
	       struct grant *grant, bool *found);

/* There is none. Sets the problem: ERR_LOGIN. */
int grant_missing(struct job *job, const struct client *client);

/* Stores it, and then publishes its access token in the kernel keyring. */
int grant_save(struct job *job, const struct client *client,
	       const struct grant *grant);

/* Publishes the access token; if there is none, withdraws the published one. */
void grant_publish(const struct client *client, const struct grant *grant);

/* The published token as a grant without a refresh token, in place of what is in
 * `grant`; false: there is none. */
bool grant_published(const struct client *client, struct grant *grant);

int grant_delete(struct job *job, const struct client *client);

/*
 * Makes a grant of a token answer (RFC 6749 5.1): what the answer lacks is taken
 * from the old grant and from the scope that was asked for; the arrival tells
 * when and where it came (arrival.h; NULL: here and now). 0 or ERR_NOMEM.
 */
struct grant_source {
	const struct record *answer; /* of token_answer.h */
	const struct grant *old;     /* NULL: there is none */
	const char *asked_scope;
	const struct arrival *arrival;
};
int grant_from_answer(const struct client *client,
		      const struct grant_source *source, struct grant *grant);

/* ---- what it means ---- */

/* Seconds for which the access token is good; 0: there is none, or it has
 * expired. */
int64_t grant_good_for(const struct grant *grant);

/* The same of the ID token. */
int64_t grant_id_token_good_for(const struct grant *grant);

/* Seconds for which it was good when it was issued, as far as is known. */
int64_t grant_lifetime_s(const struct grant *grant);

/* When it was issued, in the time of clock.h. */
int64_t grant_issued_clock(const struct grant *grant);

/* Whether every scope of `wanted` (NULL: none) was granted. */
bool grant_has_scope(const struct grant *grant, const char *wanted);

/* Adds the scopes of the account that were not granted by that name; providers
 * spell some in other words. 0 or -1. */
int grant_scope_lacks(const struct client *client, const struct grant *grant,
		      struct buf *lacking);

/* Puts the access token with its expiry and scope into the answer; or, by
 * another name, the ID token. */
int grant_answer(struct job *job, const struct grant *grant);
int grant_answer_id_token(struct job *job, const struct grant *grant);

#endif
