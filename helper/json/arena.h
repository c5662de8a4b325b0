/* SPDX-License-Identifier: MIT */
/*
 * arena.h - memory for a library that takes its allocator from us but does not
 * check it: blocks are cut from one piece whose size was worked out beforehand.
 * Nothing is given back before the whole is wiped and freed by its owner. The
 * functions have the shape that yajl asks for; context is the arena.
 */
#ifndef VALETKEY_ARENA_H
#define VALETKEY_ARENA_H

#include <stddef.h>

struct arena {
	unsigned char *data; /* aligned as malloc() does */
	size_t size;
	size_t used;
};

/* Ends the process where the arena is too small: its owner miscounted. */
void *arena_malloc(void *context, size_t size);
void *arena_realloc(void *context, void *old, size_t size);

/* Does nothing. */
void arena_keep(void *context, void *block);

#endif
