/* SPDX-License-Identifier: MIT */
/*
 * test_park - a new grant is parked and found again, in the kernel's keyring
 * and, where that is forbidden, in a file; by nobody but who has the grant that
 * it replaces.
 */
#include "park.h"
#include "tap.h"

#include "hosts/refuse_keys.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ID "00112233445566778899aabbccddeeff"

static struct client client = {.id = ID};

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
	enum park_state state = park_look(&client, stored, &parked);
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
	test_moved();
	return tap_done();
}
