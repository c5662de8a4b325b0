/* SPDX-License-Identifier: MIT */
/*
 * listener.c - waits for the redirect that ends a login, see net.h: the sockets,
 * the time, and who is let in. What is answered is in listener_answer.c.
 *
 * libmicrohttpd runs without threads. Its epoll descriptors and a timer for its
 * time limits are inside one of ours, which the caller polls.
 */
#include "listener.h"

#include "core/clock.h"
#include <valetkey.h>

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

/* ---- who is let in ---- */

/* Another user's connection is closed before anything is read from it. What is
 * let in has a few seconds for the whole of its request, however it drips, and
 * among more connections than a browser has any use for the oldest gives way,
 * so that the browser always gets in. */

#define STAY_MS 5000
#define GUESTS_MAX 64u /* connections */

/* libmicrohttpd's callbacks; `context` is the listener. */
static enum MHD_Result guest_admit(void *context, const struct sockaddr *peer,
				   socklen_t len)
{
	struct listener *listener = context;

	(void)len;
	listener->arriving = peer_owner(&listener->peers, peer);
	listener->refused |= listener->arriving == PEER_OTHER;
	return peer_is_welcome(listener->arriving) ? MHD_YES : MHD_NO;
}

/* libmicrohttpd sees the end of it, and closes it. */
static void guest_end(struct listener *listener, struct guest *guest)
{
	guest->ended = true;
	listener->guest_count--;
	shutdown(guest->fd, SHUT_RDWR);
}

static void guest_end_oldest(struct listener *listener)
{
	struct guest *guest = listener->guests;

	while (guest && (guest->ended || guest->waiting))
		guest = guest->next;
	if (guest)
		guest_end(listener, guest);
}

static void guest_add(struct listener *listener, struct guest *guest, int fd)
{
	struct guest **end = &listener->guests;

	while (*end)
		end = &(*end)->next;
	*end = guest;
	guest->fd = fd;
	guest->owner = listener->arriving;
	guest->until = deadline_in(STAY_MS);
	if (++listener->guest_count > GUESTS_MAX)
		guest_end_oldest(listener);
}

static void guest_remove(struct listener *listener, struct guest *guest)
{
	struct guest **at = &listener->guests;

	while (*at != guest)
		at = &(*at)->next;
	*at = guest->next;
	listener->guest_count -= !guest->ended;
	free(guest);
}

static void guest_came_or_left(void *context, struct MHD_Connection *connection,
			       void **mark,
			       enum MHD_ConnectionNotificationCode code)
{
	int fd = MHD_get_connection_info(connection,
					 MHD_CONNECTION_INFO_CONNECTION_FD)
		     ->connect_fd;
	struct guest *guest = *mark;

	if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
		if (guest)
			guest_remove(context, guest);
		return;
	}
	*mark = guest = calloc(1, sizeof(*guest));
	if (guest)
		guest_add(context, guest, fd);
	else
		shutdown(fd, SHUT_RDWR);
}

/* Ends what has been here too long. When to look again, INT64_MAX: never. */
static int64_t guest_end_late(struct listener *listener)
{
	struct guest *guest;
	int64_t next = INT64_MAX;

	for (guest = listener->guests; guest; guest = guest->next) {
		if (guest->ended || guest->waiting)
			continue;
		if (guest->until <= clock_ms())
			guest_end(listener, guest);
		else if (guest->until < next)
			next = guest->until;
	}
	return next;
}

/* ---- the sockets, and the time ---- */

#define REPLY_MS 2000
#define CONNECTIONS 256u /* never reached, see GUESTS_MAX */
/* A request, which libmicrohttpd has twice: with all the cookies of this computer
 * that a browser keeps, 180 of 4 KB. Only what is used of it is ever allocated. */
#define MEMORY ((size_t)2 << 20)

static int watch_descriptor(const struct listener *listener, int fd)
{
	struct epoll_event event = {.events = EPOLLIN};

	return epoll_ctl(listener->epoll_fd, EPOLL_CTL_ADD, fd, &event);
}

/* The daemon owns the socket from here on. If it fails to start, nobody says
 * whether it has closed it, so we do not close it a second time. */
static int start_daemon(struct listener *listener, int i, int *fd)
{
	const union MHD_DaemonInfo *info = NULL;
	struct MHD_Daemon *daemon;

	daemon = MHD_start_daemon(
	    MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, guest_admit, listener,
	    listener_request, listener, MHD_OPTION_LISTEN_SOCKET, *fd,
	    MHD_OPTION_NOTIFY_COMPLETED, listener_gone, listener,
	    MHD_OPTION_NOTIFY_CONNECTION, guest_came_or_left, listener,
	    MHD_OPTION_CONNECTION_LIMIT, CONNECTIONS,
	    MHD_OPTION_CONNECTION_MEMORY_LIMIT, MEMORY, MHD_OPTION_END);
	*fd = -1;
	listener->daemons[i] = daemon;
	if (daemon)
		info = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_EPOLL_FD);
	return info ? watch_descriptor(listener, info->epoll_fd) : -1;
}

static int copy_options(struct listener *listener,
			const struct listener_options *options)
{
	listener->form_post = options->form_post;
	listener->to = options->to;
	listener->path = strdup(options->path);
	listener->state = strdup(options->state);
	listener->provider = strdup(options->provider);
	listener->account = strdup(options->account);
	listener->program = strdup(options->program ? options->program : "");
	return listener->path && listener->state && listener->provider &&
		       listener->account && listener->program
		   ? 0
		   : -1;
}

/* "/" and 128 bits in hexadecimal digits. */
static int make_path(char path[LISTENER_PATH])
{
	unsigned char bytes[(LISTENER_PATH - 2) / 2];
	size_t i;

	if (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes))
		return -1;
	path[0] = '/';
	for (i = 0; i < sizeof(bytes); i++)
		snprintf(path + 1 + 2 * i, 3, "%02x", bytes[i]);
	return 0;
}

/* If the system does not tell owners, nobody is sent anywhere from here. */
static int make_places(struct listener *listener, int family)
{
	peer_open(&listener->peers, family, listener->port);
	if (make_path(listener->landing))
		return -1;
	if (listener->peers.fd < 0)
		return 0;
	return make_path(listener->start) ||
	       buf_fmt(&listener->address, "http://%s:%u%s",
		       family == AF_INET6 ? "[::1]" : "127.0.0.1",
		       (unsigned)listener->port, listener->start);
}

static int start_daemons(struct listener *listener, struct loopback *loopback)
{
	int i;

	listener->port = loopback->port;
	listener->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	listener->timer_fd =
	    timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (listener->epoll_fd < 0 || listener->timer_fd < 0 ||
	    watch_descriptor(listener, listener->timer_fd) ||
	    make_places(listener, loopback->family))
		return -1;
	for (i = 0; i < LOOPBACK_MAX; i++)
		if (loopback->fds[i] >= 0 &&
		    start_daemon(listener, i, &loopback->fds[i]))
			return -1;
	return 0;
}

int listener_open(const struct listener_options *options,
		  struct listener **listener, uint16_t *port,
		  struct problem *problem)
{
	struct loopback loopback;
	struct listener *opened;
	int rc;

	*listener = NULL;
	rc = loopback_open(options->host, options->port, &loopback, problem);
	if (rc)
		return rc;
	opened = calloc(1, sizeof(*opened));
	if (!opened) {
		loopback_close(&loopback);
		return problem_no_memory(problem);
	}
	opened->epoll_fd = opened->timer_fd = opened->peers.fd = -1;
	if (copy_options(opened, options) || start_daemons(opened, &loopback)) {
		loopback_close(&loopback);
		listener_close(opened);
		return problem_set(problem, VALETKEY_ERR_HELPER,
				   "Cannot wait for the browser: too little "
				   "memory or too few descriptors. Close other "
				   "programs and log in again.");
	}
	*port = opened->port;
	*listener = opened;
	return 0;
}

const char *listener_address(const struct listener *listener)
{
	return buf_text(&listener->address);
}

int listener_fd(const struct listener *listener)
{
	return listener->epoll_fd;
}

/* Wakes the caller when the next time limit is due. */
static void listener_set_timer(const struct listener *listener, int64_t next)
{
	struct itimerspec when = {0};
	MHD_UNSIGNED_LONG_LONG ms;
	int64_t least = next - clock_ms();
	int i;

	for (i = 0; i < LOOPBACK_MAX; i++)
		if (listener->daemons[i] &&
		    MHD_get_timeout(listener->daemons[i], &ms) == MHD_YES &&
		    (int64_t)ms < least)
			least = (int64_t)ms;
	if (least < 0)
		least = 0;
	when.it_value.tv_sec = (time_t)(least / 1000);
	when.it_value.tv_nsec = (long)(least % 1000) * 1000000 + 1;
	timerfd_settime(listener->timer_fd, 0, &when, NULL);
}

static void run_daemons(struct listener *listener)
{
	int i;

	for (i = 0; i < LOOPBACK_MAX; i++)
		if (listener->daemons[i])
			MHD_run(listener->daemons[i]);
	listener_set_timer(listener, guest_end_late(listener));
}

bool listener_run(struct listener *listener, struct listener_answer *answer)
{
	run_daemons(listener);
	if (!listener->untold)
		return false;
	*answer = listener->answer;
	listener->answer = (struct listener_answer){0};
	listener->untold = false;
	return true;
}

bool listener_refused(struct listener *listener)
{
	bool refused = listener->refused;

	listener->refused = false;
	return refused;
}

void listener_reply(struct listener *listener, enum listener_end end,
		    const char *text)
{
	struct pollfd poll_fd = {.fd = listener->epoll_fd, .events = POLLIN};
	int64_t deadline = deadline_in(REPLY_MS);

	listener->settled = true;
	listener->end = end;
	buf_clear(&listener->text);
	if (text)
		buf_str(&listener->text, text);
	while (listener->waiting)
		MHD_resume_connection(listener->waiters[--listener->waiting]);
	run_daemons(listener);
	while ((listener->unsent || !listener->shown) &&
	       deadline_left(deadline)) {
		poll(&poll_fd, 1, deadline_left(deadline));
		run_daemons(listener);
	}
	if (end == LISTENER_ASKING)
		listener->settled = listener->shown = false;
}

void listener_close(struct listener *listener)
{
	int i;

	if (!listener)
		return;
	if (listener->answered && !listener->settled)
		listener_reply(listener, LISTENER_FAILED,
			       "The program that asked for the login has "
			       "stopped waiting.");
	for (i = 0; i < LOOPBACK_MAX; i++)
		if (listener->daemons[i])
			MHD_stop_daemon(listener->daemons[i]);
	if (listener->timer_fd >= 0)
		close(listener->timer_fd);
	if (listener->epoll_fd >= 0)
		close(listener->epoll_fd);
	peer_close(&listener->peers);
	listener_answer_free(&listener->answer);
	wipe_free(listener->path);
	wipe_free(listener->state);
	wipe_free(listener->provider);
	wipe_free(listener->account);
	wipe_free(listener->program);
	buf_free(&listener->address);
	buf_free(&listener->text);
	free(listener);
}
