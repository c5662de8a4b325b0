/* SPDX-License-Identifier: MIT */
/*
 * epoll - loops.h on a loop of epoll's: the descriptor of a get is one of those
 * that a server watches anyway.
 */
#include "loops.h"

#include <sys/epoll.h>

static int epoll = -1;
static bool stopped;

static struct watch {
	int fd;
	loops_ready *ready;
	void *data;
} watches[GETS_MAX];

static void loop_watch(int fd, loops_ready *ready_function, void *data)
{
	struct epoll_event event = {.events = EPOLLIN};
	size_t i = 0;

	if (epoll < 0)
		epoll = epoll_create1(EPOLL_CLOEXEC);
	while (i < GETS_MAX && watches[i].ready)
		i++;
	must(i < GETS_MAX, "too many gets");
	/* cppcheck-suppress arrayIndexOutOfBoundsCond ; must() ends us then */
	watches[i] = (struct watch){fd, ready_function, data};
	event.data.u32 = (uint32_t)i;
	must(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0, "epoll_ctl");
}

/* The descriptor is closed by then, and epoll has forgotten it. */
static void loop_unwatch(int fd)
{
	for (size_t i = 0; i < GETS_MAX; i++)
		if (watches[i].ready && watches[i].fd == fd)
			watches[i].ready = NULL;
}

static void loop_run(void (*tick_function)(void))
{
	int64_t next = host_ms() + TICK_MS;

	for (stopped = false; !stopped;) {
		struct epoll_event event;
		int64_t left = next - host_ms();
		int n = epoll_wait(epoll, &event, 1, left > 0 ? (int)left : 0);
		struct watch *watch = n > 0 ? &watches[event.data.u32] : NULL;

		must(n >= 0 || errno == EINTR, "epoll_wait");
		if (watch && watch->ready)
			watch->ready(watch->data);
		if (host_ms() >= next) {
			tick_function();
			next = host_ms() + TICK_MS;
		}
	}
	close(epoll);
	epoll = -1;
}

static void loop_stop(void)
{
	stopped = true;
}
