/* SPDX-License-Identifier: MIT */
/*
 * test_memory.c - the cache in the process's memory: when a token is given, who
 * keeps it alive, that its text is wiped, and that threads may do all of it at
 * the same time.
 */
#include "clock.h"
#include "memory.h"
#include "tap.h"

#include <pthread.h>
#include <stdatomic.h>
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
	memory_drop(memory, "another");
	tap_ok(gives(slot, 1, "text"), "another one is dropped");
	memory_drop(memory, "text");
	tap_ok(gives(slot, 1, "none"), "this one is");
	tap_ok(strcmp(token->access_token, "text") == 0,
	       "who holds it reads it still");
	memory_close(memory);
	tap_ok(strcmp(token->access_token, "text") == 0,
	       "also when the memory is closed");
	memory_release(token);
	memory_release(NULL);
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
	memory_drop(memory, "two");
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
	futex_lock(memory_slot_lock(slot), INT64_MAX);
	memory_after_fork(memory);
	tap_ok(futex_lock(memory_slot_lock(slot), deadline_in(1000)) == 0,
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
			memory_drop(shared, text);
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
	test_wiped();
	test_fork();
	test_threads();
	return tap_done();
}
