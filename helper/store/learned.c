/* SPDX-License-Identifier: MIT */
/*
 * learned.c - see learned.h. A revoked grant looks like one that has died of age.
 * So nothing is learned from an age that an earlier grant has survived, or of less
 * than a day; and what was learned wrongly goes as soon as a grant survives it.
 */
#include "learned.h"

#include "lock.h"

#include <time.h>

#define DAY_S 86400
#define AGE_MAX_S (10LL * 365 * DAY_S) /* more is a clock that was wrong */

/* For each of the two ages: the longest that a grant has survived, and the
 * shortest that one has died of. */
struct age_keys {
	const char *survived;
	const char *died;
};

static const struct age_keys idle_keys = {LOCK_KEPT "idle.survived",
					  LOCK_KEPT "idle.died"};
static const struct age_keys login_keys = {LOCK_KEPT "login.survived",
					   LOCK_KEPT "login.died"};

static int64_t age_since(int64_t then)
{
	int64_t age = then > 0 ? time(NULL) - then : 0;

	return age < DAY_S || age > AGE_MAX_S ? 0 : age;
}

struct learned_age learned_age_of(int64_t answered_at, int64_t login_at)
{
	return (struct learned_age){age_since(answered_at),
				    age_since(login_at)};
}

static int64_t read_age(const struct record *state, const char *key)
{
	int64_t age = record_get_int(state, key, 0);

	return age < DAY_S || age > AGE_MAX_S ? 0 : age;
}

static bool set_age(struct record *state, const char *key, int64_t age)
{
	record_remove(state, key);
	return !age || record_add_int(state, key, age) == 0;
}

/* Not with every refresh: a day more is news. True: the state has changed. */
static bool note_survived(struct record *state, const struct age_keys *keys,
			  int64_t age)
{
	int64_t died = read_age(state, keys->died);
	bool wrong = died && age >= died;

	if (!wrong && age < read_age(state, keys->survived) + DAY_S)
		return false;
	return set_age(state, keys->survived, age) &&
	       (!wrong || set_age(state, keys->died, 0));
}

static bool note_died(struct record *state, const struct age_keys *keys,
		      int64_t age)
{
	int64_t died = read_age(state, keys->died);

	return age > read_age(state, keys->survived) && (!died || age < died) &&
	       set_age(state, keys->died, age);
}

void learned_survived(int lock, const struct learned_age *age)
{
	struct record state = {0};
	bool changed;

	if (age->idle_s || age->login_s) {
		lock_read(lock, &state);
		changed = note_survived(&state, &idle_keys, age->idle_s);
		changed |= note_survived(&state, &login_keys, age->login_s);
		if (changed)
			lock_write(lock, &state);
	}
	record_free(&state);
}

/* The age since the login counts only if being left alone is not the reason. */
void learned_died(int lock, const struct learned_age *age)
{
	struct record state = {0};
	int64_t survived;

	lock_read(lock, &state);
	survived = read_age(&state, idle_keys.survived);
	if (age->idle_s > survived
		? note_died(&state, &idle_keys, age->idle_s)
		: note_died(&state, &login_keys, age->login_s))
		lock_write(lock, &state);
	record_free(&state);
}

void learned_read(const char *id, struct learned_age *limits)
{
	int lock = lock_look(id, LOCK_GRANT);
	struct record state = {0};

	*limits = (struct learned_age){0};
	if (lock >= 0 && lock_read(lock, &state)) {
		limits->idle_s = read_age(&state, idle_keys.died);
		limits->login_s = read_age(&state, login_keys.died);
	}
	record_free(&state);
	lock_drop(&lock);
}
