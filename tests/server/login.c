/* SPDX-License-Identifier: MIT */
/*
 * Visits and pending authorize requests: see login.h.
 */
#include "login.h"

#include "util.h"

#include <stdlib.h>
#include <string.h>

#define COOKIE_LENGTH 43
#define VISIT_LIFE_MS (8LL * 3600 * 1000)
#define PENDING_LIFE_MS (10LL * 60 * 1000)

static struct visit *logins_find_visit(struct logins *logins,
				       const char *cookie)
{
	int64_t now = util_clock_ms();

	for (struct visit *at = logins->visits; cookie && at; at = at->next)
		if (at->expires_ms > now && util_same(at->cookie, cookie))
			return at;
	return NULL;
}

struct visit *logins_visit(struct logins *logins, const char *cookie)
{
	struct visit *visit = logins_find_visit(logins, cookie);

	if (visit)
		return visit;
	visit = util_alloc(sizeof(*visit));
	logins_renew(visit);
	visit->next = logins->visits;
	logins->visits = visit;
	return visit;
}

void logins_renew(struct visit *visit)
{
	free(visit->cookie);
	visit->cookie = util_random(COOKIE_LENGTH);
	visit->expires_ms = util_clock_ms() + VISIT_LIFE_MS;
}

static char *logins_copy(const char *text)
{
	return text ? util_strdup(text) : NULL;
}

struct pending *logins_add(struct logins *logins, const struct pending *pending)
{
	struct pending *added = util_alloc(sizeof(*added));

	*added = *pending;
	added->key = util_random(COOKIE_LENGTH);
	added->redirect = logins_copy(pending->redirect);
	added->state = logins_copy(pending->state);
	added->challenge = logins_copy(pending->challenge);
	added->nonce = logins_copy(pending->nonce);
	added->expires_ms = util_clock_ms() + PENDING_LIFE_MS;
	added->next = logins->pendings;
	logins->pendings = added;
	return added;
}

struct pending *logins_find(struct logins *logins, const char *key,
			    const char *cookie)
{
	struct visit *visit = logins_find_visit(logins, cookie);
	int64_t now = util_clock_ms();

	if (!visit || !key)
		return NULL;
	for (struct pending *at = logins->pendings; at; at = at->next)
		if (at->visit == visit && at->expires_ms > now &&
		    util_same(at->key, key))
			return at;
	return NULL;
}

static void logins_free_pending(struct pending *pending)
{
	free(pending->key);
	free(pending->redirect);
	free(pending->state);
	free(pending->challenge);
	free(pending->nonce);
	free(pending);
}

void logins_remove(struct logins *logins, struct pending *pending)
{
	struct pending **at = &logins->pendings;

	while (*at && *at != pending)
		at = &(*at)->next;
	if (*at)
		*at = pending->next;
	logins_free_pending(pending);
}

void logins_free(struct logins *logins)
{
	while (logins->pendings)
		logins_remove(logins, logins->pendings);
	while (logins->visits) {
		struct visit *next = logins->visits->next;

		free(logins->visits->cookie);
		free(logins->visits);
		logins->visits = next;
	}
}
