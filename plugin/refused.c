/* SPDX-License-Identifier: MIT */
/*
 * refused.c - see refused.h. A refusal is put in its place whole, by one store:
 * the child of a fork() may have been born at any moment.
 */
#include "refused.h"

#include "core/clock.h"

#include <stdlib.h>
#include <string.h>

struct refusal {
	uint64_t number; /* how many there had been with it */
	int64_t at;	 /* of clock.h */
	bool again;	 /* the provider has issued it again since */
	bool twice;	 /* and it was refused again */
	bool id_token;	 /* it is one */
	size_t size;
	char *account;
	char token[]; /* and the account */
};

static void refusal_free(struct refusal *refusal)
{
	if (!refusal)
		return;
	explicit_bzero(refusal->token, refusal->size);
	free(refusal);
}

static struct refusal *refusal_new(const char *account, const char *token)
{
	size_t size = strlen(account) + strlen(token) + 2;
	struct refusal *refusal = calloc(1, sizeof(*refusal) + size);

	if (!refusal)
		return NULL;
	refusal->size = size;
	refusal->account = stpcpy(refusal->token, token) + 1;
	strcpy(refusal->account, account);
	return refusal;
}

static struct refusal *find_token(const struct refused *refused,
				  const char *token)
{
	for (size_t i = 0; i < REFUSED_MAX; i++)
		if (refused->last[i] &&
		    strcmp(refused->last[i]->token, token) == 0)
			return refused->last[i];
	return NULL;
}

/* An empty one, else the oldest's. */
static struct refusal **refused_find_place(struct refused *refused)
{
	struct refusal **place = &refused->last[0];

	for (size_t i = 0; i < REFUSED_MAX && *place; i++)
		if (!refused->last[i] ||
		    refused->last[i]->number < (*place)->number)
			place = &refused->last[i];
	return place;
}

static void count_refusal(struct refused *refused, struct refusal *refusal)
{
	refusal->at = clock_ms();
	refusal->number = atomic_load(&refused->count) + 1;
	atomic_store(&refused->count, refusal->number);
}

int refused_add(struct refused *refused, const char *account, const char *token,
		bool id_token)
{
	struct refusal *refusal, *old = NULL, **place;
	int rc = 0;

	futex_lock(&refused->lock, INT64_MAX);
	refusal = find_token(refused, token);
	if (refusal && refusal->again) {
		refusal->again = false;
		refusal->twice = true;
		count_refusal(refused, refusal);
	} else if (!refusal) {
		refusal = refusal_new(account, token);
		place = refused_find_place(refused);
		old = refusal ? *place : NULL;
		rc = refusal ? 0 : -1;
		if (refusal) {
			refusal->id_token = id_token;
			count_refusal(refused, refusal);
			*place = refusal;
		}
	}
	futex_unlock(&refused->lock);
	refusal_free(old);
	return rc;
}

bool refused_allows(struct refused *refused, const char *token, int64_t issued)
{
	const struct refusal *refusal;
	bool allowed;

	if (!atomic_load(&refused->count))
		return true;
	futex_lock(&refused->lock, INT64_MAX);
	refusal = find_token(refused, token);
	allowed = !refusal || (!refusal->twice && issued > refusal->at);
	futex_unlock(&refused->lock);
	return allowed;
}

bool refused_lock_for(struct refused *refused, const char *token,
		      uint64_t began)
{
	struct refusal *refusal;
	bool good;

	futex_lock(&refused->lock, INT64_MAX);
	refusal = find_token(refused, token);
	if (refusal)
		good = refusal->number <= began;
	else
		good = atomic_load(&refused->count) - began <= REFUSED_MAX;
	if (!good)
		futex_unlock(&refused->lock);
	else if (refusal)
		refusal->again = true;
	return good;
}

void refused_unlock(struct refused *refused)
{
	futex_unlock(&refused->lock);
}

int refused_write(struct refused *refused, const char *account, bool id_token,
		  struct record *request)
{
	const struct refusal *latest = NULL;
	int rc = 0;

	if (!atomic_load(&refused->count))
		return 0;
	futex_lock(&refused->lock, INT64_MAX);
	for (size_t i = 0; i < REFUSED_MAX; i++) {
		const struct refusal *one = refused->last[i];

		if (one && one->id_token == id_token &&
		    strcmp(one->account, account) == 0 &&
		    (!latest || one->number > latest->number))
			latest = one;
	}
	if (latest)
		rc = record_add(request, "refused", latest->token) ||
		     record_add(request, "refused_twice",
				latest->twice ? "1" : NULL);
	futex_unlock(&refused->lock);
	return rc;
}

void refused_free(struct refused *refused)
{
	for (size_t i = 0; i < REFUSED_MAX; i++)
		refusal_free(refused->last[i]);
}
