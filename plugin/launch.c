/* SPDX-License-Identifier: MIT */
/*
 * launch.c - see launch.h. The helper must not be a child of the host: a host's
 * SIGCHLD handler or wait(-1) would meet it. exec() resets a child's exit signal
 * to SIGCHLD, so an intermediate that has no exit signal starts the helper and
 * exits without ever calling exec; init inherits the helper. Only __WCLONE sees
 * the intermediate.
 */
#include "launch.h"

#include "core/account.h"
#include "core/buf.h"
#include "core/channel.h"
#include "core/descriptor.h"
#include "core/paths.h"
#include <valetkey.h>

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- what the helper sees of the environment ---- */

/* What of the host's environment the helper may see: an allow-list. Nothing
 * that changes what the loader, GLib or curl load or log.
 *
 * The helper sets HOME and USER itself, from the user database. */

#define PATH_FIXED "PATH=/usr/local/bin:/usr/bin:/bin"
#define VARIABLES_MAX 256

static bool is_proxy(const char *variable)
{
	const char *end = strchr(variable, '=');

	return end && end - variable > 6 &&
	       strncasecmp(end - 6, "_proxy", 6) == 0;
}

static bool is_dir_of(const char *path, uid_t owner)
{
	struct stat st;

	return *path == '/' && stat(path, &st) == 0 && S_ISDIR(st.st_mode) &&
	       st.st_uid == owner && !(st.st_mode & (S_IWGRP | S_IWOTH));
}

/* A directory of ours that nobody else can write. */
static bool is_safe_dir(const char *path)
{
	return is_dir_of(path, geteuid());
}

static bool allowed(const char *variable)
{
	static const char *const begins[] = {"DBUS_SESSION_BUS_ADDRESS=",
					     "LANG=",
					     "LC_",
					     "SSL_CERT_DIR=",
					     "SSL_CERT_FILE=",
					     "TZ=",
					     NULL};
	const char *value = strchr(variable, '=');

	if (!value++)
		return false;
	if (strncmp(variable, "XDG_RUNTIME_DIR=", 16) == 0)
		return is_safe_dir(value);
	if (strncmp(variable, "CREDENTIALS_DIRECTORY=", 22) == 0)
		return is_safe_dir(value) ||
		       is_dir_of(value, 0); /* systemd's */
	for (const char *const *begin = begins; *begin; begin++)
		if (strncmp(variable, *begin, strlen(*begin)) == 0)
			return true;
	return is_proxy(variable);
}

static char *config_home(void)
{
	struct buf path = {0};
	int rc = VALETKEY_ERR_NOMEM;

	if (buf_str(&path, "XDG_CONFIG_HOME=") == 0)
		rc = account_config_home(&path);
	if (rc == VALETKEY_OK)
		return path.data;
	buf_free(&path);
	return rc == VALETKEY_ERR_NOMEM ? NULL : strdup("XDG_CONFIG_HOME=");
}

/* For cron and the like, which set none, *variable is where logind makes it; NULL
 * if another one counts, or that is not ours alone. */
static int usual_runtime_dir(char **variable)
{
	const char *given = getenv("XDG_RUNTIME_DIR");
	struct buf usual = {0};
	struct stat st;
	const char *path;

	*variable = NULL;
	if (given && is_safe_dir(given))
		return 0;
	if (buf_fmt(&usual, "XDG_RUNTIME_DIR=/run/user/%u",
		    (unsigned)geteuid()))
		return -1;
	path = strchr(usual.data, '/');
	if (is_safe_dir(path) && stat(path, &st) == 0 &&
	    (st.st_mode & 07777) == 0700)
		*variable = usual.data;
	else
		buf_free(&usual);
	return 0;
}

/* A NULL-terminated environment for the helper, or NULL without memory. */
static char **environment_for_helper(void)
{
	char **out = calloc(VARIABLES_MAX + 1, sizeof(*out));
	size_t n = 0;

	if (!out)
		return NULL;
	out[n++] = strdup(PATH_FIXED);
	out[n++] = config_home();
	if (usual_runtime_dir(&out[n]) || out[n])
		n++;
	for (char **at = environ; at && *at && n < VARIABLES_MAX; at++)
		if (allowed(*at))
			out[n++] = strdup(*at);
	for (size_t i = 0; i < n; i++)
		if (!out[i]) {
			while (n)
				free(out[--n]);
			free(out);
			return NULL;
		}
	return out;
}

static void environment_free(char **environment)
{
	if (!environment)
		return;
	for (char **at = environment; *at; at++)
		free(*at);
	free(environment);
}

#define STACK_SIZE (128u << 10)

struct plan {
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	char **environment;
	int error;
};

/* Runs in the host's memory while the calling thread is stopped (vfork). */
static int intermediate(void *data)
{
	struct plan *plan = data;
	char *argv[] = {(char *)"valetkey-helper", NULL};
	pid_t pid;

	plan->error = posix_spawn(&pid, paths_helper, &plan->actions,
				  &plan->attributes, argv, plan->environment);
	/* Not _exit(): what sanitizers do there is not for a borrowed memory. */
	syscall(SYS_exit_group, plan->error ? 1 : 0);
	return 1;
}

static int run_intermediate(struct plan *plan)
{
	char *stack = mmap(NULL, STACK_SIZE, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
	sigset_t all, before;
	int status = 0;
	pid_t pid, waited;

	if (stack == MAP_FAILED)
		return VALETKEY_ERR_NOMEM;
	plan->error = -1;
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	pid = clone(intermediate, stack + STACK_SIZE, CLONE_VM | CLONE_VFORK,
		    plan);
	do
		waited = pid < 0 ? -1 : waitpid(pid, &status, __WCLONE);
	while (waited < 0 && pid >= 0 && errno == EINTR);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	munmap(stack, STACK_SIZE);
	if (waited > 0) /* the memory is not shared under some tools */
		plan->error = !WIFEXITED(status) || WEXITSTATUS(status);
	return plan->error ? VALETKEY_ERR_HELPER : VALETKEY_OK;
}

/* Both are above CHANNEL_BELL_FD. */
static int add_descriptors(posix_spawn_file_actions_t *actions, int fd,
			   int bell)
{
	static const char null[] = "/dev/null";
	int rc = 0;

	for (int n = 0; !rc && n < 3; n++)
		rc = posix_spawn_file_actions_addopen(actions, n, null, O_RDWR,
						      0);
	if (!rc)
		rc = posix_spawn_file_actions_adddup2(actions, fd,
						      CHANNEL_HELPER_FD);
	if (!rc && bell)
		rc = posix_spawn_file_actions_adddup2(actions, bell,
						      CHANNEL_BELL_FD);
	if (!rc)
		rc = posix_spawn_file_actions_addclosefrom_np(
		    actions,
		    bell ? CHANNEL_BELL_FD + 1 : CHANNEL_HELPER_FD + 1);
	return rc;
}

static int set_attributes(posix_spawnattr_t *attributes)
{
	sigset_t all, none;

	sigfillset(&all);
	sigemptyset(&none);
	posix_spawnattr_setsigdefault(attributes, &all);
	posix_spawnattr_setsigmask(attributes, &none);
	return posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSID |
							POSIX_SPAWN_SETSIGDEF |
							POSIX_SPAWN_SETSIGMASK);
}

static int launch_start(int fd, int bell)
{
	struct plan plan = {.environment = environment_for_helper()};
	int rc = VALETKEY_ERR_NOMEM;

	if (!plan.environment)
		return rc;
	if (posix_spawn_file_actions_init(&plan.actions))
		goto environment;
	if (posix_spawnattr_init(&plan.attributes))
		goto actions;
	if (add_descriptors(&plan.actions, fd, bell) == 0 &&
	    set_attributes(&plan.attributes) == 0)
		rc = run_intermediate(&plan);
	posix_spawnattr_destroy(&plan.attributes);
actions:
	posix_spawn_file_actions_destroy(&plan.actions);
environment:
	environment_free(plan.environment);
	return rc;
}

int launch_helper(int bell, int *fd)
{
	int pair[2];
	int rc = VALETKEY_ERR_DENIED; /* no free descriptor */

	*fd = -1;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
		return rc;
	pair[0] = descriptor_lift(pair[0]);
	pair[1] = descriptor_above(pair[1], CHANNEL_BELL_FD);
	if (pair[0] >= 0 && pair[1] >= 0)
		rc = launch_start(pair[1], bell);
	if (pair[1] >= 0)
		close(pair[1]);
	if (rc == VALETKEY_OK)
		*fd = pair[0];
	else if (pair[0] >= 0)
		close(pair[0]);
	return rc;
}
