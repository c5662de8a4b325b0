/* SPDX-License-Identifier: MIT */
/*
 * host.c - the programs that ask for tokens, one process for each get, and the
 * helpers that their calls start. We are the subreaper, so a helper is a child
 * of ours that started after its host.
 */
#include "campaign.h"
#include "valetkey.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define REFRESH_S 1000000 /* no token is good for so long */
#define HELPER_COMES_US 30000
#define HELPERS_END_MS 90000

/* ---- calls of the plugin that fail (linked with --wrap) ---- */

static const char *no_call = "";

int __real_clone(int (*run)(void *), void *stack, int flags, void *data, ...);
int __wrap_clone(int (*run)(void *), void *stack, int flags, void *data, ...);
int __real_posix_spawn(pid_t *pid, const char *path,
		       const posix_spawn_file_actions_t *actions,
		       const posix_spawnattr_t *attributes, char *const argv[],
		       char *const environment[]);
int __wrap_posix_spawn(pid_t *pid, const char *path,
		       const posix_spawn_file_actions_t *actions,
		       const posix_spawnattr_t *attributes, char *const argv[],
		       char *const environment[]);
int __real_socketpair(int domain, int type, int protocol, int pair[2]);
int __wrap_socketpair(int domain, int type, int protocol, int pair[2]);

int __wrap_clone(int (*run)(void *), void *stack, int flags, void *data, ...)
{
	if (strcmp(no_call, "clone") != 0)
		return __real_clone(run, stack, flags, data);
	errno = EAGAIN;
	return -1;
}

int __wrap_posix_spawn(pid_t *pid, const char *path,
		       const posix_spawn_file_actions_t *actions,
		       const posix_spawnattr_t *attributes, char *const argv[],
		       char *const environment[])
{
	if (strcmp(no_call, "spawn") != 0)
		return __real_posix_spawn(pid, path, actions, attributes, argv,
					  environment);
	return EAGAIN;
}

int __wrap_socketpair(int domain, int type, int protocol, int pair[2])
{
	if (strcmp(no_call, "socketpair") != 0)
		return __real_socketpair(domain, type, protocol, pair);
	errno = EMFILE;
	return -1;
}

/* ---- a host ---- */

static void *exit_soon(void *data)
{
	const struct host_options *options = data;

	world_sleep_us(options->exit_after_us);
	_exit(0);
}

static void prepare(const struct host_options *options)
{
	const struct rlimit none = {0, 0};
	pthread_t thread;

	setpgid(0, 0);
	signal(SIGINT, SIG_DFL);
	if (options->no_call)
		no_call = options->no_call;
	if (options->no_file_size)
		setrlimit(RLIMIT_FSIZE, &none);
	if (options->exit_after_us)
		pthread_create(&thread, NULL, exit_soon, (void *)options);
}

static void get(const struct host_options *options, uint32_t timeout_ms,
		struct outcome *outcome)
{
	const struct valetkey_request request = {
	    .size = sizeof(request),
	    .account = options->account,
	    .min_valid_s = options->invalidate ? 0 : REFRESH_S,
	    .timeout_ms = timeout_ms,
	};
	const struct valetkey_token *token = NULL;
	struct valetkey *handle = NULL;
	int64_t began = world_ms();

	outcome->result = valetkey_open(NULL, &handle);
	if (!outcome->result)
		outcome->result = valetkey_get(handle, &request, &token);
	if (token && options->invalidate)
		outcome->result = valetkey_invalidate(handle, token);
	outcome->took_ms = world_ms() - began;
	outcome->answered = true;
	if (token)
		snprintf(outcome->token, sizeof(outcome->token), "%s",
			 token->access_token);
}

void host_start(struct host *host, const struct host_options *options)
{
	struct outcome outcome = {0};
	int fds[2];

	host->timeout_ms =
	    options->timeout_ms ? options->timeout_ms : TIMEOUT_MS;
	if (pipe2(fds, O_CLOEXEC)) {
		perror("campaign");
		exit(99);
	}
	host->began = world_ms();
	host->pid = fork();
	if (host->pid == 0) {
		prepare(options);
		get(options, host->timeout_ms, &outcome);
		(void)!write(fds[1], &outcome, sizeof(outcome));
		_exit(0);
	}
	close(fds[1]);
	host->answers = fds[0];
}

void host_end(struct host *host, struct outcome *outcome)
{
	struct outcome got = {0};

	if (read(host->answers, &got, sizeof(got)) != (ssize_t)sizeof(got))
		got.answered = false;
	close(host->answers);
	while (waitpid(host->pid, NULL, 0) < 0 && errno == EINTR)
		;
	*outcome = got;
}

/* ---- helpers ---- */

static pid_t last_process(void)
{
	char text[128];
	const char *at;

	world_read("/proc/loadavg", text, sizeof(text));
	at = strrchr(text, ' ');
	return at ? (pid_t)strtol(at, NULL, 10) : 0;
}

static bool is_named(const char *stat, const char *name)
{
	const char *at = strchr(stat, '(');

	return at && strncmp(at + 1, name, strlen(name)) == 0;
}

/* Threads are found there too, and a thread sanitizer has one everywhere. */
static bool is_process(pid_t pid)
{
	char path[64], text[512];
	const char *at;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	world_read(path, text, sizeof(text));
	at = strstr(text, "\nTgid:");
	return at && strtol(at + 6, NULL, 10) == (long)pid;
}

/* Whether it is a helper that runs, or will be one: until its exec it has our
 * name, and hosts have been waited for. One that ended is reaped. */
static bool is_helper(pid_t pid)
{
	char path[64], text[256];
	const char *at;
	char state;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	world_read(path, text, sizeof(text));
	at = strrchr(text, ')');
	if (!at || pid == world.keyring ||
	    strtol(at + 4, NULL, 10) != (long)getpid())
		return false;
	state = at[2];
	/* The last two: on its way, before exec(). */
	if (!is_named(text, "valetkey-helpe") &&
	    !is_named(text, "helper-faulty") && !is_named(text, "valetkey)") &&
	    !is_named(text, "campaign)"))
		return false;
	if (state != 'Z')
		return is_process(pid);
	waitpid(pid, NULL, WNOHANG);
	return false;
}

static pid_t find_between(pid_t first, pid_t last)
{
	for (pid_t pid = first; pid <= last; pid++)
		if (is_helper(pid))
			return pid;
	return 0;
}

/* Their numbers begin again at the limit. */
static pid_t find_after(pid_t after, pid_t last)
{
	pid_t found;
	char limit[32];

	if (last >= after)
		return find_between(after + 1, last);
	world_read("/proc/sys/kernel/pid_max", limit, sizeof(limit));
	found = find_between(after + 1, (pid_t)strtol(limit, NULL, 10));
	return found ? found : find_between(1, last);
}

/* The one that was to start it may have done so, and ended, before it was looked
 * at: then the helper is behind what was the last process. */
static pid_t find_helper(pid_t after)
{
	pid_t last = last_process();
	pid_t found = find_after(after, last);

	while (!found && last_process() != last) {
		after = last;
		last = last_process();
		found = find_after(after, last);
	}
	return found;
}

pid_t host_helper(const struct host *host)
{
	pid_t pid;

	for (unsigned us = 0; us < HELPER_COMES_US; us += 300) {
		pid = find_helper(host->pid);
		if (pid)
			return pid;
		world_sleep_us(100);
	}
	return 0;
}

void host_await_helpers(pid_t after)
{
	int64_t until = world_ms() + HELPERS_END_MS;

	while (find_helper(after)) {
		if (world_ms() > until) {
			fputs("campaign: a helper does not end\n", stderr);
			exit(99);
		}
		world_sleep_us(1000);
	}
}
