/* SPDX-License-Identifier: MIT */
/*
 * relay.c - a server on this computer that passes requests on, see net.h: the
 * loop over all descriptors, the times, and how many may come. One thread; what
 * happens is in the other files, see relay.h.
 */
#include "relay.h"

#include "core/clock.h"
#include <valetkey.h>

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define EVENTS 64
#define ROUNDS_MAX 8 /* in one call */
#define TIDY_MS 5000
#define RESTED_MS 1000
/* That this process has for other things, and for those who are one too many. */
#define DESCRIPTORS_ELSE (64u + RELAY_EXCESS_MAX)
#define CLIENTS_MIN 32u /* however few files may be open */
#define LISTENER 2u	/* the mark of its events */

void relay_list(struct relay_client *client)
{
	if (client->listed)
		return;
	client->listed = true;
	client->next_work = client->relay->work;
	client->relay->work = client;
}

/* ---- who comes ---- */

static int relay_hear(struct relay *relay, bool hear)
{
	struct epoll_event event = {.events = EPOLLIN, .data.u64 = LISTENER};

	relay->deaf = !hear;
	return epoll_ctl(relay->epoll_fd, hear ? EPOLL_CTL_ADD : EPOLL_CTL_DEL,
			 relay->options.listener, &event);
}

/* Among too many the one that has rested longest gives way; not one that has just
 * come, nor one whose request is there and was not read yet, as after a round that
 * took long. */
static void relay_make_room(struct relay *relay)
{
	struct relay_client *oldest = relay->waits[RELAY_WAIT_IDLE].first;
	char byte;

	if (relay->client_count >= relay->clients_max && oldest &&
	    relay_client_rested(oldest) >= RESTED_MS &&
	    recv(oldest->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) <= 0)
		relay_client_end(oldest);
}

static void relay_accept(struct relay *relay)
{
	for (int i = 0; i < EVENTS; i++) {
		int fd = accept4(relay->options.listener, NULL, NULL,
				 SOCK_CLOEXEC | SOCK_NONBLOCK);
		bool excess;

		if (fd < 0 && (errno == EMFILE || errno == ENFILE ||
			       errno == ENOMEM || errno == ENOBUFS))
			relay_hear(relay, false);
		if (fd < 0)
			return;
		relay_make_room(relay);
		excess = relay->client_count >= relay->clients_max;
		if ((excess && relay->excess_count >= RELAY_EXCESS_MAX) ||
		    relay_client_open(relay, fd, excess))
			close(fd);
	}
}

/* ---- the times ---- */

static void relay_end_late(struct relay *relay)
{
	for (int wait = RELAY_WAIT_IDLE; wait < RELAY_WAITS; wait++) {
		struct relay_client *client = relay->waits[wait].first;

		while (client && client->until <= relay->now) {
			struct relay_client *after = client->wait_after;

			relay_client_late(client);
			client = after;
		}
	}
	if (relay->now < relay->tidy_at)
		return;
	relay->tidy_at = relay->now + TIDY_MS;
	relay_pool_tidy(relay, false);
	if (relay->deaf)
		relay_hear(relay, true);
}

static int relay_next(const struct relay *relay)
{
	int64_t next = relay_pool_due(relay);

	if (relay->work)
		return 0;
	for (int wait = RELAY_WAIT_IDLE; wait < RELAY_WAITS; wait++)
		if (relay->waits[wait].first &&
		    relay->waits[wait].first->until < next)
			next = relay->waits[wait].first->until;
	if ((relay->pools || relay->deaf) && relay->tidy_at < next)
		next = relay->tidy_at;
	if (next == INT64_MAX)
		return -1;
	return deadline_left(next);
}

/* ---- the loop ---- */

static void relay_dispatch(struct relay *relay, const struct epoll_event *event)
{
	if (event->data.u64 == LISTENER)
		relay_accept(relay);
	else if (event->data.u64 & 1)
		relay_pool_event(relay, (int)(event->data.u64 >> 1),
				 event->events);
	else
		relay_client_event(event->data.ptr, event->events);
}

/* False: there was nothing to do. */
static bool relay_work(struct relay *relay)
{
	struct relay_client *client = relay->work;
	bool any = client;

	relay->work = NULL;
	while (client) {
		struct relay_client *next = client->next_work;

		client->listed = false;
		relay_client_work(client);
		client = next;
	}
	return any;
}

static void relay_bury(struct relay *relay)
{
	struct relay_client **at = &relay->ended;

	while (*at) {
		struct relay_client *client = *at;

		if (client->listed) {
			at = &client->next;
			continue;
		}
		*at = client->next;
		free(client);
	}
}

int relay_run(struct relay *relay)
{
	struct epoll_event events[EVENTS];
	int count = epoll_wait(relay->epoll_fd, events, EVENTS, 0);

	relay->now = clock_ms();
	for (int i = 0; i < count; i++)
		relay_dispatch(relay, &events[i]);
	for (int i = 0; i < ROUNDS_MAX; i++) {
		bool ran = relay_pool_run(relay);

		if (!relay_work(relay) && !ran)
			break;
	}
	relay_end_late(relay);
	relay_bury(relay);
	return count == EVENTS ? 0 : relay_next(relay);
}

int relay_fd(const struct relay *relay)
{
	return relay->epoll_fd;
}

size_t relay_clients(const struct relay *relay)
{
	return relay->client_count;
}

/* ---- begin and end ---- */

/* Each client needs a descriptor, and one at the server. */
static size_t relay_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) ||
	    limit.rlim_cur >= 2 * RELAY_CLIENTS_MAX + DESCRIPTORS_ELSE)
		return RELAY_CLIENTS_MAX;
	return limit.rlim_cur > 2 * CLIENTS_MIN + DESCRIPTORS_ELSE
		   ? (size_t)(limit.rlim_cur - DESCRIPTORS_ELSE) / 2
		   : CLIENTS_MIN;
}

static int relay_begin(struct relay *relay)
{
	int fd = relay->options.listener;
	int flags = fcntl(fd, F_GETFL), family = 0, one = 1;
	socklen_t len = sizeof(family);

	if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &family, &len) ||
	    fcntl(fd, F_SETFL, flags | O_NONBLOCK))
		return -1;
	relay->unix_socket = family == AF_UNIX;
	if (!relay->unix_socket)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	relay->now = clock_ms();
	relay->tidy_at = relay->now + TIDY_MS;
	relay->clients_max = relay_limit();
	relay->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	return relay->epoll_fd < 0 || relay_hear(relay, true);
}

int relay_open(const struct relay_options *options, struct relay **relay,
	       struct problem *problem)
{
	struct relay *opened = calloc(1, sizeof(*opened));

	*relay = NULL;
	if (!opened || http_memory()) {
		free(opened);
		close(options->listener);
		return problem_no_memory(problem);
	}
	opened->options = *options;
	opened->epoll_fd = -1;
	if (relay_begin(opened)) {
		relay_close(opened);
		return problem_set(problem, VALETKEY_ERR_HELPER,
				   "Cannot serve requests: too little memory "
				   "or too few descriptors. Close other "
				   "programs and try again.");
	}
	*relay = opened;
	return 0;
}

void relay_close(struct relay *relay)
{
	if (!relay)
		return;
	while (relay->clients)
		relay_client_end(relay->clients);
	while (relay->ended) {
		struct relay_client *client = relay->ended;

		relay->ended = client->next;
		free(client);
	}
	relay_pool_close(relay);
	relay_turns_free(relay);
	relay_blocks_free(&relay->blocks);
	if (relay->epoll_fd >= 0)
		close(relay->epoll_fd);
	close(relay->options.listener);
	free(relay);
}
