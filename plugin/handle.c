/* SPDX-License-Identifier: MIT */
/*
 * handle.c - valetkey_open() and valetkey_close(), and what every call on a
 * handle goes through: see handle.h.
 *
 * State that a fork would leave half changed is in a page that the kernel wipes
 * in the child: there the generation reads 0, the locks are free and no call is
 * running.
 */
#include "handle.h"
#include "call.h"
#include "futex.h"
#include "memory.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <unistd.h>

#define PROGRAM_MAX 64
#define COUNTERS 32 /* a power of two */

/* One per thread that is inside a conversation, on that thread's stack. */
struct talker {
	struct talker *next;
	pthread_t thread;
};

/* How many calls are running; each processor counts in a cache line of its own,
 * so that threads do not wait for each other. */
struct counter {
	_Alignas(64) _Atomic uint32_t calls;
};

struct page {
	_Atomic uint32_t generation;
	struct futex lock; /* guards what follows, and the fork repair */
	_Atomic(struct talker *) talkers; /* written under the lock */
	struct counter counters[COUNTERS];
};

struct valetkey {
	struct page *page;
	struct memory *memory;
	uint32_t last_generation;
	valetkey_converse *converse;
	void *data;
	char program[PROGRAM_MAX + 1];
};

int handle_take_struct(void *own, size_t own_size, const void *given)
{
	size_t size;

	memcpy(&size, given, sizeof(size));
	if (size < sizeof(size) || size > 65536)
		return VALETKEY_ERR_ABI;
	for (size_t i = own_size; i < size; i++)
		if (((const unsigned char *)given)[i])
			return VALETKEY_ERR_ABI;
	memset(own, 0, own_size);
	memcpy(own, given, size < own_size ? size : own_size);
	return VALETKEY_OK;
}

static bool privileges_changed(void)
{
	return getauxval(AT_SECURE) || getuid() != geteuid() ||
	       getgid() != getegid();
}

bool handle_text_ok(const char *text, size_t max)
{
	size_t n = 0;

	for (; text[n]; n++)
		if (n == max || (unsigned char)text[n] < 0x20 ||
		    text[n] == 0x7f)
			return false;
	return true;
}

static struct page *new_page(void)
{
	struct page *page = mmap(NULL, sizeof(*page), PROT_READ | PROT_WRITE,
				 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (page == MAP_FAILED)
		return NULL;
	if (madvise(page, sizeof(*page), MADV_WIPEONFORK) != 0) {
		munmap(page, sizeof(*page));
		return NULL;
	}
	atomic_store(&page->generation, 1);
	return page;
}

static void free_handle(struct valetkey *handle)
{
	if (handle->page)
		munmap(handle->page, sizeof(*handle->page));
	if (handle->memory)
		memory_close(handle->memory);
	free(handle);
}

int valetkey_open(const struct valetkey_options *options,
		  struct valetkey **handle)
{
	struct valetkey_options own = {0};
	struct valetkey *new;
	int rc;

	if (!handle)
		return VALETKEY_ERR_ARG;
	*handle = NULL;
	rc = options ? handle_take_struct(&own, sizeof(own), options)
		     : VALETKEY_OK;
	if (rc)
		return rc;
	if (own.flags)
		return VALETKEY_ERR_ABI;
	if (own.program && !handle_text_ok(own.program, PROGRAM_MAX))
		return VALETKEY_ERR_ARG;
	if (privileges_changed())
		return VALETKEY_ERR_SETUID;
	new = calloc(1, sizeof(*new));
	if (!new)
		return VALETKEY_ERR_NOMEM;
	new->page = new_page();
	new->memory = memory_new();
	if (!new->page || !new->memory) {
		free_handle(new);
		return VALETKEY_ERR_NOMEM;
	}
	new->last_generation = 1;
	new->converse = own.converse;
	new->data = own.data;
	if (own.program)
		strcpy(new->program, own.program);
	*handle = new;
	return VALETKEY_OK;
}

/* The first call in a child of fork(). */
static void repair_after_fork(struct valetkey *handle)
{
	struct page *page = handle->page;

	futex_lock(&page->lock, INT64_MAX);
	if (!atomic_load(&page->generation)) {
		memory_after_fork(handle->memory);
		atomic_store(&page->generation, ++handle->last_generation);
	}
	futex_unlock(&page->lock);
}

static uint32_t generation_of(struct valetkey *handle)
{
	uint32_t generation = atomic_load(&handle->page->generation);

	if (generation)
		return generation;
	repair_after_fork(handle);
	return atomic_load(&handle->page->generation);
}

bool handle_talking(struct valetkey *handle)
{
	struct page *page = handle->page;
	struct talker *talker;

	if (!atomic_load(&page->talkers))
		return false;
	futex_lock(&page->lock, INT64_MAX);
	for (talker = atomic_load(&page->talkers); talker;
	     talker = talker->next)
		if (pthread_equal(talker->thread, pthread_self()))
			break;
	futex_unlock(&page->lock);
	return talker != NULL;
}

int handle_enter(struct valetkey *handle, struct visit *visit)
{
	visit->handle = handle;
	visit->generation = generation_of(handle);
	if (handle_talking(handle))
		return VALETKEY_ERR_BUSY;
	visit->counter = (unsigned)sched_getcpu() % COUNTERS;
	atomic_fetch_add(&handle->page->counters[visit->counter].calls, 1);
	return VALETKEY_OK;
}

void handle_leave(struct visit *visit)
{
	struct page *page = visit->handle->page;

	/* In a child that was born inside this call it was never counted. */
	if (atomic_load(&page->generation) == visit->generation)
		atomic_fetch_sub(&page->counters[visit->counter].calls, 1);
}

int valetkey_close(struct valetkey *handle)
{
	if (!handle)
		return VALETKEY_OK;
	generation_of(handle);
	for (unsigned i = 0; i < COUNTERS; i++)
		if (atomic_load(&handle->page->counters[i].calls))
			return VALETKEY_ERR_BUSY;
	free_handle(handle);
	return VALETKEY_OK;
}

static void remove_talker(struct page *page, struct talker *own)
{
	struct talker *talker;

	futex_lock(&page->lock, INT64_MAX);
	talker = atomic_load(&page->talkers);
	if (talker == own)
		atomic_store(&page->talkers, own->next);
	for (; talker; talker = talker->next)
		if (talker->next == own)
			talker->next = own->next;
	futex_unlock(&page->lock);
}

/* The host's conversation, with this thread marked as being inside it. */
static int converse(const struct valetkey_message *message, char *reply,
		    size_t reply_size, void *data)
{
	struct valetkey *handle = data;
	struct page *page = handle->page;
	struct talker own = {.thread = pthread_self()};
	int rc;

	if (!handle->converse)
		return 0;
	futex_lock(&page->lock, INT64_MAX);
	own.next = atomic_load(&page->talkers);
	atomic_store(&page->talkers, &own);
	futex_unlock(&page->lock);
	rc = handle->converse(message, reply, reply_size, handle->data);
	remove_talker(page, &own);
	return rc;
}

int handle_call(struct valetkey *handle, struct record *request,
		const struct handle_wait *wait, struct call *call)
{
	*call = (struct call){
	    .request = request,
	    .deadline = wait->deadline,
	    .interactive = wait->interactive && handle->converse,
	    .converse = converse,
	    .data = handle,
	};
	if (call->interactive && record_add(request, "interactive", "1"))
		return VALETKEY_ERR_NOMEM;
	return record_add(request, "program",
			  *handle->program ? handle->program : NULL)
		   ? VALETKEY_ERR_NOMEM
		   : VALETKEY_OK;
}

struct memory *handle_memory(struct valetkey *handle)
{
	return handle->memory;
}
