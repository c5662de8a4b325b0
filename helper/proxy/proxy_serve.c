/* SPDX-License-Identifier: MIT */
/*
 * proxy_serve.c - see proxy_serve.h: one thread, which waits for the relay, for
 * tokens and for signals at once.
 */
#include "proxy_serve.h"

#include "command/child.h"
#include "command/command.h"
#include "core/clock.h"
#include "proxy_wait.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#define FIXED_FDS 2 /* the relay's, and the signals' */

extern char **environ;

struct serving {
	struct proxy *proxy;
	struct proxy_run *run;
	int signals; /* a descriptor that brings them */
	sigset_t before;
	pid_t child; /* 0: none */
	int64_t idle_since;
	bool ends;
	struct pollfd *fds;
	size_t room;
};

/* ---- opening and closing ---- */

int proxy_open(struct proxy *proxy, int listener)
{
	const struct valetkey_options how = {
	    .size = sizeof(how),
	    .program = "valetkey proxy",
	    .converse = proxy_wait_converse,
	    .data = proxy,
	};
	struct relay_options options = {.listener = listener};
	struct problem problem = {0};
	int rc = valetkey_open(&how, &proxy->handle);

	cmd_debug_handle(proxy->handle);
	proxy->net = rc ? NULL : net_load(&problem);
	if (!proxy->net) {
		close(listener);
		return rc ? rc : cmd_fail_problem(&problem);
	}
	proxy_call_serve(proxy, &options);
	rc = proxy->net->relay_open(&options, &proxy->relay, &problem);
	return rc ? cmd_fail_problem(&problem) : VALETKEY_OK;
}

void proxy_close(struct proxy *proxy)
{
	if (proxy->relay)
		proxy->net->relay_close(proxy->relay);
	proxy->relay = NULL;
	proxy_wait_end(proxy);
	proxy_bearer_drop(proxy->doubted);
	proxy->doubted = NULL;
	valetkey_close(proxy->handle);
	proxy->handle = NULL;
}

/* ---- signals ---- */

/* What is ignored, as by nohup, stays so. */
static void add_signal(sigset_t *set, int number)
{
	struct sigaction now;

	if (sigaction(number, NULL, &now) != 0 || now.sa_handler != SIG_IGN)
		sigaddset(set, number);
}

static int open_signals(struct serving *serving)
{
	sigset_t set;

	sigemptyset(&set);
	add_signal(&set, SIGINT);
	add_signal(&set, SIGTERM);
	add_signal(&set, SIGHUP);
	if (serving->run->command)
		add_signal(&set, SIGQUIT);
	sigaddset(&set, SIGCHLD);
	signal(SIGPIPE, SIG_IGN);
	sigprocmask(SIG_BLOCK, &set, &serving->before);
	serving->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (serving->signals >= 0)
		return VALETKEY_OK;
	return cmd_fail(VALETKEY_ERR_DENIED, "No descriptor for signals: %s.",
			strerror(errno));
}

static void look_at_child(struct serving *serving)
{
	if (serving->child && waitpid(serving->child, &serving->run->status,
				      WNOHANG) == serving->child) {
		serving->child = 0;
		serving->ends = true;
	}
}

/* A terminal sends SIGINT and SIGQUIT to the command too: it decides. */
static void take_signal(struct serving *serving, int number)
{
	if (number == SIGCHLD)
		look_at_child(serving);
	else if (!serving->child)
		serving->ends = true;
	else if (number == SIGTERM || number == SIGHUP)
		kill(serving->child, number);
}

static void read_signals(struct serving *serving)
{
	struct signalfd_siginfo info;

	while (read(serving->signals, &info, sizeof(info)) ==
	       (ssize_t)sizeof(info))
		take_signal(serving, (int)info.ssi_signo);
}

/* ---- the command ---- */

/* With the signals as we were given them. */
static int start_command(struct serving *serving)
{
	char *const *argv = serving->run->command;
	posix_spawnattr_t how;
	sigset_t usual;
	int error;

	sigemptyset(&usual);
	sigaddset(&usual, SIGPIPE);
	posix_spawnattr_init(&how);
	posix_spawnattr_setsigmask(&how, &serving->before);
	posix_spawnattr_setsigdefault(&how, &usual);
	posix_spawnattr_setflags(&how, POSIX_SPAWN_SETSIGMASK |
					   POSIX_SPAWN_SETSIGDEF);
	error =
	    posix_spawnp(&serving->child, argv[0], NULL, &how, argv, environ);
	posix_spawnattr_destroy(&how);
	if (!error)
		return VALETKEY_OK;
	serving->child = 0;
	errno = error;
	return cmd_child_failed(argv[0]);
}

/* ---- the loop ---- */

/* How long it may sleep: -1 for ever. Says so if it has been idle for long. */
static int time_left(struct serving *serving, int relay_ms)
{
	const struct proxy *proxy = serving->proxy;
	int64_t idle_ms = serving->run->idle_s * 1000, left;

	if (!idle_ms)
		return relay_ms;
	if (proxy->net->relay_clients(proxy->relay) || proxy->waits)
		serving->idle_since = clock_ms();
	left = serving->idle_since + idle_ms - clock_ms();
	if (left <= 0)
		serving->ends = true;
	left = left < 1 ? 0 : left > 1000 ? 1000 : left;
	return relay_ms >= 0 && relay_ms < left ? relay_ms : (int)left;
}

static int make_poll_room(struct serving *serving)
{
	size_t wanted = FIXED_FDS + serving->proxy->waits_count;
	struct pollfd *more;

	if (wanted <= serving->room)
		return VALETKEY_OK;
	more = reallocarray(serving->fds, wanted + 8, sizeof(*more));
	if (!more)
		return VALETKEY_ERR_NOMEM;
	serving->fds = more;
	serving->room = wanted + 8;
	return VALETKEY_OK;
}

/* Sleeps until there is something to do, and does it; *relay_ms: how long the
 * relay can do without. */
static int serve_once(struct serving *serving, int *relay_ms)
{
	struct proxy *proxy = serving->proxy;
	int timeout = time_left(serving, *relay_ms);
	int rc = make_poll_room(serving);
	nfds_t count = FIXED_FDS + proxy->waits_count;

	if (rc || serving->ends)
		return rc;
	serving->fds[0] = (struct pollfd){
	    .fd = proxy->net->relay_fd(proxy->relay), .events = POLLIN};
	serving->fds[1] =
	    (struct pollfd){.fd = serving->signals, .events = POLLIN};
	proxy_wait_poll(proxy, serving->fds + FIXED_FDS);
	if (poll(serving->fds, count, timeout) < 0 && errno != EINTR)
		return cmd_fail(VALETKEY_ERR_DENIED, "poll: %s.",
				strerror(errno));
	if (serving->fds[1].revents)
		read_signals(serving);
	proxy_wait_run(proxy);
	*relay_ms = proxy->net->relay_run(proxy->relay);
	return VALETKEY_OK;
}

int proxy_serve(struct proxy *proxy, struct proxy_run *run)
{
	struct serving serving = {.proxy = proxy,
				  .run = run,
				  .signals = -1,
				  .idle_since = clock_ms()};
	int relay_ms = 0;
	int rc = open_signals(&serving);

	if (!rc && run->command)
		rc = start_command(&serving);
	while (!rc && !serving.ends)
		rc = serve_once(&serving, &relay_ms);
	proxy_close(proxy);
	proxy_listen_end(run->listener);
	if (serving.signals >= 0)
		close(serving.signals);
	sigprocmask(SIG_SETMASK, &serving.before, NULL);
	free(serving.fds);
	return rc;
}
