/* SPDX-License-Identifier: MIT */
/*
 * listener.c - waits for the redirect that ends a login, see net.h; the only
 * file that knows libmicrohttpd.
 *
 * Only a GET on the exact path with the right state counts. Whatever else
 * browsers and other programs send (an early connection that stays silent, a
 * favicon, a preflight that carries the code, a forged or half request) is
 * answered or dropped and the wait goes on. The browser that brought the answer
 * is suspended until listener_reply(), so that its page tells the truth; one
 * that comes again with the same state (a reload) waits with it.
 *
 * libmicrohttpd runs without threads. Its epoll descriptors and a timer for its
 * time limits are inside one of ours, which the caller polls.
 */
#include "net_module.h"

#include "clock.h"
#include "loopback.h"
#include "page.h"
#include "redirect.h"
#include "valetkey.h"

#include <microhttpd.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define REPLY_MS 2000
#define CONNECTION_S 10u
#define CONNECTIONS 64u
#define MEMORY ((size_t)64 << 10) /* a request; a longer URL is answered 414 */
#define WAITERS 8

struct listener {
	struct MHD_Daemon *daemons[LOOPBACK_MAX];
	int epoll_fd;
	int timer_fd;
	uint16_t port;
	char *path;
	char *state;
	char *provider;
	char *account;
	struct listener_answer answer;
	bool answered; /* the state has been used */
	bool untold;   /* listener_run() has not returned it yet */
	bool settled;  /* listener_reply() was called: success, reason */
	bool success;
	struct buf reason;
	struct MHD_Connection *waiters[WAITERS];
	unsigned waiting; /* suspended, in waiters */
	unsigned unsent;  /* suspended or resumed, page not yet sent */
};

static enum MHD_Result respond(struct MHD_Connection *connection,
			       unsigned status, const struct buf *body)
{
	struct MHD_Response *response;
	enum MHD_Result result;

	response = MHD_create_response_from_buffer(body->len, body->data,
						   MHD_RESPMEM_MUST_COPY);
	if (!response)
		return MHD_NO;
	MHD_add_response_header(response, "Content-Security-Policy",
				page_content_security_policy);
	MHD_add_response_header(response, "Referrer-Policy", "no-referrer");
	MHD_add_response_header(response, "Cache-Control", "no-store");
	MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
	MHD_add_response_header(response, "Connection", "close");
	if (body->len)
		MHD_add_response_header(response, "Content-Type",
					"text/html; charset=utf-8");
	if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
		MHD_add_response_header(response, "Allow", "GET");
	result = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return result;
}

static enum MHD_Result respond_page(const struct listener *listener,
				    struct MHD_Connection *connection,
				    unsigned status, enum page_kind kind)
{
	struct page page = {.kind = kind,
			    .provider = listener->provider,
			    .account = listener->account,
			    .reason = buf_text(&listener->reason)};
	struct buf body = {0};
	enum MHD_Result result = MHD_NO;

	if (!page_write(&page, &body))
		result = respond(connection, status, &body);
	buf_free(&body);
	return result;
}

static enum MHD_Result respond_settled(const struct listener *listener,
				       struct MHD_Connection *connection)
{
	return respond_page(listener, connection, MHD_HTTP_OK,
			    listener->success ? PAGE_SUCCESS : PAGE_FAILURE);
}

static enum MHD_Result on_parameter(void *context, enum MHD_ValueKind kind,
				    const char *key, size_t key_len,
				    const char *value, size_t value_len)
{
	(void)kind;
	redirect_add(context, key, key_len, value, value_len);
	return MHD_YES;
}

static bool is_our_path(const struct listener *listener, const char *path)
{
	const char *ours = *listener->path ? listener->path : "/";

	return strcmp(path, ours) == 0;
}

static enum MHD_Result on_redirect(struct listener *listener,
				   struct MHD_Connection *connection,
				   void **mark)
{
	struct redirect redirect = {0};

	MHD_get_connection_values_n(connection, MHD_GET_ARGUMENT_KIND,
				    on_parameter, &redirect);
	if (!redirect_matches(&redirect, listener->state))
		return respond_page(listener, connection, MHD_HTTP_BAD_REQUEST,
				    PAGE_STRANGER);
	if (listener->settled)
		return respond_settled(listener, connection);
	if (listener->waiting == WAITERS ||
	    (!listener->answered &&
	     redirect_answer(&redirect, &listener->answer)))
		return respond_page(listener, connection,
				    MHD_HTTP_SERVICE_UNAVAILABLE,
				    PAGE_STRANGER);
	listener->untold |= !listener->answered;
	listener->answered = true;
	*mark = listener;
	listener->waiters[listener->waiting++] = connection;
	listener->unsent++;
	MHD_suspend_connection(connection);
	return MHD_YES;
}

static enum MHD_Result on_request(void *context,
				  struct MHD_Connection *connection,
				  const char *path, const char *method,
				  const char *version, const char *body,
				  size_t *body_len, void **mark)
{
	static const struct buf nothing;
	struct listener *listener = context;
	const char *host =
	    MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Host");

	(void)version, (void)body;
	if (*mark && *body_len) {
		*body_len = 0;
		return MHD_YES;
	}
	if (*mark)
		return respond_settled(listener, connection);
	if (!redirect_is_for_us(host, listener->port))
		return respond_page(listener, connection, MHD_HTTP_FORBIDDEN,
				    PAGE_NOT_FOUND);
	if (strcmp(method, "OPTIONS") == 0)
		return respond(connection, MHD_HTTP_NO_CONTENT, &nothing);
	if (strcmp(method, "GET") != 0)
		return respond_page(listener, connection,
				    MHD_HTTP_METHOD_NOT_ALLOWED, PAGE_METHOD);
	if (!is_our_path(listener, path))
		return respond_page(listener, connection, MHD_HTTP_NOT_FOUND,
				    PAGE_NOT_FOUND);
	return on_redirect(listener, connection, mark);
}

static void on_completed(void *context, struct MHD_Connection *connection,
			 void **mark, enum MHD_RequestTerminationCode why)
{
	struct listener *listener = context;

	(void)connection, (void)why;
	if (*mark)
		listener->unsent--;
	*mark = NULL;
}

static int watch(const struct listener *listener, int fd)
{
	struct epoll_event event = {.events = EPOLLIN};

	return epoll_ctl(listener->epoll_fd, EPOLL_CTL_ADD, fd, &event);
}

/* The daemon owns the socket from here on. Where it fails to start, nobody says
 * whether it has closed it, so we do not close it a second time. */
static int start_daemon(struct listener *listener, int i, int *fd)
{
	const union MHD_DaemonInfo *info = NULL;
	struct MHD_Daemon *daemon;

	daemon = MHD_start_daemon(
	    MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, on_request,
	    listener, MHD_OPTION_LISTEN_SOCKET, *fd,
	    MHD_OPTION_NOTIFY_COMPLETED, on_completed, listener,
	    MHD_OPTION_CONNECTION_TIMEOUT, CONNECTION_S,
	    MHD_OPTION_CONNECTION_LIMIT, CONNECTIONS,
	    MHD_OPTION_CONNECTION_MEMORY_LIMIT, MEMORY, MHD_OPTION_END);
	*fd = -1;
	listener->daemons[i] = daemon;
	if (daemon)
		info = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_EPOLL_FD);
	return info ? watch(listener, info->epoll_fd) : -1;
}

static int copy_options(struct listener *listener,
			const struct listener_options *options)
{
	listener->path = strdup(options->path);
	listener->state = strdup(options->state);
	listener->provider = strdup(options->provider);
	listener->account = strdup(options->account);
	return listener->path && listener->state && listener->provider &&
		       listener->account
		   ? 0
		   : -1;
}

static int start(struct listener *listener, struct loopback *loopback)
{
	int i;

	listener->port = loopback->port;
	listener->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	listener->timer_fd =
	    timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (listener->epoll_fd < 0 || listener->timer_fd < 0 ||
	    watch(listener, listener->timer_fd))
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
		return problem_set(problem, VALETKEY_ERR_NOMEM,
				   "Out of memory.");
	}
	opened->epoll_fd = opened->timer_fd = -1;
	if (copy_options(opened, options) || start(opened, &loopback)) {
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

int listener_fd(const struct listener *listener)
{
	return listener->epoll_fd;
}

/* Wakes the caller when the next time limit is due. */
static void set_timer(const struct listener *listener)
{
	struct itimerspec when = {0};
	MHD_UNSIGNED_LONG_LONG ms, least = 0;
	bool any = false;
	int i;

	for (i = 0; i < LOOPBACK_MAX; i++) {
		if (!listener->daemons[i] ||
		    MHD_get_timeout(listener->daemons[i], &ms) != MHD_YES)
			continue;
		if (!any || ms < least)
			least = ms;
		any = true;
	}
	if (any) {
		when.it_value.tv_sec = (time_t)(least / 1000);
		when.it_value.tv_nsec = (long)(least % 1000) * 1000000 + 1;
	}
	timerfd_settime(listener->timer_fd, 0, &when, NULL);
}

static void run(struct listener *listener)
{
	int i;

	for (i = 0; i < LOOPBACK_MAX; i++)
		if (listener->daemons[i])
			MHD_run(listener->daemons[i]);
	set_timer(listener);
}

bool listener_run(struct listener *listener, struct listener_answer *answer)
{
	run(listener);
	if (!listener->untold)
		return false;
	*answer = listener->answer;
	listener->answer = (struct listener_answer){0};
	listener->untold = false;
	return true;
}

void listener_reply(struct listener *listener, bool success, const char *reason)
{
	struct pollfd poll_fd = {.fd = listener->epoll_fd, .events = POLLIN};
	int64_t deadline = deadline_in(REPLY_MS);

	listener->settled = true;
	listener->success = success;
	buf_clear(&listener->reason);
	if (reason)
		buf_str(&listener->reason, reason);
	while (listener->waiting)
		MHD_resume_connection(listener->waiters[--listener->waiting]);
	run(listener);
	while (listener->unsent && deadline_left(deadline)) {
		poll(&poll_fd, 1, deadline_left(deadline));
		run(listener);
	}
}

void listener_close(struct listener *listener)
{
	int i;

	if (!listener)
		return;
	if (listener->waiting)
		listener_reply(listener, false,
			       "The program that asked for the login has "
			       "stopped waiting.");
	for (i = 0; i < LOOPBACK_MAX; i++)
		if (listener->daemons[i])
			MHD_stop_daemon(listener->daemons[i]);
	if (listener->timer_fd >= 0)
		close(listener->timer_fd);
	if (listener->epoll_fd >= 0)
		close(listener->epoll_fd);
	listener_answer_free(&listener->answer);
	wipe_free(listener->path);
	wipe_free(listener->state);
	wipe_free(listener->provider);
	wipe_free(listener->account);
	buf_free(&listener->reason);
	free(listener);
}
