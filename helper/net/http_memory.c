/* SPDX-License-Identifier: MIT */
/*
 * http_memory.c - libcurl's memory, and a reserve. libcurl gives an answer up
 * when it gets no memory, although it has read all of it; if that answer has a
 * rotated refresh token in it, the grant is lost. So something is held back: where
 * there is no memory left, it is freed, and what was asked for is tried again.
 */
#include "http_exchange.h"

#include <stdlib.h>
#include <string.h>

#define RESERVE \
	65536 /* bytes; several times what an exchange takes at its end */

static void *reserve;

/* libcurl looks names up in a thread of its own. */
static bool spend(void)
{
	void *held = __atomic_exchange_n(&reserve, NULL, __ATOMIC_ACQ_REL);
	bool there = held;

	free(held);
	return there;
}

static void *take(size_t size)
{
	void *block = malloc(size);

	if (!block && spend())
		block = malloc(size);
	return block;
}

static void *take_zeroed(size_t count, size_t size)
{
	void *block = calloc(count, size);

	if (!block && spend())
		block = calloc(count, size);
	return block;
}

static void *take_more(void *old, size_t size)
{
	void *block = realloc(old, size);

	if (!block && spend())
		block = realloc(old, size);
	return block;
}

static char *take_copy(const char *text)
{
	size_t size = strlen(text) + 1;
	char *copy = take(size);

	return copy ? memcpy(copy, text, size) : NULL;
}

int http_memory(void)
{
	static bool ready;

	if (!ready && curl_global_init_mem(CURL_GLOBAL_DEFAULT, take, free,
					   take_more, take_copy, take_zeroed))
		return -1;
	ready = true;
	if (!reserve)
		reserve = malloc(RESERVE);
	return reserve ? 0 : -1;
}
