/* SPDX-License-Identifier: MIT */
/*
 * stack.c - see stack.h. On the thread's own stack a frame below ours is gone.
 * Elsewhere (coroutines have stacks of their own, other threads too) it is gone
 * once anything was written over its mark, or its thread has ended. A frame that is only suspended keeps
 * it.
 */
#include "stack.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#define ROOM 8192

static uintptr_t word_of(const struct stack_mark *mark, size_t i)
{
	return (uintptr_t)mark ^ (i + 1) * (uintptr_t)0x9e3779b97f4a7c15u;
}

void stack_mark(struct stack_mark *mark)
{
	for (size_t i = 0; i < sizeof(mark->words) / sizeof(*mark->words); i++)
		mark->words[i] = word_of(mark, i);
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
		if (now.words[i] != word_of(mark, i))
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
