/* SPDX-License-Identifier: MIT */
/*
 * test_segment.c - a hundred accounts' tokens are more than the quota of kernel keys
 * has room for: the others are in segments. Those leave room to other programs, give
 * nothing that the account's key does not lead to, and stay no longer than it. Root
 * becomes a user whom nobody else is, as in test_kernel.c.
 */
#include "core/clock.h"
#include "core/kernel.h"
#include "core/segment.h"
#include "lib/own_quota.h"
#include "lib/tap.h"

#include <linux/keyctl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ACCOUNTS 100
#define UID_FIRST 1600000000
#define OTHERS 4900
#define GENERATIONS 300
#define LIFE_MS (3600 * 1000LL)

static void account_of(int number, struct record *account)
{
	char id[40];

	snprintf(id, sizeof(id), "%032d", number);
	*account = (struct record){0};
	record_add(account, "id", id);
	record_add(account, "hosts[]", "https://a.example");
}

/* A token that tells of which account and generation it is, of `size` bytes. */
static void token_text(int number, int generation, size_t size, char *text)
{
	int len = sprintf(text, "%d.%d.", number, generation);

	memset(text + len, 'x', size - (size_t)len);
	text[size] = '\0';
}

static int64_t issued_ago_ms; /* the tokens that are published */

static void publish_for(int number, int generation, size_t size, int64_t life)
{
	static char text[8192];
	struct record account, token = {0};

	account_of(number, &account);
	token_text(number, generation, size, text);
	record_add(&token, "access_token", text);
	record_add_int(&token, "issued", clock_ms() - issued_ago_ms);
	record_add_int(&token, "good_until", clock_ms() + life);
	kernel_publish(&account, &token);
	record_free(&token);
	record_free(&account);
}

static void publish(int number, int generation, size_t size)
{
	publish_for(number, generation, size, LIFE_MS);
}

/* The generation that is published, whole; -1: none; -2: something else. */
static int published(int number, size_t size)
{
	static char text[8192];
	struct record account, token = {0};
	int generation = -1;

	account_of(number, &account);
	if (kernel_read(&account, &token)) {
		const char *got = record_get(&token, "access_token");
		const char *dot = strchr(got, '.');

		generation = dot ? (int)strtol(dot + 1, NULL, 10) : -2;
		token_text(number, generation, size, text);
		if (strcmp(got, text) != 0)
			generation = -2;
	}
	record_free(&token);
	record_free(&account);
	return generation;
}

static void withdraw(int number, const char *token)
{
	struct record account;

	account_of(number, &account);
	kernel_withdraw(&account, token);
	record_free(&account);
}

static int count_published(int generation, size_t size)
{
	int found = 0;

	for (int i = 0; i < ACCOUNTS; i++)
		found += published(i, size) == generation;
	return found;
}

/* Whether the account's key leads to a segment: 0 or 1. */
static int in_segment(int number)
{
	struct buf payload = {0};
	char name[64];
	int leads;

	snprintf(name, sizeof(name), KEYCTL_CACHE "%032d", number);
	leads = keyctl_read(keyctl_find(name), &payload) &&
		buf_char(&payload, '\0') == 0 &&
		strstr(payload.data, "segment=") != NULL;
	buf_free(&payload);
	return leads;
}

/* This user's segments. */
static int count_segments(void)
{
	struct shm_info info;
	int last = shmctl(0, SHM_INFO, (struct shmid_ds *)&info), found = 0;

	for (int i = 0; i <= last; i++) {
		struct shmid_ds about;

		found += shmctl(i, SHM_STAT, &about) >= 0 &&
			 about.shm_perm.cuid == geteuid();
	}
	return found;
}

static bool others_fit(void)
{
	static char payload[OTHERS];

	return syscall(SYS_add_key, "user", "others", payload, sizeof(payload),
		       KEY_SPEC_USER_KEYRING) >= 0;
}

static void clean_up(void)
{
	for (int i = 0; i < ACCOUNTS; i++)
		withdraw(i, NULL);
	keyctl_discard("others");
	keyctl_discard("valetkey-crowded");
}

static void test_hundred(size_t size)
{
	/* Keys that were discarded count until the kernel has collected them. */
	for (int turn = 0; turn < 50; turn++) {
		for (int i = 0; i < ACCOUNTS; i++)
			if (published(i, size) < 0)
				publish(i, 1, size);
		if (count_published(1, size) == ACCOUNTS)
			break;
		usleep(20000);
	}
	tap_ok(count_published(1, size) == ACCOUNTS,
	       "%zu bytes: a hundred accounts have their tokens in the kernel",
	       size);
	tap_ok(count_segments() > ACCOUNTS / 2, "most of them in segments");
	tap_ok(keyctl_quota_leaves_room(0) && others_fit(),
	       "and a quarter of the quota is others'");
	tap_ok(!kernel_is_crowded(), "nobody is crowded out");
	for (int i = 0; i < ACCOUNTS; i++)
		publish(i, 2, size);
	tap_ok(count_published(1, size) == 0, "new tokens replace them all");
	tap_ok(count_segments() <= ACCOUNTS, "and the segments of the old");
	clean_up();
	tap_ok(count_segments() == 0, "what is withdrawn leaves no segment");
}

/* Fills the quota, so that what is published has a segment. */
static void fill(void)
{
	for (int i = 1; i < 20; i++)
		publish(i, 1, 2000);
}

static void test_withdrawn(void)
{
	char text[2001];

	fill();
	publish(0, 1, 2000);
	tap_ok(published(0, 2000) == 1, "a token in a segment");
	token_text(0, 2, 2000, text);
	withdraw(0, text);
	tap_ok(published(0, 2000) == 1, "stays if another is withdrawn");
	token_text(0, 1, 2000, text);
	withdraw(0, text);
	tap_ok(published(0, 2000) == -1, "and goes if it is that one");
	clean_up();
}

static void test_expired(void)
{
	int before = 0;

	/* Of discarded keys the quota is given back later, and then there is room. */
	for (int turn = 0; turn < 50 && !in_segment(0); turn++) {
		withdraw(0, NULL);
		fill();
		before = count_segments();
		publish_for(0, 1, 2000, 2000);
	}
	tap_ok(published(0, 2000) == 1 && count_segments() == before + 1,
	       "a token in a segment that is good for two seconds");
	sleep(2);
	tap_ok(published(0, 2000) == -1, "is not given longer");
	withdraw(0, NULL);
	tap_ok(count_segments() == before,
	       "its segment goes with the account, though the key has gone");
	publish_for(0, 1, 2000, 2000);
	sleep(2);
	publish(0, 2, 2000);
	tap_ok(published(0, 2000) == 2 &&
		   count_segments() == before + in_segment(0),
	       "or with the next token");
	clean_up();
}

/* The address of a segment whose one key-to-be is "owner". */
static int make_segment(struct buf *address)
{
	struct buf payload = {0};
	int rc = buf_str(&payload, "payload") ||
		 segment_make("1/owner", &payload, address);

	buf_free(&payload);
	return rc;
}

static bool reads(const char *address)
{
	struct buf payload = {0};
	bool good = segment_read(address, &payload);

	good = good && strcmp(payload.data, "payload") == 0;
	buf_free(&payload);
	return good;
}

static bool leads_nowhere(const char *owner, const char *address)
{
	(void)owner, (void)address;
	return false;
}

static bool leads(const char *owner, const char *address)
{
	return strcmp(owner, "1/owner") == 0 && reads(address);
}

static void set_mode(int id, unsigned short mode)
{
	struct shmid_ds about;

	shmctl(id, IPC_STAT, &about);
	about.shm_perm.mode = mode;
	shmctl(id, IPC_SET, &about);
}

static void test_addresses(void)
{
	static const char *const bad[] = {"",
					  ".",
					  "1",
					  "1.",
					  "x.1",
					  "ffffffff.0000000000000001",
					  "-1.0000000000000001"};
	struct buf address = {0};
	struct shmid_ds about;
	char *at;
	int id;

	if (!tap_ok(make_segment(&address) == 0 && reads(address.data),
		    "what is in a segment is read by its address") ||
	    !address.data)
		return;
	id = (int)strtol(buf_text(&address), NULL, 16);
	shmctl(id, IPC_STAT, &about);
	tap_ok((about.shm_perm.mode & 07777) == (SHM_LOCKED | 0600),
	       "it is never swapped, and of this user alone");
	address.data[address.len - 1] ^= 1;
	tap_ok(!reads(address.data), "another word does not lead to it");
	address.data[address.len - 1] ^= 1;
	set_mode(id, 0644);
	tap_ok(!reads(address.data), "others could read it: it does not count");
	set_mode(id, 0600);
	at = shmat(id, NULL, 0);
	*at ^= 1;
	tap_ok(!reads(address.data), "nor does what we have not made");
	*at ^= 1;
	memset(at + 20, 0xff, 4);
	tap_ok(!reads(address.data), "nor a length that it does not have");
	shmdt(at);
	shmctl(id, IPC_RMID, NULL);
	tap_ok(!reads(address.data), "once removed it is gone");
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		tap_ok(!reads(bad[i]), "\"%s\" is no address", bad[i]);
	buf_free(&address);
}

static void test_sweep(void)
{
	struct buf address = {0};

	if (make_segment(&address) != 0)
		return;
	segment_sweep(NULL, leads_nowhere);
	tap_ok(reads(address.data), "a young one may have no key yet");
	segment_sweep("1/other", leads_nowhere);
	tap_ok(reads(address.data), "whichever other owner is at work");
	segment_sweep("1/owner", leads);
	tap_ok(reads(address.data), "one to which its owner leads stays");
	segment_sweep("1/owner", leads_nowhere);
	tap_ok(!reads(address.data) && count_segments() == 0,
	       "else its owner has it freed");
	buf_free(&address);
}

/* A writer replaces the token again and again; nobody sees an older one after a
 * newer one, or half of one. */
static void test_race(void)
{
	int seen = 0, wrong = 0, hits = 0, status = 0;
	pid_t writer;

	fill();
	publish(0, 1, 2000);
	writer = fork();
	if (writer == 0) {
		for (int i = 2; i <= GENERATIONS; i++)
			publish(0, i, 2000);
		_exit(0);
	}
	while (waitpid(writer, &status, WNOHANG) == 0) {
		int now = published(0, 2000);

		wrong += now == -2 || (now >= 0 && now < seen);
		hits += now >= 0;
		seen = now > seen ? now : seen;
	}
	tap_ok(wrong == 0 && hits > 0, "no torn token, and no older one");
	tap_ok(published(0, 2000) == GENERATIONS, "the last one is there");
	clean_up();
	tap_ok(count_segments() == 0, "and nothing of the others");
}

/* As a host may have set it: no page may be locked. */
static void test_unlocked(void)
{
	const struct rlimit none = {0, 0};

	setrlimit(RLIMIT_MEMLOCK, &none);
	for (int i = 0; i < 20; i++)
		publish(i, 1, 2000);
	tap_ok(count_segments() == 0, "memory that may be swapped is not used");
	tap_ok(published(19, 2000) == 1 && published(0, 2000) == -1,
	       "the oldest tokens give way");
	usleep(5000); /* later by the clock of the kernel's tokens */
	issued_ago_ms = 1000;
	publish(0, 1, 2000);
	issued_ago_ms = 0;
	for (int i = 20; i < 23; i++)
		publish(i, 1, 2000);
	tap_ok(published(0, 2000) == 1,
	       "but not one that is asked for again, whenever it was issued");
	tap_ok(others_fit(), "and others have their quarter");
	tap_ok(kernel_is_crowded(), "which status and doctor can tell");
	clean_up();
}

/* A megabyte may be locked, and there is shared memory. */
static bool has_segments(void)
{
	struct rlimit limit;
	struct shm_info info;

	return getrlimit(RLIMIT_MEMLOCK, &limit) == 0 &&
	       limit.rlim_cur >= 1 << 20 &&
	       shmctl(0, SHM_INFO, (struct shmid_ds *)&info) >= 0;
}

int main(void)
{
	if (!own_quota(UID_FIRST))
		return 0;
	if (!has_segments()) {
		puts("1..0 # SKIP no memory may be locked here, or shared");
		return 0;
	}
	if (!others_fit() || !keyctl_quota_leaves_room(10000) ||
	    keyctl_quota_leaves_room(15001)) {
		puts("1..0 # SKIP no usual quota, or others use it");
		return 0;
	}
	clean_up();
	test_addresses();
	test_sweep();
	test_hundred(1200);
	test_hundred(2200);
	test_withdrawn();
	test_expired();
	test_race();
	test_unlocked();
	return tap_done();
}
