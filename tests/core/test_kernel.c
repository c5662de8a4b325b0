/* SPDX-License-Identifier: MIT */
/*
 * test_kernel.c - the kernel gives a user 20,000 bytes of keys, for all programs
 * together: what we cache there leaves room for the others', and what is parked
 * never gives way. Root has a thousand times as much, so it becomes a user whom
 * nobody else is; other users' tests that run meanwhile have keys of their own.
 */
#include "core/kernel.h"
#include "lib/own_quota.h"
#include "lib/tap.h"

#include <linux/keyctl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define ACCOUNTS 12
#define TOKEN 2000
#define PARKED 3000
#define OTHERS 4500
#define UID_FIRST 1500000000

static void name_of(const char *kind, int number, char name[64])
{
	snprintf(name, 64, "%s:%032d", kind, number);
}

/* An own payload looks like a published token's: the first published is the first. */
static bool put(const char *kind, int number, size_t size)
{
	struct buf payload = {0};
	char name[64];
	bool good;

	name_of(kind, number, name);
	good =
	    buf_fmt(&payload, "published=%d\naccess_token=", number + 1) == 0;
	while (good && payload.len + 1 < size)
		good = buf_char(&payload, 'x') == 0;
	good = good && buf_char(&payload, '\n') == 0 &&
	       keyctl_put(name, &payload, 300);
	buf_free(&payload);
	return good;
}

static bool is_there(const char *kind, int number)
{
	char name[64];

	name_of(kind, number, name);
	return keyctl_find(name) >= 0;
}

static int count(const char *kind)
{
	int found = 0;

	for (int i = 0; i < ACCOUNTS; i++)
		found += is_there(kind, i);
	return found;
}

static long others_key(const char *name, size_t size)
{
	static char payload[OTHERS];

	return syscall(SYS_add_key, "user", name, payload, size,
		       KEY_SPEC_USER_KEYRING);
}

static void clean_up(void)
{
	static const char *const kinds[] = {"valetkey", "valetkey-parked"};
	char name[64];

	for (size_t kind = 0; kind < 2; kind++)
		for (int i = 0; i < ACCOUNTS; i++) {
			name_of(kinds[kind], i, name);
			keyctl_discard(name);
		}
	keyctl_discard("others-after");
}

/* A usual quota of which next to nothing is used; else somebody else is at it. */
static bool alone(void)
{
	bool usual = others_key("others-before", 1) >= 0 &&
		     keyctl_quota_leaves_room(14000) &&
		     !keyctl_quota_leaves_room(15001);

	keyctl_discard("others-before");
	return usual;
}

static void test_caches(void)
{
	int published = 0;

	for (int i = 0; i < ACCOUNTS; i++)
		published += put("valetkey", i, TOKEN);
	tap_ok(published == ACCOUNTS, "twelve accounts: each is published");
	tap_ok(is_there("valetkey", ACCOUNTS - 1) && !is_there("valetkey", 0),
	       "the first ones gave way");
	tap_ok(count("valetkey") >= 5, "as many stay as there is room for");
	tap_ok(others_key("others-after", OTHERS) >= 0,
	       "and another program has room for its key");
	for (int i = 0; i < ACCOUNTS; i++)
		put("valetkey", i, TOKEN);
	tap_ok(count("valetkey") > 0, "beside it there is room for some");
	keyctl_discard("others-after");
	tap_ok(others_key("others-after", OTHERS) >= 0,
	       "and for the other one to come back");
	clean_up();
}

static void test_parked(void)
{
	for (int i = 0; i < 4; i++)
		put("valetkey-parked", i, PARKED);
	tap_ok(count("valetkey-parked") == 4, "four are parked");
	for (int i = 0; i < ACCOUNTS; i++)
		put("valetkey", i, TOKEN);
	tap_ok(count("valetkey-parked") == 4,
	       "what is parked does not give way");
	tap_ok(put("valetkey-parked", 4, PARKED) &&
		   put("valetkey-parked", 5, PARKED),
	       "and has the room that others may have as well");
	clean_up();
}

int main(void)
{
	if (!own_quota(UID_FIRST))
		return 0;
	if (!alone()) {
		puts("1..0 # SKIP others use this user's quota");
		return 0;
	}
	test_caches();
	test_parked();
	return tap_done();
}
