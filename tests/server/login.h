/* SPDX-License-Identifier: MIT */
/*
 * Who sits in front of which browser, and what is asked of them. A
 * visit is one browser, known by its cookie; a pending is one authorize
 * request that waits for a login and an answer. The key of a pending is
 * in the forms and only good together with the visit's cookie.
 *
 * The caller holds the provider's lock.
 */
#ifndef PROVIDER_LOGIN_H
#define PROVIDER_LOGIN_H

#include "client.h"

#include <stdint.h>

struct visit {
	struct visit *next;
	char *cookie;
	const char *user; /* NULL: not logged in */
	int64_t expires_ms;
};

struct pending {
	struct pending *next;
	char *key;
	struct visit *visit;
	const struct client *client;
	char *redirect;
	char *state;	 /* NULL when the client sent none */
	char *challenge; /* NULL: no PKCE */
	char *nonce;	 /* for the id_token, NULL when there is none */
	unsigned scope;
	int64_t expires_ms;
};

struct logins {
	struct visit *visits;
	struct pending *pendings;
};

/* The visit with that cookie, or a new one; the cookie may be NULL. */
struct visit *logins_visit(struct logins *logins, const char *cookie);

/* Gives the visit a new cookie, as one does when somebody logs in. */
void logins_renew(struct visit *visit);

/* Adds a copy that has a key and a life of its own. */
struct pending *logins_add(struct logins *logins,
			   const struct pending *pending);

/* NULL unless both belong together and are still good. */
struct pending *logins_find(struct logins *logins, const char *key,
			    const char *cookie);

void logins_remove(struct logins *logins, struct pending *pending);
void logins_free(struct logins *logins);

#endif
