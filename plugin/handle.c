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
#include "core/text.h"
#include "futex.h"
#include "memory.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

/* ---- whether a call was left by a jump ---- */

/* On the thread's own stack a frame below ours is gone. Elsewhere (coroutines
 * have stacks of their own, other threads too) it is gone once anything was
 * written over its mark, or its thread has ended. A frame that is only
 * suspended keeps it. */

#define ROOM 8192

static uintptr_t handle_word_of(const struct stack_mark *mark, size_t i)
{
	return (uintptr_t)mark ^ (i + 1) * (uintptr_t)0x9e3779b97f4a7c15u;
}

void stack_mark(struct stack_mark *mark)
{
	for (size_t i = 0; i < sizeof(mark->words) / sizeof(*mark->words); i++)
		mark->words[i] = handle_word_of(mark, i);
}

static bool on_thread_stack(const void *one, const void *other)
{
	pthread_attr_t attr;
	char *start = NULL;
	size_t size = 0;

	if (pthread_getattr_np(pthread_self(), &attr) != 0)
		return false;
	if (pthread_attr_getstack(&attr, (void **)&start, &size) != 0)
		size = 0;
	pthread_attr_destroy(&attr);
	return (uintptr_t)one - (uintptr_t)start < size &&
	       (uintptr_t)other - (uintptr_t)start < size;
}

/* What lies below on this stack is nobody's; on another it is not touched. */
static void __attribute__((noinline)) overwrite_below(void)
{
	char room[ROOM];

	explicit_bzero(room, sizeof(room));
}

/* By the kernel, because the memory may be gone. */
static bool is_there(const struct stack_mark *mark)
{
	struct stack_mark now;
	const struct iovec to = {&now, sizeof(now)};
	const struct iovec from = {(void *)(uintptr_t)mark, sizeof(now)};
	ssize_t n = process_vm_readv(getpid(), &to, 1, &from, 1, 0);

	if (n != (ssize_t)sizeof(now))
		return n >= 0 || errno != EFAULT;
	for (size_t i = 0; i < sizeof(now.words) / sizeof(*now.words); i++)
		if (now.words[i] != handle_word_of(mark, i))
			return false;
	return true;
}

bool __attribute__((noinline))
stack_left(const struct stack_mark *mark, pid_t thread)
{
	const void *here = __builtin_frame_address(0);

	if (thread != gettid()) {
		if (tgkill(getpid(), thread, 0) != 0 && errno == ESRCH)
			return true;
	} else {
		if ((uintptr_t)here > (uintptr_t)mark &&
		    on_thread_stack(here, mark))
			return true;
		overwrite_below();
	}
	return !is_there(mark);
}

#define PROGRAM_MAX 64
#define COUNTERS 32 /* a power of two */

/* How many calls are running; each processor counts in a cache line of its own,
 * so that threads do not wait for each other. */
struct counter {
	_Alignas(64) _Atomic uint32_t calls;
};

struct page {
	_Atomic uint32_t generation;
	struct futex lock; /* guards what follows, and the fork repair */
	_Atomic(struct visitor *) talkers; /* written under the lock */
	struct counter counters[COUNTERS];
};

struct valetkey {
	struct page *page;
	struct memory *memory;
	uint32_t last_generation;
	valetkey_converse *converse;
	void *data;
	bool answers; /* VALETKEY_ANSWERS */
	bool debug;
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
	size_t len = strnlen(text, max + 1);

	return len <= max && text_plain(text, len);
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
	if (own.flags & ~(uint64_t)VALETKEY_ANSWERS)
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
	new->answers = (own.flags & VALETKEY_ANSWERS) != 0;
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

static uint32_t handle_generation(struct valetkey *handle)
{
	uint32_t generation = atomic_load(&handle->page->generation);

	if (generation)
		return generation;
	repair_after_fork(handle);
	return atomic_load(&handle->page->generation);
}

static void remove_talker(struct page *page, struct visitor *own)
{
	struct visitor *talker = atomic_load(&page->talkers);

	if (talker == own)
		atomic_store(&page->talkers, own->next);
	for (; talker; talker = talker->next)
		if (talker->next == own)
			talker->next = own->next;
}

void handle_end_talk(struct visitor *visitor)
{
	struct page *page = visitor->visit.handle->page;

	if (!atomic_load(&page->talkers))
		return;
	futex_lock(&page->lock, INT64_MAX);
	remove_talker(page, visitor);
	futex_unlock(&page->lock);
}

static void begin_talk(struct visitor *visitor, const struct stack_mark *mark)
{
	struct page *page = visitor->visit.handle->page;

	handle_end_talk(visitor);
	visitor->mark = mark;
	visitor->thread = gettid();
	futex_lock(&page->lock, INT64_MAX);
	visitor->next = atomic_load(&page->talkers);
	atomic_store(&page->talkers, visitor);
	futex_unlock(&page->lock);
}

/* Takes one out whose conversation was left: of this thread, or of any. *inside
 * is set if this thread is in one that was not. */
static struct visitor *take_left(struct page *page, bool any, bool *inside)
{
	struct visitor *talker;

	*inside = false;
	futex_lock(&page->lock, INT64_MAX);
	for (talker = atomic_load(&page->talkers); talker;
	     talker = talker->next) {
		bool own = talker->thread == gettid();

		if ((own || any) && stack_left(talker->mark, talker->thread))
			break;
		*inside = *inside || own;
	}
	if (talker)
		remove_talker(page, talker);
	futex_unlock(&page->lock);
	return talker;
}

bool handle_talking(struct valetkey *handle)
{
	struct visitor *left;
	bool inside = false;

	while (atomic_load(&handle->page->talkers) &&
	       (left = take_left(handle->page, false, &inside))) {
		pthread_setcancelstate(left->cancel, NULL);
		left->left(left);
	}
	return inside;
}

int handle_enter(struct valetkey *handle, struct visit *visit)
{
	visit->handle = handle;
	visit->generation = handle_generation(handle);
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
	struct visitor *left;
	bool inside;

	if (!handle)
		return VALETKEY_OK;
	handle_generation(handle);
	if (handle_talking(handle))
		return VALETKEY_ERR_BUSY;
	while ((left = take_left(handle->page, true, &inside)))
		left->left(left);
	for (unsigned i = 0; i < COUNTERS; i++)
		if (atomic_load(&handle->page->counters[i].calls))
			return VALETKEY_ERR_BUSY;
	free_handle(handle);
	return VALETKEY_OK;
}

/* What a host means that says what it did (VALETKEY_ANSWERS): 0 to go on. */
static int answer_of(const struct valetkey_message *message, int rc)
{
	bool asked = message->type == VALETKEY_MESSAGE_OPEN ||
		     message->type == VALETKEY_MESSAGE_CODE ||
		     message->type == VALETKEY_MESSAGE_ASK ||
		     message->type == VALETKEY_MESSAGE_ASK_SECRET;

	if (rc == VALETKEY_DONE)
		return 0;
	return asked && rc == 0 ? VALETKEY_ERR_CANCELED : rc;
}

/* The host's conversation, with this thread marked as being inside it. It may
 * never come back. */
static int converse(const struct valetkey_message *message, char *reply,
		    size_t reply_size, void *data)
{
	struct visitor *own = data;
	struct valetkey *handle = own->visit.handle;
	struct stack_mark mark;
	int rc;

	if (!handle->converse)
		return 0;
	if (own->lock)
		futex_unlock(own->lock);
	own->lock = NULL;
	stack_mark(&mark);
	begin_talk(own, &mark);
	rc = handle->converse(message, reply, reply_size, handle->data);
	handle_end_talk(own);
	return handle->answers ? answer_of(message, rc) : rc;
}

int handle_call(struct visitor *visitor, struct record *request,
		const struct handle_wait *wait, struct call *call)
{
	const struct valetkey *handle = visitor->visit.handle;

	*call = (struct call){
	    .request = request,
	    .deadline = wait->deadline,
	    .interactive = wait->interactive && handle->converse,
	    .converse = converse,
	    .data = visitor,
	};
	if ((call->interactive && record_add(request, "interactive", "1")) ||
	    (handle->debug && record_add(request, "debug", "1")))
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

void handle_debug(struct valetkey *handle)
{
	handle->debug = true;
}
