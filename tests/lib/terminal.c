/* SPDX-License-Identifier: MIT */
/*
 * terminal.c - a person at a terminal, for tests: terminal COMMAND [ARGUMENT...]
 * runs COMMAND on a pseudo terminal of 80 columns and does what the lines of
 * standard input say:
 *
 *	expect TEXT    waits until TEXT was shown, after what was expected before
 *	send TEXT      types TEXT and Enter
 *	type TEXT      types TEXT
 *	secret FILE    types what is in FILE, and Enter
 *	paste FILE     pastes what is in FILE, as a terminal that marks that
 *	key C          types Control-C, or with another letter that one; ? is
 *	               Backspace
 *	until COMMAND  waits until the shell's COMMAND succeeds
 *	resize N       makes the terminal so many columns wide
 *
 * What the terminal showed goes to standard output. The exit status is the
 * command's, 128 plus the signal's number if one ended it, and 99 if what was
 * waited for did not come within ten seconds.
 */
#include "core/clock.h"

#include <poll.h>
#include <pty.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define SHOWN_MAX 65536
#define LIMIT_MS 10000
#define FAILED 99

struct terminal {
	int fd;
	char shown[SHOWN_MAX];
	size_t len, seen; /* seen: what expect has passed over */
};

/* Reads what is there within ms; false at the end. */
static bool look(struct terminal *terminal, int64_t ms)
{
	struct pollfd fd = {.fd = terminal->fd, .events = POLLIN};
	char *at = terminal->shown + terminal->len;
	ssize_t n;

	if (poll(&fd, 1, (int)ms) <= 0)
		return true;
	n = read(terminal->fd, at, SHOWN_MAX - 1 - terminal->len);
	if (n <= 0)
		return false;
	fwrite(at, 1, (size_t)n, stdout);
	terminal->len += (size_t)n;
	/* As terminals do that are asked what they are: some wait for that. */
	if ((memmem(at, (size_t)n, "\033[c", 3) ||
	     memmem(at, (size_t)n, "\033[0c", 4)) &&
	    write(terminal->fd, "\033[?1;2c", 7) < 0)
		return false;
	return true;
}

static int expect(struct terminal *terminal, const char *text)
{
	int64_t deadline = deadline_in(LIMIT_MS);
	bool open = true;

	while (clock_ms() < deadline) {
		char *from = terminal->shown + terminal->seen;
		char *found = memmem(from, terminal->len - terminal->seen, text,
				     strlen(text));

		if (found) {
			terminal->seen =
			    (size_t)(found - terminal->shown) + strlen(text);
			return 0;
		}
		if (!open)
			break;
		open = look(terminal, 100);
	}
	printf("\n# terminal: \"%s\" was not shown\n", text);
	return FAILED;
}

static int until(struct terminal *terminal, const char *command)
{
	int64_t deadline = deadline_in(LIMIT_MS);

	while (clock_ms() < deadline) {
		if (system(command) == 0)
			return 0;
		look(terminal, 50);
	}
	printf("\n# terminal: never: %s\n", command);
	return FAILED;
}

static int type(const struct terminal *terminal, const char *text, size_t len)
{
	return write(terminal->fd, text, len) == (ssize_t)len ? 0 : FAILED;
}

static int type_file(const struct terminal *terminal, const char *path)
{
	FILE *file = fopen(path, "re");
	char text[32768];
	size_t n;

	if (!file)
		return FAILED;
	n = fread(text, 1, sizeof(text), file);
	fclose(file);
	return type(terminal, text, n);
}

static int resize(const struct terminal *terminal, const char *columns)
{
	const struct winsize size = {
	    .ws_row = 24, .ws_col = (unsigned short)strtoul(columns, NULL, 10)};

	return ioctl(terminal->fd, TIOCSWINSZ, &size) == 0 ? 0 : FAILED;
}

static int act(struct terminal *terminal, char *line)
{
	char *word = strsep(&line, " ");
	const char *rest = line ? line : "";
	const char key = (char)(*rest == '?' ? 0x7f : *rest & 0x1f);

	if (strcmp(word, "expect") == 0)
		return expect(terminal, rest);
	if (strcmp(word, "until") == 0)
		return until(terminal, rest);
	if (strcmp(word, "resize") == 0)
		return resize(terminal, rest);
	if (strcmp(word, "key") == 0)
		return type(terminal, &key, 1);
	if (strcmp(word, "type") == 0)
		return type(terminal, rest, strlen(rest));
	if (strcmp(word, "send") == 0 &&
	    type(terminal, rest, strlen(rest)) == 0)
		return type(terminal, "\n", 1);
	if (strcmp(word, "secret") == 0 && type_file(terminal, rest) == 0)
		return type(terminal, "\n", 1);
	if (strcmp(word, "paste") == 0 && type(terminal, "\033[200~", 6) == 0 &&
	    type_file(terminal, rest) == 0)
		return type(terminal, "\033[201~", 6);
	printf("\n# terminal: cannot %s %s\n", word, rest);
	return FAILED;
}

static int run_script(struct terminal *terminal)
{
	char *line = NULL;
	size_t size = 0;
	ssize_t len;
	int rc = 0;

	while (!rc && (len = getline(&line, &size, stdin)) > 0) {
		if (line[len - 1] == '\n')
			line[len - 1] = '\0';
		if (*line)
			rc = act(terminal, line);
	}
	free(line);
	return rc;
}

int main(int argc, char **argv)
{
	static struct terminal terminal;
	const struct winsize size = {.ws_row = 24, .ws_col = 80};
	int64_t deadline;
	int status, rc;
	pid_t child;

	if (argc < 2)
		return FAILED;
	child = forkpty(&terminal.fd, NULL, NULL, &size);
	if (child == 0) {
		execvp(argv[1], argv + 1);
		_exit(127);
	}
	if (child < 0)
		return FAILED;
	rc = run_script(&terminal);
	deadline = deadline_in(LIMIT_MS);
	while (!rc && look(&terminal, 100))
		if (clock_ms() >= deadline)
			rc = FAILED;
	close(terminal.fd); /* hangs up: SIGHUP ends what still runs */
	if (waitpid(child, &status, 0) != child || rc)
		return FAILED;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
