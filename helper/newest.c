/* SPDX-License-Identifier: MIT */
/*
 * newest.c - see newest.h. A note that comes too late, because this process
 * ended, makes no grant look older than it is; a grant without the boot that it
 * was issued in (the kernel did not tell) is never taken for an older one, nor
 * is one whose refresh token is the noted one: its digest, no secret, is there.
 * A note from the future is not ours: no login would ever get past it.
 */
#include "newest.h"
#include "boot.h"
#include "clock.h"
#include "lock.h"
#include "seal.h"

#include <string.h>

#define ISSUED "newest"
#define TOKEN "newest_token"

int newest_keep(const struct record *before, struct record *state)
{
	return record_add(state, ISSUED, record_get(before, ISSUED)) ||
	       record_add(state, TOKEN, record_get(before, TOKEN));
}

static int digest_of(const struct record *grant, struct buf *digest)
{
	const char *token = record_get(grant, "refresh_token");

	return token && seal_prepare() == 0 ? seal_digest(token, digest) : -1;
}

static int note(const struct record *grant, struct record *state)
{
	struct buf digest = {0};
	int rc = digest_of(grant, &digest) ||
		 record_add(state, ISSUED, record_get(grant, "issued_clock")) ||
		 record_add(state, TOKEN, digest.data);

	buf_free(&digest);
	return rc;
}

void newest_note(int lock, const struct record *grant)
{
	struct record state = {0};
	bool known = boot_is(record_get(grant, "boot"));

	if (!record_get(grant, "refresh_token") ||
	    newest_is_another(lock, grant))
		return;
	lock_read(lock, &state);
	record_remove(&state, "boot");
	record_remove(&state, ISSUED);
	record_remove(&state, TOKEN);
	if (!known || note(grant, &state) == 0)
		lock_write(lock, &state);
	record_free(&state);
}

static bool is_noted(const struct record *state, const struct record *grant)
{
	const char *noted = record_get(state, TOKEN);
	struct buf digest = {0};
	bool same = digest_of(grant, &digest) == 0 && noted &&
		    strcmp(noted, digest.data) == 0;

	buf_free(&digest);
	return same;
}

bool newest_other(int lock, const struct record *grant, struct buf *digest)
{
	const char *boot = record_get(grant, "boot"), *token;
	int64_t issued = record_get_int(grant, "issued_clock", 0), noted = -1;
	struct record state = {0};
	bool another;

	if (boot && *boot && lock_read(lock, &state))
		noted = record_get_int(&state, ISSUED, -1);
	another = noted >= 0 && noted <= clock_ms() &&
		  (!boot_is(boot) || issued < noted) &&
		  !is_noted(&state, grant);
	token = another ? record_get(&state, TOKEN) : NULL;
	if (token)
		buf_str(digest, token);
	record_free(&state);
	return another;
}

bool newest_is_another(int lock, const struct record *grant)
{
	struct buf digest = {0};
	bool another = newest_other(lock, grant, &digest);

	buf_free(&digest);
	return another;
}
