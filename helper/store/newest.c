/* SPDX-License-Identifier: MIT */
/*
 * newest.c - see newest.h. A note that comes too late, because this process
 * ended, makes no grant look older than it is; nor is a grant taken for an older
 * one whose refresh token is the noted one. A note of another machine (the
 * configuration folder is synchronized) says nothing of this machine's keyring.
 */
#include "newest.h"

#include "crypto/crypto.h"
#include "lock.h"
#include "machine.h"

#include <string.h>

#define GENERATION "kept.generation"
#define TOKEN "kept.token"
#define MACHINE "kept.machine"
#define GENERATION_MAX (INT64_MAX / 2) /* nobody has come that far */

/* Nor that far; a note that says so must not use up the numbers of the grants
 * that come after it. */
#define NOTED_MAX (INT64_MAX >> 10)

static int64_t read_generation(const struct record *record, const char *key)
{
	int64_t generation = record_get_int(record, key, 0);

	return generation < 0 || generation > GENERATION_MAX ? 0 : generation;
}

int64_t newest_generation(const struct record *grant)
{
	return read_generation(grant, "generation");
}

int64_t newest_login(const struct record *grant)
{
	return read_generation(grant, "login");
}

static int digest_of_token(const struct record *grant, struct buf *digest)
{
	const char *token = record_get(grant, "refresh_token");

	return token ? crypto_digest(token, digest) : -1;
}

bool newest_has_digest(const struct record *grant, const char *digest)
{
	struct buf own = {0};
	bool same = digest && digest_of_token(grant, &own) == 0 &&
		    strcmp(own.data, digest) == 0;

	buf_free(&own);
	return same;
}

/* 0: nothing is noted. `state` becomes all that the lock's file says. */
static int64_t read_note(const struct client *client, int lock,
			 struct record *state)
{
	struct record made_on = {0};
	int64_t generation = 0;

	if (lock_read(lock, state) &&
	    record_add(&made_on, "machine", record_get(state, MACHINE)) == 0 &&
	    !machine_is_other(client, &made_on))
		generation = record_get_int(state, GENERATION, 0);
	record_free(&made_on);
	return generation < 0 || generation > NOTED_MAX ? 0 : generation;
}

int64_t newest_next(const struct client *client, int lock,
		    const struct record *grant)
{
	struct record state = {0};
	int64_t noted = read_note(client, lock, &state);
	int64_t own = grant ? newest_generation(grant) : 0;

	record_free(&state);
	return (noted > own ? noted : own) + 1;
}

void newest_note(const struct client *client, int lock,
		 const struct record *grant)
{
	int64_t generation = newest_generation(grant);
	struct buf digest = {0}, machine = {0};
	struct record state = {0};
	int64_t noted = read_note(client, lock, &state);
	bool known = noted == generation &&
		     newest_has_digest(grant, record_get(&state, TOKEN));

	if (generation && generation >= noted && !known &&
	    digest_of_token(grant, &digest) == 0 &&
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

bool newest_is_another(const struct client *client, int lock,
		       const struct record *grant)
{
	struct record state = {0};
	bool another =
	    read_note(client, lock, &state) > newest_generation(grant) &&
	    !newest_has_digest(grant, record_get(&state, TOKEN));

	record_free(&state);
	return another;
}
