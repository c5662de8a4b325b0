/* SPDX-License-Identifier: MIT */
/*
 * account_state.c - see account_state.h. A note that comes too late, because this
 * process ended, makes no grant look older than it is; nor is a grant taken for an
 * older one whose refresh token is the noted one. A note of another machine (the
 * configuration folder is synchronized) says nothing of this machine's keyring.
 *
 * The record in the lock's file is changed in place, because it holds more than
 * what is here: the list of refused_tokens.c, and what other versions keep there.
 */
#include "account_state.h"

#include "core/clock.h"
#include "crypto/crypto.h"
#include "lock.h"
#include "machine.h"
#include <valetkey.h>

#include <string.h>
#include <sys/random.h>
#include <time.h>

/* ---- the keys ---- */

/* The newest grant that was stored or parked: its generation, its refresh token's
 * digest, and on which machine (machine_mark()). */
#define GENERATION LOCK_KEPT "generation"
#define TOKEN LOCK_KEPT "token"
#define MACHINE LOCK_KEPT "machine"

/* How often in a row the provider failed, how the last time, and until when (of
 * clock.h) it is not asked again. */
#define FAILURES "failures"
#define FAILURE_RESULT "result"
#define FAILURE_TEXT "text"
#define UNTIL "until"

/* What the provider refused last, and when (Unix seconds). */
#define REFUSAL_RESULT LOCK_KEPT "refusal.result"
#define REFUSAL_TEXT LOCK_KEPT "refusal.text"
#define REFUSAL_AT LOCK_KEPT "refusal.at"

/* The end of a login that a person was told of last. */
#define NOTICE LOCK_KEPT "notice"

/* ---- generations ---- */

#define GENERATION_MAX (INT64_MAX / 2) /* nobody has come that far */

/* Nor that far; a note that says so must not use up the numbers of the grants
 * that come after it. */
#define NOTED_MAX (INT64_MAX >> 10)

int64_t generation_checked(int64_t generation)
{
	return generation < 0 || generation > GENERATION_MAX ? 0 : generation;
}

int64_t generation_of(const struct record *about)
{
	return generation_checked(record_get_int(about, "generation", 0));
}

int64_t generation_of_login(const struct record *about)
{
	return generation_checked(record_get_int(about, "login", 0));
}

bool generation_has_digest(const char *refresh_token, const char *digest)
{
	struct buf own = {0};
	bool same = refresh_token && digest &&
		    crypto_digest(refresh_token, &own) == 0 &&
		    strcmp(own.data, digest) == 0;

	buf_free(&own);
	return same;
}

/* 0: nothing is noted. `state` becomes all that the lock's file says. */
static int64_t read_note(const struct client *client, int lock,
			 struct record *state)
{
	int64_t generation = 0;

	if (lock_read(lock, state) &&
	    !machine_is_other(client, record_get(state, MACHINE)))
		generation = record_get_int(state, GENERATION, 0);
	return generation < 0 || generation > NOTED_MAX ? 0 : generation;
}

int64_t generation_next(const struct client *client, int lock,
			int64_t generation)
{
	struct record state = {0};
	int64_t noted = read_note(client, lock, &state);

	record_free(&state);
	return (noted > generation ? noted : generation) + 1;
}

void generation_note(const struct client *client, int lock, int64_t generation,
		     const char *refresh_token)
{
	struct buf digest = {0}, machine = {0};
	struct record state = {0};
	int64_t noted = read_note(client, lock, &state);
	bool known =
	    noted == generation &&
	    generation_has_digest(refresh_token, record_get(&state, TOKEN));

	if (generation && refresh_token && generation >= noted && !known &&
	    crypto_digest(refresh_token, &digest) == 0 &&
	    machine_mark(client, &machine) == 0) {
		record_remove(&state, GENERATION);
		if (record_add_int(&state, GENERATION, generation) == 0 &&
		    record_set(&state, TOKEN, digest.data) == 0 &&
		    record_set(&state, MACHINE, buf_text(&machine)) == 0)
			lock_write(lock, &state);
	}
	record_free(&state);
	buf_free(&digest);
	buf_free(&machine);
}

bool generation_is_another(const struct client *client, int lock,
			   int64_t generation, const char *refresh_token)
{
	struct record state = {0};
	bool another =
	    read_note(client, lock, &state) > generation &&
	    !generation_has_digest(refresh_token, record_get(&state, TOKEN));

	record_free(&state);
	return another;
}

/* ---- a provider that fails is asked less often ---- */

/* One second after the first failure, then twice as long each time, with
 * jitter, up to five minutes; as long as Retry-After says (RFC 9110 10.2.3).
 * If the provider was not even reached (no network) up to 15 seconds: it may come
 * back at any moment, and asking costs nobody else anything. */

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
		int64_t until = record_get_int(&state, UNTIL, 0);

		if (until > now)
			left_ms = until - now;
		/* We never wait longer: that is not from us. */
		if (left_ms > 0 && left_ms <= MOST_RETRY_AFTER_S * 1000)
			result = problem_set(
			    problem,
			    (int)record_get_int(&state, FAILURE_RESULT,
						VALETKEY_ERR_NETWORK),
			    "%s valetkey will ask again in %lld s.",
			    record_get(&state, FAILURE_TEXT),
			    (long long)(left_ms + 999) / 1000);
	}
	record_free(&state);
	return result;
}

static int64_t delay_ms(const struct backoff_try *this_time, int64_t failures)
{
	int64_t most = this_time->reached ? MOST_MS : MOST_UNREACHED_MS;
	int64_t delay = (int64_t)FIRST_MS << (failures - 1);
	int64_t asked = this_time->retry_after_s;
	unsigned short dice;

	if (delay > most)
		delay = most;
	if (getrandom(&dice, sizeof(dice), GRND_NONBLOCK) != sizeof(dice))
		dice = 0;
	delay = delay / 2 + delay / 2 * dice / 65536;
	if (asked > MOST_RETRY_AFTER_S)
		asked = MOST_RETRY_AFTER_S;
	return delay < asked * 1000 ? asked * 1000 : delay;
}

static void remove_failures(struct record *state)
{
	record_remove(state, FAILURES);
	record_remove(state, UNTIL);
	record_remove(state, FAILURE_RESULT);
	record_remove(state, FAILURE_TEXT);
}

static void note_failure(int lock, const struct backoff_try *this_time)
{
	struct record state = {0};
	int64_t failures = 0;

	if (lock_read(lock, &state))
		failures = record_get_int(&state, FAILURES, 0);
	if (failures < 0)
		failures = 0;
	failures = failures < FAILURES_MAX ? failures + 1 : FAILURES_MAX;
	remove_failures(&state);
	if (record_add_int(&state, FAILURES, failures) == 0 &&
	    record_add_int(&state, UNTIL,
			   clock_ms() + delay_ms(this_time, failures)) == 0 &&
	    record_add_int(&state, FAILURE_RESULT, this_time->result) == 0 &&
	    record_add(&state, FAILURE_TEXT, this_time->text) == 0)
		lock_write(lock, &state);
	record_free(&state);
}

static int add_refusal(const struct backoff_try *this_time,
		       struct record *state)
{
	return record_add_int(state, REFUSAL_AT, time(NULL)) ||
	       record_add_int(state, REFUSAL_RESULT, this_time->result) ||
	       record_add(state, REFUSAL_TEXT, this_time->text);
}

/* The provider has answered: with a token, or with what it does not do. */
static void note_answer(int lock, const struct backoff_try *this_time)
{
	bool refused = this_time->result == VALETKEY_ERR_DENIED ||
		       this_time->result == VALETKEY_ERR_SCOPE;
	struct record state = {0};
	int rc = 0;

	lock_read(lock, &state);
	remove_failures(&state);
	record_remove(&state, REFUSAL_AT);
	record_remove(&state, REFUSAL_RESULT);
	record_remove(&state, REFUSAL_TEXT);
	if (refused)
		rc = add_refusal(this_time, &state);
	if (!rc)
		lock_write(lock, state.pairs.len ? &state : NULL);
	record_free(&state);
}

bool backoff_refused(const char *id, struct backoff_refusal *refusal)
{
	int lock = lock_look(id, LOCK_GRANT);
	struct record state = {0};
	const char *text = NULL;

	*refusal = (struct backoff_refusal){0};
	if (lock >= 0 && lock_read(lock, &state))
		text = record_get(&state, REFUSAL_TEXT);
	if (text) {
		strncat(refusal->text, text, sizeof(refusal->text) - 1);
		refusal->at = record_get_int(&state, REFUSAL_AT, 0);
		refusal->result = (int)record_get_int(&state, REFUSAL_RESULT,
						      VALETKEY_ERR_DENIED);
	}
	record_free(&state);
	lock_drop(&lock);
	return text != NULL;
}

void backoff_note(int lock, const struct backoff_try *this_time)
{
	int result = this_time->result;

	if (result == VALETKEY_ERR_NETWORK || result == VALETKEY_ERR_TIMEOUT ||
	    result == VALETKEY_ERR_THROTTLED)
		note_failure(lock, this_time);
	else
		note_answer(lock, this_time);
}

/* ---- what a person was told ---- */

bool notice_was_given(const char *id, const char *event)
{
	int lock = lock_look(id, LOCK_GRANT);
	struct record state = {0};
	bool given = lock >= 0 && lock_read(lock, &state) &&
		     record_is(&state, NOTICE, event);

	record_free(&state);
	lock_drop(&lock);
	return given;
}

void notice_given(int lock, const char *event)
{
	struct record state = {0};

	lock_read(lock, &state);
	if (record_set(&state, NOTICE, event) == 0)
		lock_write(lock, &state);
	record_free(&state);
}
