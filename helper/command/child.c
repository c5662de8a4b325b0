/* SPDX-License-Identifier: MIT */
/*
 * child.c - see child.h; and the signals of command.h, for the time that no
 * child runs.
 */
#include "child.h"

#include "command.h"
#include "core/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define OUTPUT_MAX (1u << 20)
#define NOT_FOUND 127
#define CANNOT_RUN 126
#define TIMED_OUT 124

extern char **environ;

static volatile sig_atomic_t handed_to;

static int wait_status(pid_t child)
{
	int status;

	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return -1;
	return status;
}

static void read_output(int fd, struct buf *out)
{
	char text[4096];
	ssize_t n;

	while ((n = read(fd, text, sizeof(text))) > 0 ||
	       (n < 0 && errno == EINTR))
		if (n > 0 && out->len < OUTPUT_MAX)
			buf_add(out, text, (size_t)n);
}

int cmd_child_output(const char *const *argv, struct buf *out)
{
	posix_spawn_file_actions_t actions;
	int ends[2], status = -1;
	pid_t child;

	if (pipe2(ends, O_CLOEXEC) != 0)
		return -1;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
	if (posix_spawnp(&child, argv[0], &actions, NULL, (char *const *)argv,
			 environ) == 0) {
		close(ends[1]);
		ends[1] = -1;
		read_output(ends[0], out);
		status = wait_status(child);
	}
	posix_spawn_file_actions_destroy(&actions);
	close(ends[0]);
	if (ends[1] >= 0)
		close(ends[1]);
	return status >= 0 && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int cmd_child_within(const char *const *argv, unsigned seconds)
{
	const struct timespec pause = {.tv_nsec = 10000000};
	posix_spawn_file_actions_t actions;
	int64_t deadline = deadline_in(seconds * 1000LL);
	int status = 0, rc;
	pid_t child, ended = 0;

	posix_spawn_file_actions_init(&actions);
	for (int fd = 0; fd <= 2; fd++)
		posix_spawn_file_actions_addopen(&actions, fd, "/dev/null",
						 O_RDWR, 0);
	rc = posix_spawnp(&child, argv[0], &actions, NULL, (char *const *)argv,
			  environ);
	posix_spawn_file_actions_destroy(&actions);
	if (rc)
		return -1;
	while (!ended && deadline_left(deadline)) {
		ended = waitpid(child, &status, WNOHANG);
		if (!ended)
			nanosleep(&pause, NULL);
	}
	if (!ended) {
		kill(child, SIGKILL);
		wait_status(child);
		return TIMED_OUT;
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

pid_t cmd_child_start(char *const *argv)
{
	pid_t child;
	int rc = posix_spawnp(&child, argv[0], NULL, NULL, argv, environ);

	errno = rc;
	return rc ? -1 : child;
}

/* A folder in PATH that we may not search is EACCES to execvp(), as if a program
 * had been found there. */
static bool program_is_there(const char *program)
{
	const char *path = getenv("PATH");
	struct buf file = {0};
	bool there = !path || strchr(program, '/');

	while (!there && path) {
		size_t len = strcspn(path, ":");

		buf_clear(&file);
		/* An empty one is where we are. */
		if (buf_add(&file, len ? path : ".", len ? len : 1) ||
		    buf_str(&file, "/") || buf_str(&file, program))
			break;
		there = access(buf_text(&file), F_OK) == 0;
		path = path[len] ? path + len + 1 : NULL;
	}
	buf_free(&file);
	return there;
}

int cmd_child_failed(const char *program)
{
	int error = errno;

	if (error == EACCES && !program_is_there(program))
		error = ENOENT;
	return cmd_fail(error == ENOENT ? NOT_FOUND : CANNOT_RUN,
			"%s cannot be run: %s.", program, strerror(error));
}

static void pass_signal_on(int number)
{
	if (handed_to > 0)
		kill((pid_t)handed_to, number);
}

int cmd_child_wait(pid_t child)
{
	struct sigaction leave = {.sa_handler = SIG_IGN};
	struct sigaction pass = {.sa_handler = pass_signal_on};
	int status;

	handed_to = child;
	sigaction(SIGINT, &leave, NULL);
	sigaction(SIGQUIT, &leave, NULL);
	sigaction(SIGTERM, &pass, NULL);
	sigaction(SIGHUP, &pass, NULL);
	status = wait_status(child);
	handed_to = 0;
	return cmd_child_end(status);
}

int cmd_child_end(int status)
{
	if (status >= 0 && WIFSIGNALED(status)) {
		signal(WTERMSIG(status), SIG_DFL);
		raise(WTERMSIG(status));
	}
	return status >= 0 && WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

int cmd_child_once(const void *text, size_t len)
{
	int ends[2] = {-1, -1};
	bool good = pipe(ends) == 0 &&
		    fcntl(ends[1], F_SETFL, O_NONBLOCK) == 0 &&
		    write(ends[1], text, len) == (ssize_t)len;

	if (ends[1] >= 0)
		close(ends[1]);
	if (!good && ends[0] >= 0)
		close(ends[0]);
	return good ? ends[0] : -1;
}

int cmd_child_memory(const void *text, size_t len)
{
	int fd = memfd_create("valetkey", MFD_ALLOW_SEALING);

	if (fd < 0)
		return -1;
	if (write(fd, text, len) != (ssize_t)len || lseek(fd, 0, SEEK_SET)) {
		close(fd);
		return -1;
	}
	fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK);
	return fd;
}

/* ---- signals for the command itself ---- */

/* Ctrl-C and the like either end the command at once, with a clean line, or are
 * noted while something is half done, until it is whole or undone. */

static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};

#define NUMBERS (sizeof(numbers) / sizeof(*numbers))

static volatile sig_atomic_t noted;
static struct sigaction before[NUMBERS];

/* Only what is async-signal-safe. The helper sees the socket close. */
static void cancel_now(int number)
{
	static const char text[] = "\r\033[K\nvaletkey: Canceled.\n";
	static const char plain[] = "\nvaletkey: Canceled.\n";
	bool terminal = isatty(STDERR_FILENO);
	ssize_t written;

	(void)number;
	written = terminal ? write(STDERR_FILENO, text, sizeof(text) - 1)
			   : write(STDERR_FILENO, plain, sizeof(plain) - 1);
	(void)written;
	_exit(VALETKEY_ERR_CANCELED);
}

static void note_for_later(int number)
{
	static const char text[] =
	    "\nvaletkey: One moment, this is being undone.\n";
	ssize_t written = write(STDERR_FILENO, text, sizeof(text) - 1);

	(void)written;
	noted = number;
}

/* nohup ignores SIGHUP, a script's shell ignores SIGINT of a background job:
 * that stays so. */
static void catch_signals(const struct sigaction *action)
{
	for (size_t i = 0; i < NUMBERS; i++) {
		sigaction(numbers[i], action, &before[i]);
		if (before[i].sa_handler == SIG_IGN)
			sigaction(numbers[i], &before[i], NULL);
	}
}

void cmd_cancel_on_signals(void)
{
	const struct sigaction action = {.sa_handler = cancel_now};

	catch_signals(&action);
}

void cmd_hold_signals(void)
{
	const struct sigaction action = {.sa_handler = note_for_later,
					 .sa_flags = SA_RESTART};

	noted = 0;
	catch_signals(&action);
}

bool cmd_signal_held(void)
{
	return noted != 0;
}

void cmd_release_signals(void)
{
	for (size_t i = 0; i < NUMBERS; i++)
		sigaction(numbers[i], &before[i], NULL);
}
