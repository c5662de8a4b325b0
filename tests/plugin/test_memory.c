/* SPDX-License-Identifier: MIT */
/*
 * test_memory.c - the cache in the process's memory: when a token is given, who
 * keeps it alive, that its text is wiped, and that threads may do all of it at
 * the same time.
 */
#include "core/clock.h"
#include "memory.h"
#include "lib/tap.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define THREADS 6
#define ROUNDS 20000

static const struct memory_key key = {"work", "a b", "", 0};
static const struct memory_key other = {"work", "a", "", 0};

static const struct valetkey_token *put(struct memory *memory,
					struct memory_slot *slot,
					const char *text, int64_t good_for_ms)
{
	const struct memory_token from = {
	    .access_token = text,
	    .account = "work",
	    .scope = "a b",
	    .expires_at = 5,
	    .good_until =
		good_for_ms < 0 ? INT64_MAX : deadline_in(good_for_ms),
	    .renew_at = INT64_MAX,
	    .began = memory_refusals(memory),
	};

	return memory_put(memory, slot, &from);
}

/* The text of the token that is given, or "none". */
static bool gives(struct memory_slot *slot, uint32_t min_valid_s,
		  const char *text)
{
	const struct valetkey_token *token =
	    memory_get(slot, min_valid_s, clock_ms());
	bool good = strcmp(token ? token->access_token : "none", text) == 0;

	memory_release(token);
	return good;
}

static void test_slots(void)
{
	struct memory *memory = memory_new();
	struct memory_slot *slot;

	tap_ok(!memory_find(memory, &key), "no slot at first");
	slot = memory_slot(memory, &key);
	tap_ok(slot && memory_find(memory, &key) == slot &&
		   memory_slot(memory, &key) == slot,
	       "one slot for the same request");
	tap_ok(memory_slot(memory, &other) != slot, "another for another");
	tap_ok(gives(slot, 1, "none"), "it is empty");
	memory_close(memory);
}

static void test_expiry(void)
{
	struct memory *memory = memory_new();
	struct memory_slot *slot = memory_slot(memory, &key);

	memory_release(put(memory, slot, "one", 100000));
	tap_ok(gives(slot, 60, "one") && gives(slot, 99, "one"),
	       "good for as long as is asked");
	tap_ok(gives(slot, 101, "none") && gives(slot, UINT32_MAX, "none"),
	       "not for longer");
	tap_ok(gives(slot, 60, "one"), "and still there");
	memory_release(put(memory, slot, "two", 0));
	tap_ok(gives(slot, 1, "none"), "an expired one");
	memory_release(put(memory, slot, "three", -1));
	tap_ok(gives(slot, UINT32_MAX, "three"), "one without an end");
	memory_close(memory);
}

static void test_shown(void)
{
	struct memory *memory = memory_new();
	struct memory_slot *slot = memory_slot(memory, &key);
	const struct valetkey_token *token = put(memory, slot, "text", 100000);

	tap_ok(token->size == sizeof(*token) && token->length == 4 &&
		   strcmp(token->access_token, "text") == 0 &&
		   strcmp(token->account, "work") == 0 &&
		   strcmp(token->scope, "a b") == 0 && token->expires_at == 5,
	       "the host's view of it");
	memory_refuse(memory, "work", "another", false);
	tap_ok(gives(slot, 1, "text"), "another one is dropped");
	memory_refuse(memory, "work", "text", false);
	tap_ok(gives(slot, 1, "none"), "this one is");
	tap_ok(strcmp(token->access_token, "text") == 0,
	       "who holds it reads it still");
	memory_close(memory);
	tap_ok(strcmp(token->access_token, "text") == 0,
	       "also when the memory is closed");
	memory_release(token);
	memory_release(NULL);
}

static const struct valetkey_token *put_late(struct memory *memory,
					     const char *text, uint64_t began)
{
	const struct memory_token from = {
	    .access_token = text,
	    .account = "work",
	    .scope = "",
	    .good_until = INT64_MAX,
	    .renew_at = INT64_MAX,
	    .began = began,
	};

	return memory_put(memory, memory_slot(memory, &key), &from);
}

/* What was asked for before the token was refused, and comes after it. */
static void test_refused(void)
{
	struct memory *memory = memory_new();
	struct memory_slot *slot = memory_slot(memory, &key);
	uint64_t began = memory_refusals(memory);
	const struct valetkey_token *token;
	char text[32];

	memory_refuse(memory, "work", "one", false);
	token = put_late(memory, "one", began);
	tap_ok(token && strcmp(token->access_token, "one") == 0 &&
		   gives(slot, 1, "none"),
	       "who asked before gets it, and nobody after that");
	memory_release(token);
	tap_ok(!memory_allows(memory, "one", clock_ms() - 1000) &&
		   memory_allows(memory, "one", clock_ms() + 1000),
	       "it may be given if it is issued once more");
	memory_release(put_late(memory, "two", began));
	tap_ok(gives(slot, 1, "two"), "another one is kept");
	memory_release(put_late(memory, "one", memory_refusals(memory)));
	tap_ok(gives(slot, 1, "one"), "so is the same, issued once more");
	memory_refuse(memory, "work", "one", false);
	tap_ok(gives(slot, 1, "none") &&
		   !memory_allows(memory, "one", clock_ms() + 1000),
	       "refused again, it may not be given any more");
	began = memory_refusals(memory);
	memory_refuse(memory, "work", "three", false);
	for (int i = 0; i < 32; i++) {
		snprintf(text, sizeof(text), "other-%d", i);
		memory_refuse(memory, "other", text, false);
	}
	memory_release(put_late(memory, "three", began));
	tap_ok(gives(slot, 1, "none"),
	       "what was told too long ago is not kept either");
	memory_close(memory);
}

/* Scopes of any length, without end. */
static void test_bounded(void)
{
	struct memory *memory = memory_new();
	char scope[4001];
	struct memory_key many = {"work", scope, "", 0};
	const struct valetkey_token *token;
	size_t count = 0;

	memset(scope, 'a', sizeof(scope) - 1);
	scope[sizeof(scope) - 1] = '\0';
	for (; count < 10000; count++) {
		snprintf(scope, sizeof(scope), "%zu", count);
		scope[strlen(scope)] = ' ';
		if (!memory_slot(memory, &many))
			break;
	}
	tap_ok(count > 500 && count < 2000, "there are at most so many slots");
	token = put(memory, NULL, "one", 1000);
	tap_ok(token && strcmp(token->access_token, "one") == 0,
	       "without one a token is given all the same");
	memory_release(token);
	memory_close(memory);
}

void __real_free(void *memory);
void __wrap_free(void *memory);

static char *watched; /* what is given to free() must be wiped */
static size_t watched_size;
static int freed_wiped, freed_whole;

void __wrap_free(void *memory)
{
	size_t left = 0;

	if (memory && memory == watched) {
		for (size_t i = 0; i < watched_size; i++)
			left += watched[i] != 0;
		freed_wiped += left == 0;
		freed_whole += left != 0;
		watched = NULL;
	}
	__real_free(memory);
}

static void watch(const struct valetkey_token *token)
{
	watched = (char *)(uintptr_t)token->access_token;
	watched_size = token->length;
}

static void test_wiped(void)
{
	struct memory *memory = memory_new();
	struct memory_slot *slot = memory_slot(memory, &key);
	const struct valetkey_token *token = put(memory, slot, "one", 100000);

	watch(token);
	memory_release(token);
	tap_ok(!freed_wiped && !freed_whole, "a cached token stays");
	memory_release(put(memory, slot, "two", 100000));
	tap_ok(freed_wiped == 1, "wiped when it is replaced");
	token = memory_get(slot, 1, clock_ms());
	watch(token);
	memory_refuse(memory, "work", "two", false);
	tap_ok(freed_wiped == 1, "not while it is held");
	memory_release(token);
	tap_ok(freed_wiped == 2, "wiped with the last reference");
	token = put(memory, slot, "three", 100000);
	watch(token);
	memory_release(token);
	memory_close(memory);
	tap_ok(freed_wiped == 3 && !freed_whole, "wiped with the memory");
}

static void test_fork(void)
{
	struct memory *memory = memory_new();
	struct memory_slot *slot = memory_slot(memory, &key);

	memory_release(put(memory, slot, "one", 100000));
	futex_lock(memory_account_lock(memory, "work"), INT64_MAX);
	memory_after_fork(memory);
	tap_ok(futex_lock(memory_account_lock(memory, "work"),
			  deadline_in(1000)) == 0,
	       "in a child the locks are free");
	tap_ok(gives(slot, 1, "one"), "and the token is there");
	memory_close(memory);
}

static struct memory *shared;
static atomic_int wrong;

static void *hammer(void *data)
{
	unsigned seed = (unsigned)(uintptr_t)data;
	struct memory_slot *slot = memory_slot(shared, &key);

	for (int i = 0; i < ROUNDS; i++) {
		const struct valetkey_token *token;
		char text[32];

		switch (rand_r(&seed) % 8) {
		case 0:
			snprintf(text, sizeof(text), "token-%d",
				 rand_r(&seed) % 10);
			memory_release(put(shared, slot, text, 100000));
			break;
		case 1:
			snprintf(text, sizeof(text), "token-%d",
				 rand_r(&seed) % 10);
			memory_refuse(shared, "work", text, false);
			break;
		default:
			token = memory_get(slot, 1, clock_ms());
			if (token &&
			    (strncmp(token->access_token, "token-", 6) != 0 ||
			     token->length != 7))
				atomic_fetch_add(&wrong, 1);
			memory_release(token);
		}
	}
	return NULL;
}

static void test_threads(void)
{
	pthread_t threads[THREADS];

	shared = memory_new();
	for (uintptr_t i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, hammer, (void *)(i + 1));
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	tap_ok(!atomic_load(&wrong), "no thread has seen a wiped token");
	memory_close(shared);
}

int main(void)
{
	test_slots();
	test_expiry();
	test_shown();
	test_refused();
	test_bounded();
	test_wiped();
	test_fork();
	test_threads();
	return tap_done();
}
