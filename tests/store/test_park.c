/* SPDX-License-Identifier: MIT */
/*
 * test_park - what is parked is found again, in the kernel's keyring and, where
 * that is forbidden or too small, in a file; by nobody but who has the key that
 * it was sealed with.
 */
#include "core/kernel.h"
#include "store/park.h"
#include "lib/tap.h"

#include "hosts/refuse_keys.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define ID "00112233445566778899aabbccddeeff"
#define BIG 100000

static struct park_place place = {
    .id = ID, .slot = PARK_REFRESH, .seal = "a seal of many bits"};
static struct park_place other = {
    .id = ID, .slot = PARK_REFRESH, .seal = "another one"};
static struct park_place login = {
    .id = ID, .slot = PARK_LOGIN, .seal = "a seal of many bits"};

static const char *found(const struct park_place *at)
{
	static char text[64];
	struct buf plain = {0};
	enum park_state state = park_read(at, &plain);

	strcpy(text, state == PARK_IN_FLIGHT ? "in flight"
		     : state == PARK_FOREIGN ? "foreign"
					     : "none");
	if (state == PARK_SEALED)
		snprintf(text, sizeof(text), "%s", buf_text(&plain));
	buf_free(&plain);
	return text;
}

static bool parks(struct park_place *at, const char *text)
{
	struct buf plain = {0}, sealed = {0};
	bool parked =
	    buf_str(&plain, text) == 0 && park_put(at, &plain, &sealed);

	buf_free(&plain);
	buf_free(&sealed);
	return parked;
}

static bool in_file(const char *slot)
{
	char path[4096];
	struct stat st;

	snprintf(path, sizeof(path), "%s/valetkey/." ID ".%s",
		 getenv("XDG_CONFIG_HOME"), slot);
	return stat(path, &st) == 0 && (st.st_mode & 07777) == 0600;
}

static void test(const char *where)
{
	park_forget(ID);
	tap_ok(strcmp(found(&place), "none") == 0, "%s: nothing yet", where);
	tap_ok(park_reserve(&place, 2000), "%s: room is taken", where);
	tap_ok(strcmp(found(&place), "in flight") == 0, "%s: and seen", where);
	tap_ok(parks(&place, "second"), "%s: parked", where);
	tap_ok(strcmp(found(&place), "second") == 0, "%s: found", where);
	tap_ok(strcmp(found(&other), "foreign") == 0,
	       "%s: nobody else can read it", where);
	tap_ok(strcmp(found(&login), "none") == 0,
	       "%s: a login's place is another one", where);
	tap_ok(parks(&login, "third") && strcmp(found(&login), "third") == 0 &&
		   strcmp(found(&place), "second") == 0,
	       "%s: both at once", where);
	park_forget(ID);
	tap_ok(strcmp(found(&place), "none") == 0 &&
		   strcmp(found(&login), "none") == 0,
	       "%s: cleared", where);
}

/* The kernel takes no more than 32,767 bytes in a key. */
static void test_big(void)
{
	struct buf plain = {0}, sealed = {0}, again = {0};

	while (plain.len < BIG)
		if (buf_str(&plain, "0123456789"))
			abort();
	tap_ok(park_reserve(&place, BIG), "big: room is taken");
	tap_ok(park_put(&place, &plain, &sealed) && in_file("parked"),
	       "big: it is in the file");
	tap_ok(park_read(&place, &again) == PARK_SEALED && again.len == BIG,
	       "big: it is read back whole");
	tap_ok(keyctl_find("valetkey-parked:" ID) < 0,
	       "big: the key does not stand in its way");
	park_forget(ID);
	buf_free(&plain);
	buf_free(&sealed);
	buf_free(&again);
}

static void test_stored(void)
{
	park_reserve(&place, 100);
	parks(&place, "kept");
	park_keep(&place);
	tap_ok(in_file("parked"), "kept: in the file as well");
	park_stored(&place, 100);
	tap_ok(!in_file("parked") && strcmp(found(&place), "kept") == 0,
	       "stored: the key stays for a while, the file goes");
	park_forget(ID);
}

/* The kernel had room for the reservation, and then no more. */
static void test_moved(void)
{
	struct buf nothing = {0};

	park_reserve(&place, 2000);
	if (refuse_keys(EPERM) != 0 || buf_str(&nothing, "")) {
		tap_ok(true, "moved # SKIP the kernel takes no filter");
		return;
	}
	tap_ok(parks(&place, "second") && in_file("parked"),
	       "no more room in the kernel: it goes to a private file");
	tap_ok(strcmp(found(&place), "second") == 0, "and is found");
	test("file");
	tap_ok(!in_file("parked") && !in_file("parked-login"),
	       "no file is left");
	buf_free(&nothing);
}

static int run_tests(void)
{
	test("key");
	tap_ok(!in_file("parked"), "key: no file was made");
	test_big();
	test_stored();
	test_moved();
	park_release(&place);
	park_release(&login);
	return tap_done();
}

/* In a child: who has barred himself from the kernel's keyring leaves there what
 * he has. */
int main(void)
{
	char path[4096];
	int status = 1;
	pid_t child;

	snprintf(path, sizeof(path), "%s/valetkey", getenv("XDG_CONFIG_HOME"));
	mkdir(path, 0700);
	fflush(stdout);
	child = fork();
	if (!child)
		return run_tests();
	waitpid(child, &status, 0);
	park_forget(ID);
	return status ? 1 : 0;
}
