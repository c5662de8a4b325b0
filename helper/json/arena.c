/* SPDX-License-Identifier: MIT */
/*
 * arena.c - see arena.h. Used by the two files that know yajl.
 */
#include "arena.h"

#include <stdlib.h>
#include <string.h>

#define ARENA_ALIGN 16u

/* The block's size stands in front of it, for arena_realloc(). */
void *arena_malloc(void *context, size_t size)
{
	struct arena *arena = context;
	size_t need =
	    ARENA_ALIGN + (size + ARENA_ALIGN - 1) / ARENA_ALIGN * ARENA_ALIGN;
	unsigned char *block = arena->data + arena->used;

	if (size > arena->size || need > arena->size - arena->used)
		abort(); /* yajl would write through NULL */
	memcpy(block, &size, sizeof(size));
	arena->used += need;
	return block + ARENA_ALIGN;
}

void *arena_realloc(void *context, void *old, size_t size)
{
	unsigned char *block = arena_malloc(context, size);
	size_t old_size = 0;

	if (old)
		memcpy(&old_size, (unsigned char *)old - ARENA_ALIGN,
		       sizeof(old_size));
	if (old_size)
		memcpy(block, old, old_size < size ? old_size : size);
	return block;
}

void arena_keep(void *context, void *block)
{
	(void)context, (void)block;
}
