/* SPDX-License-Identifier: MIT */
/*
 * backoff.c - see backoff.h. One second after the first failure, then twice as
 * long each time, with jitter, up to five minutes; as long as Retry-After says
 * (RFC 9110 10.2.3). Where the provider was not even reached (no network) up to
 * 15 seconds: it may come back at any moment and costs nobody else anything.
 */
#include "backoff.h"
#include "clock.h"
#include "lock.h"
#include "valetkey.h"

#include <string.h>
#include <sys/random.h>

#define FIRST_MS 1000
#define MOST_MS 300000
#define MOST_UNREACHED_MS 15000
#define MOST_RETRY_AFTER_S 3600
#define FAILURES_MAX 20

int backoff_check(int lock, struct problem *problem)
{
	struct record state = {0};
	int64_t now = clock_ms(), left_ms = 0;
	int result = VALETKEY_OK;

	if (lock_read(lock, &state)) {
		int64_t until = record_get_int(&state, "until", 0);

		if (until > now)
			left_ms = until - now;
		/* Longer than ever is no word of ours. */
		if (left_ms > 0 && left_ms <= MOST_RETRY_AFTER_S * 1000)
			result = problem_set(
			    problem,
			    (int)record_get_int(&state, "result",
						VALETKEY_ERR_NETWORK),
			    "%s It is asked again in %lld s.",
			    record_get(&state, "text"),
			    (long long)(left_ms + 999) / 1000);
	}
	record_free(&state);
	return result;
}

static int64_t delay_ms(const struct job *job, int64_t failures)
{
	int64_t most = job->provider_reached ? MOST_MS : MOST_UNREACHED_MS;
	int64_t delay = (int64_t)FIRST_MS << (failures - 1);
	int64_t asked = job->retry_after_s;
	unsigned short dice = 0;

	if (delay > most)
		delay = most;
	getrandom(&dice, sizeof(dice), GRND_NONBLOCK);
	delay = delay / 2 + delay / 2 * dice / 65536;
	if (asked > MOST_RETRY_AFTER_S)
		asked = MOST_RETRY_AFTER_S;
	return delay < asked * 1000 ? asked * 1000 : delay;
}

/* What is no matter of the backoff's (newest.h). */
static int keep_note(const struct record *before, struct record *state)
{
	const char *key, *value;
	size_t at = 0;
	int rc = 0;

	while (!rc && (key = record_each(before, &at, &value)))
		if (strncmp(key, LOCK_KEPT, strlen(LOCK_KEPT)) == 0)
			rc = record_add(state, key, value);
	return rc;
}

static void note_failure(int lock, const struct job *job, int result)
{
	struct record before = {0}, state = {0};
	int64_t failures = 0;

	if (lock_read(lock, &before))
		failures = record_get_int(&before, "failures", 0);
	if (failures < 0)
		failures = 0;
	failures = failures < FAILURES_MAX ? failures + 1 : FAILURES_MAX;
	if (keep_note(&before, &state) == 0 &&
	    record_add_int(&state, "failures", failures) == 0 &&
	    record_add_int(&state, "until",
			   clock_ms() + delay_ms(job, failures)) == 0 &&
	    record_add_int(&state, "result", result) == 0 &&
	    record_add(&state, "text", job->problem.text) == 0)
		lock_write(lock, &state);
	record_free(&before);
	record_free(&state);
}

static void forget_failures(int lock)
{
	struct record before = {0}, state = {0};

	if (lock_read(lock, &before))
		keep_note(&before, &state);
	lock_write(lock, state.pairs.len ? &state : NULL);
	record_free(&before);
	record_free(&state);
}

void backoff_note(int lock, const struct job *job, int result)
{
	if (result == VALETKEY_ERR_NETWORK || result == VALETKEY_ERR_TIMEOUT ||
	    result == VALETKEY_ERR_THROTTLED)
		note_failure(lock, job, result);
	else
		forget_failures(lock);
}
