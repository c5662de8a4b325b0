/* SPDX-License-Identifier: MIT */
/*
 * refused_tokens.c - see refused_tokens.h. An entry of the list is "COUNT TIME ORIGIN", the
 * time being that of the first one that counts, or of the last once it is too
 * many; older ones than a minute mean nothing.
 */
#include "refused_tokens.h"

#include "core/clock.h"
#include "core/origin.h"
#include "grant.h"
#include "store/lock.h"
#include <valetkey.h>

#include <stdlib.h>
#include <string.h>

#define REFUSED "refused[]"
#define SHARED "shared[]" /* when another machine had one refused */
#define SHARED_MAX 2
#define MINUTE_MS 60000
#define TOKENS_MAX 3
#define SERVERS_MAX 8
#define UNKNOWN "-"

struct refusal {
	int64_t count, time;
	const char *origin; /* UNKNOWN: the host did not say */
};

static bool read_refusal(const char *entry, struct refusal *refusal)
{
	int64_t age;
	char *end;

	refusal->count = strtoll(entry, &end, 10);
	refusal->time = strtoll(end, &end, 10);
	if (*end != ' ')
		return false;
	refusal->origin = end + 1;
	age = clock_ms() - refusal->time;
	return age >= 0 && age < MINUTE_MS;
}

static bool is_known(const struct refusal *refusal)
{
	return strcmp(refusal->origin, UNKNOWN) != 0;
}

static void read_origin(const char *resource, char origin[ORIGIN_MAX])
{
	if (!resource || origin_of_resource(resource, origin) != 0)
		strcpy(origin, UNKNOWN);
}

static int write_refusal(struct record *state, const struct refusal *refusal)
{
	struct buf entry = {0};
	int rc = buf_fmt(&entry, "%lld %lld %s", (long long)refusal->count,
			 (long long)refusal->time, refusal->origin) ||
		 record_add(state, REFUSED, entry.data);

	buf_free(&entry);
	return rc;
}

/* Adds what still counts of the other servers, and one more of this one. */
static int refuse_once_more(const struct record *before,
			    struct refusal *refusal, struct record *state)
{
	const char *entry = NULL;
	struct refusal other;
	int rc = 0, servers = 1;

	while (!rc && (entry = record_next(before, REFUSED, entry))) {
		if (!read_refusal(entry, &other))
			continue;
		if (strcmp(other.origin, refusal->origin) == 0) {
			refusal->count += other.count;
			if (refusal->count < TOKENS_MAX)
				refusal->time = other.time;
		} else if (servers++ < SERVERS_MAX) {
			rc = write_refusal(state, &other);
		}
	}
	if (refusal->count > TOKENS_MAX)
		refusal->count = TOKENS_MAX;
	return rc || write_refusal(state, refusal);
}

void refused_tokens_note(int lock, const char *resource,
			 const struct grant *grant)
{
	struct record before = {0}, state = {0};
	char origin[ORIGIN_MAX];
	struct refusal refusal = {1, clock_ms(), origin};

	if (refusal.time - grant_issued_clock(grant) >= MINUTE_MS)
		return;
	read_origin(resource, origin);
	if (lock_read(lock, &before) && record_append(&state, &before) != 0)
		goto out;
	record_remove(&state, REFUSED);
	if (refuse_once_more(&before, &refusal, &state) == 0)
		lock_write(lock, &state);
out:
	record_free(&before);
	record_free(&state);
}

static int fail_refused(const struct refusal *refusal,
			const struct client *client, struct problem *problem)
{
	int64_t left_ms = refusal->time + MINUTE_MS - clock_ms();
	return problem_set(
	    problem, VALETKEY_ERR_DENIED,
	    "%s refused %d new access tokens of account %s within a minute, so "
	    "valetkey asks for no more. Perhaps it wants another scope or "
	    "another account. valetkey will try again in %lld s, or after: "
	    "valetkey login %s",
	    is_known(refusal) ? refusal->origin : "The server", TOKENS_MAX,
	    client->account, (long long)(left_ms + 999) / 1000,
	    client->account);
}

int refused_tokens_check(int lock, const char *resource,
			 const struct client *client, struct problem *problem)
{
	struct record state = {0};
	char origin[ORIGIN_MAX];
	const char *entry = NULL;
	struct refusal refusal;
	int rc = VALETKEY_OK;

	read_origin(resource, origin);
	lock_read(lock, &state);
	while (!rc && (entry = record_next(&state, REFUSED, entry)))
		if (read_refusal(entry, &refusal) &&
		    refusal.count >= TOKENS_MAX &&
		    (!is_known(&refusal) ||
		     strcmp(refusal.origin, origin) == 0))
			rc = fail_refused(&refusal, client, problem);
	record_free(&state);
	return rc;
}

void refused_tokens_forget(int lock)
{
	struct record state = {0};

	if (lock_read(lock, &state) && record_get(&state, REFUSED)) {
		record_remove(&state, REFUSED);
		lock_write(lock, &state);
	}
	record_free(&state);
}

/* ---- of other machines ---- */

/* Keeps those of the last minute: how many they are, and when the first of them was.
 */
static int keep_shared(const struct record *before, struct record *state,
		       unsigned *count, int64_t *first)
{
	const char *entry = NULL;
	int rc = record_append(state, before);

	*count = 0;
	record_remove(state, SHARED);
	while (!rc && (entry = record_next(before, SHARED, entry))) {
		int64_t at = strtoll(entry, NULL, 10);
		int64_t age = clock_ms() - at;

		if (age < 0 || age >= MINUTE_MS || *count == SHARED_MAX)
			continue;
		if (!(*count)++)
			*first = at;
		rc = record_add_int(state, SHARED, at);
	}
	return rc;
}

int refused_tokens_shared(int lock, const struct client *client,
			  struct problem *problem)
{
	struct record before = {0}, state = {0};
	int64_t first = 0, left_ms;
	unsigned count;
	int rc = VALETKEY_OK;

	lock_read(lock, &before);
	if (keep_shared(&before, &state, &count, &first) ||
	    record_add_int(&state, SHARED, clock_ms())) {
		rc = problem_no_memory(problem);
	} else if (count == SHARED_MAX) {
		left_ms = first + MINUTE_MS - clock_ms();
		rc = problem_set(
		    problem, VALETKEY_ERR_THROTTLED,
		    "Other machines had %d tokens of account %s refused "
		    "within a minute, and have no more for %lld s.",
		    SHARED_MAX, client->account,
		    (long long)(left_ms + 999) / 1000);
	} else {
		lock_write(lock, &state);
	}
	record_free(&before);
	record_free(&state);
	return rc;
}
