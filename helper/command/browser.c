/* SPDX-License-Identifier: MIT */
/*
 * browser.c - starts the person's browser for a login. By argv, never
 * through a shell; in a session of its own, so Ctrl-C here does not close it;
 * without our streams. A login never depends on it: the address was printed.
 */
#include "command.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define WORDS_MAX 32

/* One program of $BROWSER in words; "%s" in them is the URL, and without one
 * the URL comes last. */
struct command {
	struct buf text; /* the words, each with its NUL */
	char *argv[WORDS_MAX + 2];
};

static int put_word(struct buf *text, const char *word, size_t len,
		    const char *url, bool *used)
{
	int rc = 0;

	for (size_t i = 0; !rc && i < len; i++) {
		bool percent = word[i] == '%' && i + 1 < len;

		if (percent && word[i + 1] == 's') {
			rc = buf_str(text, url);
			*used = true;
			i++;
		} else {
			rc = buf_char(text, word[i]);
			i += percent && word[i + 1] == '%';
		}
	}
	return rc || buf_char(text, '\0');
}

/* The URL, percent-encoded where a careless script would expand or end its
 * quotes: $BROWSER and what stands in for it are often scripts, and the URL may
 * be a server's. */
static int encode_expanded(struct buf *out, const char *url)
{
	int rc = 0;

	for (; !rc && *url; url++)
		rc = strchr("\"$'\\`", *url)
			 ? buf_fmt(out, "%%%02X", (unsigned)*url)
			 : buf_char(out, *url);
	return rc;
}

/* argv for one entry; -1 where it is empty or too long. */
static int make_command(const char *entry, size_t len, const char *url,
			struct command *command)
{
	const char *end = entry + len;
	bool used = false;
	size_t count = 0, at = 0;

	while (entry < end && count < WORDS_MAX) {
		size_t word = strcspn(entry, " :");

		if (word && put_word(&command->text, entry, word, url, &used))
			return -1;
		count += word != 0;
		entry += word + 1;
	}
	if (!count || entry < end)
		return -1;
	if (!used && buf_add(&command->text, url, strlen(url) + 1))
		return -1;
	for (count = 0; at < command->text.len; count++) {
		command->argv[count] = command->text.data + at;
		at += strlen(command->text.data + at) + 1;
	}
	command->argv[count] = NULL;
	return 0;
}

/* In the new session; returns only where the program cannot be run. */
static void become(char *const *argv)
{
	int null = open("/dev/null", O_RDWR);

	for (int fd = 0; null >= 0 && fd <= 2; fd++)
		dup2(null, fd);
	close_range(3, ~0u, CLOSE_RANGE_CLOEXEC);
	if (argv[0])
		execvp(argv[0], argv);
}

/* 0 or an errno: the pipe closes by exec, or brings it. */
static int start(char *const *argv)
{
	int report[2];
	int error = ECHILD;
	ssize_t n = -1;
	pid_t child;

	if (pipe2(report, O_CLOEXEC) != 0)
		return errno;
	child = fork();
	if (child == 0) {
		setsid();
		if (fork() == 0) {
			become(argv);
			error = errno;
			n = write(report[1], &error, sizeof(error));
		}
		_exit(n < 0);
	}
	close(report[1]);
	if (child > 0) {
		while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
			;
		n = read(report[0], &error, sizeof(error));
	}
	close(report[0]);
	return n == 0 ? 0 : error;
}

/* 0, or an errno of the last one. */
static int try_list(const char *list, const char *url)
{
	int error = ENOENT;

	while (error && *list) {
		struct command command = {0};
		size_t len = strcspn(list, ":");

		if (make_command(list, len, url, &command) == 0)
			error = start(command.argv);
		else if (len)
			error = E2BIG;
		buf_free(&command.text);
		list += len + (list[len] == ':');
	}
	return error;
}

/* The variable's value, NULL where it is empty. */
static const char *value_of(const char *name)
{
	const char *value = getenv(name);

	return value && *value ? value : NULL;
}

static const char *open_encoded(const char *url)
{
	const char *own = value_of("BROWSER");
	int error;

	if (own) {
		error = try_list(own, url);
		return !error		 ? NULL
		       : error == ENOENT ? "$BROWSER was not found"
					 : "$BROWSER cannot be run";
	}
	/* Without a display they would start a browser for this terminal; and
	 * root's desktop browser is nobody's wish. */
	if (geteuid() == 0)
		return "you are root";
	if (!value_of("DISPLAY") && !value_of("WAYLAND_DISPLAY"))
		return "there is no display";
	return try_list("xdg-open:x-www-browser:sensible-browser", url)
		   ? "none was found"
		   : NULL;
}

const char *cmd_browser_open(const char *url)
{
	struct buf clean = {0};
	const char *why = encode_expanded(&clean, url)
			      ? "out of memory"
			      : open_encoded(buf_text(&clean));

	buf_free(&clean);
	return why;
}
