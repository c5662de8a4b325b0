/* SPDX-License-Identifier: MIT */
/*
 * helper.c - the program valetkey-helper: the only one that ever holds a refresh
 * token or a client secret. Started by the plugin with a socket as descriptor 3
 * and an environment of the plugin's choice, or by systemd with the connection of
 * another machine (ops/share.h); answers one request and exits. It
 * starts no other program, writes no log and leaves no core.
 */
#include "core/channel.h"
#include "core/clock.h"
#include "core/own_memory.h"
#include "grant/revocations.h"
#include "net/net.h"
#include "oauth/exchange_text.h"
#include "ops/ops.h"
#include "ops/recover.h"
#include "ops/share.h"
#include "store/lock.h"
#include <valetkey.h>

#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define REQUEST_MS 5000
#define TIMEOUT_MS_DEFAULT 30000
#define TIMEOUT_MS_MAX 3600000
#define TIMEOUT_SHARED_MS 60000
#define AFTER_DEADLINE_S 180 /* a sent request, and storing what it brought */

static const struct {
	const char *name;
	int (*run)(struct job *job);
} operations[] = {
    {"get", op_get},
    {"renew", op_renew},
    {"invalidate", op_invalidate},
    {"login", op_login},
    {"add", op_add},
    {"edit", op_edit},
    {"register", op_register},
    {"discover", op_discover},
    {"doctor", op_doctor},
    {"resource", op_resource},
    {"status", op_status},
    {"keepalive", op_keepalive},
    {"logout", op_logout},
    {"remove", op_remove},
    {"drop_revocations", op_drop_revocations},
    {"store", op_store},
    {"move", op_move},
    {"unlock", op_unlock},
    {"lock", op_lock},
    {"forget", op_forget},
    {"git_get", op_git_get},
    {"git_store", op_git_store},
    {"git_erase", op_git_erase},
};

/* No core, no ptrace by others, and nothing left of the host's. */
static void harden(void)
{
	const struct rlimit none = {0, 0};
	const struct passwd *user = getpwuid(geteuid());

	own_memory_hide();
	own_memory_lock();
	setrlimit(RLIMIT_CORE, &none);
	umask(077);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN); /* a host's limit: write() says EFBIG */
	setenv("HOME", user && user->pw_dir ? user->pw_dir : "/", 1);
	setenv("USER", user && user->pw_name ? user->pw_name : "", 1);
	if (chdir("/") != 0)
		_exit(1);
}

static void on_deadline(int number)
{
	(void)number;
	channel_ring(CHANNEL_BELL_FD);
}

/* An event loop that the host waits in learns from us that its time is up,
 * whatever we are doing. */
static void ring_at(int64_t deadline)
{
	struct sigaction action = {.sa_handler = on_deadline,
				   .sa_flags = SA_RESTART};
	struct sigevent event = {.sigev_notify = SIGEV_SIGNAL,
				 .sigev_signo = SIGUSR1};
	const struct itimerspec at = {
	    .it_value = {deadline / 1000, deadline % 1000 * 1000000L}};
	timer_t timer;

	sigemptyset(&action.sa_mask);
	if (sigaction(SIGUSR1, &action, NULL) == 0 &&
	    timer_create(CLOCK_BOOTTIME, &event, &timer) == 0)
		timer_settime(timer, TIMER_ABSTIME, &at, NULL);
}

/* Started by hand: say what this is. */
static int helper_explain(void)
{
	fputs("valetkey-helper is started by valetkey and by programs that use "
	      "libvaletkey;\n"
	      "it is of no use by itself. See: man valetkey\n",
	      stderr);
	return VALETKEY_ERR_ARG;
}

static bool is_socket(int fd)
{
	int type;
	socklen_t size = sizeof(type);

	return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 &&
	       type == SOCK_STREAM;
}

/* A person is at these; what a program asks for sends as it can. */
static bool sends_pending(const char *name)
{
	static const char *const names[] = {"login",  "add",	"register",
					    "status", "logout", "remove"};

	for (size_t i = 0; name && i < sizeof(names) / sizeof(*names); i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

static void tell_exchange(const struct net_exchange *exchange, void *data)
{
	struct buf line = {0};

	if (exchange_text(exchange, &line) == 0)
		job_debug(data, "%s", line.data);
	buf_free(&line);
}

/* Of another machine the request for it is passed over. */
static void debug_begin(struct job *job, const char *name)
{
	const char *account = record_get(&job->request, "account");

	job->debug = !job->shared && record_get(&job->request, "debug");
	if (!job->debug)
		return;
	net_observe(tell_exchange, job);
	job_debug(job, "The helper begins: %s%s%s.", name ? name : "?",
		  account ? " " : "", account ? account : "");
}

static int helper_run(struct job *job)
{
	const char *name = record_get(&job->request, "op");
	int64_t most = job->shared ? TIMEOUT_SHARED_MS : TIMEOUT_MS_MAX;
	bool looks = record_get(&job->request, "look") != NULL;
	int64_t timeout =
	    record_get_int(&job->request, "timeout_ms", TIMEOUT_MS_DEFAULT);
	int rc;

	if (timeout < 1)
		timeout = 1;
	if (timeout > most)
		timeout = most;
	job->deadline = job->began + timeout;
	if (job->host->bell)
		ring_at(job->deadline);
	job->interactive =
	    !job->shared && record_get(&job->request, "interactive");
	job->send_pending = !job->shared && !looks && sends_pending(name);
	debug_begin(job, name);
	if (!looks)
		recover_all();
	watchdog(timeout / 1000 + AFTER_DEADLINE_S);
	if (job->shared)
		return share_run(job);
	if (op_far(job, &rc))
		return rc;
	for (size_t i = 0; name && i < sizeof(operations) / sizeof(*operations);
	     i++)
		if (strcmp(operations[i].name, name) == 0)
			return operations[i].run(job);
	return problem_set(&job->problem, VALETKEY_ERR_HELPER,
			   "The helper does not know this request. Are two "
			   "versions of valetkey installed?");
}

static void send_answer(struct job *job, int result)
{
	struct record failure = {0}, *answer = &job->answer;

	job_debug(job, "The helper is done: result %d, %lld ms.", result,
		  (long long)(clock_ms() - job->began));
	if (result != VALETKEY_OK)
		answer = &failure;
	if (result != VALETKEY_OK && *job->problem.text)
		record_add(answer, "text", job->problem.text);
	if (record_add_int(answer, "result", result) == 0)
		channel_write(job->host, answer, deadline_in(REQUEST_MS));
	record_free(&failure);
}

/* Of each store that this request has opened. */
static void send_waiting(struct job *job)
{
	for (size_t i = 0; i < STORE_PLACES; i++) {
		job_use_store(job, (enum store_place)i);
		if (job->store)
			revocations_send(job, NULL);
	}
}

/* `valetkey-helper share` is a service of the user's systemd. */
int main(int argc, char **argv)
{
	struct channel host = {.fd = CHANNEL_HELPER_FD};
	struct job job = {
	    .host = &host,
	    .began = clock_ms(),
	    .shared = argc > 1 && strcmp(argv[1], "share") == 0,
	    .retry_after_s = -1,
	};

	if (!is_socket(CHANNEL_HELPER_FD))
		return helper_explain();
	if (!job.shared && is_socket(CHANNEL_BELL_FD))
		host.bell = CHANNEL_BELL_FD;
	harden();
	watchdog(AFTER_DEADLINE_S);
	if (channel_read(&host, &job.request, deadline_in(REQUEST_MS)) ==
	    CHANNEL_OK)
		send_answer(&job, helper_run(&job));
	channel_close(&host);
	if (job.provider_reached || job.send_pending)
		send_waiting(&job);
	job_close_stores(&job);
	record_free(&job.request);
	record_free(&job.answer);
	return 0;
}
