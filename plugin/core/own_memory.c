/* SPDX-License-Identifier: MIT */
/*
 * own_memory.c - see own_memory.h.
 *
 * The heap is locked as one piece rather than buffer by buffer: then what the
 * libraries copy (D-Bus messages, TLS records, curl's bodies) is locked too, by
 * one system call. mlockall() would not do: with MCL_FUTURE an allocation fails
 * once the limit is reached, and the mappings of all libraries are more than the
 * usual limit. Pages are locked as they come to be used.
 */
#include "own_memory.h"

#include <limits.h>
#include <malloc.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#define HEAP_SIZE (1u << 20)
#define STACK_BELOW (48u << 10) /* of this frame: who is called later */
#define STACK_ABOVE (16u << 10)

void own_memory_hide(void)
{
	prctl(PR_SET_DUMPABLE, 0);
}

/* What is not mapped cannot be locked, which harms nothing. */
static void lock_pages(char *begin, size_t size)
{
	size_t into_page = (uintptr_t)begin % (size_t)sysconf(_SC_PAGESIZE);

	mlock2(begin - into_page, size, MLOCK_ONFAULT);
}

/* All threads allocate from the one heap, large blocks too, and it never
 * shrinks. It is made to be as large as what is locked of it. */
static void lock_heap(size_t size)
{
	void *room;

	mallopt(M_ARENA_MAX, 1);
	mallopt(M_MMAP_THRESHOLD, 2 * HEAP_SIZE);
	mallopt(M_TRIM_THRESHOLD, INT_MAX);
	room = malloc(HEAP_SIZE);
	if (!room)
		return;
	explicit_bzero(room, 1); /* or the compiler leaves malloc() out */
	free(room);
	lock_pages((char *)sbrk(0) - mallinfo2().arena, size);
}

void own_memory_lock(void)
{
	static bool done;
	char *frame = __builtin_frame_address(0);
	struct rlimit limit;

	if (done || getrlimit(RLIMIT_MEMLOCK, &limit) != 0)
		return;
	done = true;
	/* A small limit is not used up: libsecret locks memory of its own. */
	if (limit.rlim_cur / 2 >= STACK_BELOW + STACK_ABOVE)
		lock_pages(frame - STACK_BELOW, STACK_BELOW + STACK_ABOVE);
	lock_heap(limit.rlim_cur / 4 < HEAP_SIZE ? limit.rlim_cur / 4
						 : HEAP_SIZE);
}
