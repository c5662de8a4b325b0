/* SPDX-License-Identifier: MIT */
/*
 * test_park - a new grant is parked and found again, in the kernel's keyring
 * and, where that is forbidden, in a file; by nobody but who has the grant that
 * it replaces.
 */
#include "park.h"
#include "boot.h"
#include "clock.h"
#include "lock.h"
#include "newest.h"
#include "tap.h"

#include "hosts/refuse_keys.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ID "00112233445566778899aabbccddeeff"

static struct client client = {.id = ID};
static int lock = -1;

static struct record make(const char *refresh_token)
{
	struct record grant = {0};

	if (record_add(&grant, "seal", "a seal of many bits") ||
	    record_add(&grant, "refresh_token", refresh_token))
		abort();
	return grant;
}

static const char *found(const struct record *stored)
{
	static char token[64];
	struct record parked = {0};
	enum park_state state = park_look(&client, lock, stored, &parked);
	const char *refresh = record_get(&parked, "refresh_token");

	strcpy(token, state == PARK_IN_FLIGHT ? "in flight" : "none");
	if (state == PARK_GRANT && refresh && strlen(refresh) < sizeof(token))
		strcpy(token, refresh);
	record_free(&parked);
	return token;
}

static bool in_file(void)
{
	char path[4096];
	struct stat st;

	snprintf(path, sizeof(path), "%s/valetkey/." ID ".parked",
		 getenv("XDG_CONFIG_HOME"));
	return stat(path, &st) == 0 && (st.st_mode & 07777) == 0600;
}

static void test(const char *where)
{
	struct record stored = make("first"), next = make("second"),
		      other = make("other");

	park_clear(&client);
	tap_ok(strcmp(found(&stored), "none") == 0, "%s: nothing yet", where);
	tap_ok(park_reserve(&client, &stored), "%s: room is taken", where);
	tap_ok(strcmp(found(&stored), "in flight") == 0, "%s: and seen", where);
	tap_ok(park_put(&client, &stored, &next), "%s: parked", where);
	tap_ok(strcmp(found(&stored), "second") == 0, "%s: found", where);
	tap_ok(strcmp(found(&other), "none") == 0,
	       "%s: it replaces no other grant", where);
	tap_ok(strcmp(found(&stored), "none") == 0, "%s: and is thrown away",
	       where);
	tap_ok(park_put(&client, &stored, &next), "%s: again", where);
	park_clear(&client);
	tap_ok(strcmp(found(&stored), "none") == 0, "%s: cleared", where);
	record_free(&stored);
	record_free(&next);
	record_free(&other);
}

static struct record issued(const char *refresh_token, int64_t when)
{
	struct record grant = make(refresh_token);
	char boot[BOOT_ID_SIZE];

	if (!boot_id(boot) || record_add(&grant, "boot", boot) ||
	    record_add_int(&grant, "issued_clock", when))
		abort();
	return grant;
}

/* The keyring has gone back by two grants, or more. */
static void test_outdated(void)
{
	int64_t now = clock_ms();
	struct record first = issued("first", now - 4000),
		      second = issued("second", now - 3000),
		      third = issued("third", now - 2000),
		      fourth = issued("fourth", now - 1000);
	struct problem problem = {0};

	if (lock_take(ID, LOCK_GRANT, now + 1000, &lock, &problem))
		abort();
	newest_note(lock, &third);
	park_put(&client, &second, &third);
	tap_ok(strcmp(found(&first), "third") == 0,
	       "outdated: what is parked is the newest one");
	park_put(&client, &third, &fourth);
	tap_ok(strcmp(found(&first), "fourth") == 0,
	       "outdated: what is parked replaces the newest one");
	park_put(&client, &first, &second);
	newest_note(lock, &fourth);
	tap_ok(strcmp(found(&third), "none") == 0,
	       "outdated: what is parked is an older one");
	tap_ok(strcmp(found(&first), "second") == 0,
	       "outdated: it was not thrown away");
	tap_ok(strcmp(found(&fourth), "none") == 0 &&
		   strcmp(found(&first), "none") == 0,
	       "not outdated: it was");
	lock_drop(&lock);
	record_free(&first);
	record_free(&second);
	record_free(&third);
	record_free(&fourth);
}

/* The kernel had room for the reservation, and then no more. */
static void test_moved(void)
{
	struct record stored = make("first"), next = make("second");
	struct buf nothing = {0};

	park_reserve(&client, &stored);
	if (refuse_keys(EPERM) != 0 || buf_str(&nothing, "")) {
		tap_ok(true, "moved # SKIP the kernel takes no filter");
		return;
	}
	tap_ok(park_put(&client, &stored, &next) && in_file(),
	       "no more room in the kernel: it goes to a private file");
	tap_ok(strcmp(found(&stored), "second") == 0, "and is found");
	test("file");
	tap_ok(!in_file(), "no file is left");
	record_free(&stored);
	record_free(&next);
	buf_free(&nothing);
}

int main(void)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/valetkey", getenv("XDG_CONFIG_HOME"));
	mkdir(path, 0700);
	test("key");
	tap_ok(!in_file(), "key: no file was made");
	test_outdated();
	test_moved();
	return tap_done();
}
