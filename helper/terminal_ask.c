/* SPDX-License-Identifier: MIT */
/*
 * terminal_ask.c - terminal_ask() and terminal_ask_secret().
 *
 * While a secret is typed the terminal does not echo. Signals are blocked but
 * inside ppoll(), so none can come between the look and the wait: each is only
 * noted there, the terminal is put right, and then the signal acts as it would
 * have done. After a stop the question is asked again.
 */
#include "terminal.h"
#include "clock.h"
#include "own_memory.h"
#include "valetkey.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#define ANSWER_MAX 8192

static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP};

#define SIGNALS (sizeof(signals) / sizeof(*signals))

static volatile sig_atomic_t caught;

static void note(int number)
{
	caught = number;
}

/* What is asked, where and how. */
struct question {
	const char *text;
	int64_t deadline; /* of clock.h; INT64_MAX: none */
	int fd;
	bool secret;
};

/* How things were before the question. */
struct before {
	struct termios terminal;
	struct sigaction actions[SIGNALS];
	sigset_t mask;
	bool changed;
};

static void begin(const struct question *question, struct before *before)
{
	const struct sigaction noting = {.sa_handler = note};
	struct termios quiet;
	sigset_t block;

	caught = 0;
	sigemptyset(&block);
	for (size_t i = 0; i < SIGNALS; i++)
		sigaddset(&block, signals[i]);
	sigprocmask(SIG_BLOCK, &block, &before->mask);
	for (size_t i = 0; i < SIGNALS; i++) {
		sigaction(signals[i], NULL, &before->actions[i]);
		if (before->actions[i].sa_handler != SIG_IGN)
			sigaction(signals[i], &noting, NULL);
	}
	before->changed =
	    question->secret && tcgetattr(question->fd, &before->terminal) == 0;
	if (!before->changed)
		return;
	quiet = before->terminal;
	quiet.c_lflag &= ~(tcflag_t)(ECHO | ECHOE | ECHOK);
	quiet.c_lflag |= ECHONL;
	tcsetattr(question->fd, TCSADRAIN, &quiet);
}

static void end(const struct question *question, const struct before *before)
{
	if (before->changed)
		tcsetattr(question->fd, TCSADRAIN, &before->terminal);
	for (size_t i = 0; i < SIGNALS; i++)
		sigaction(signals[i], &before->actions[i], NULL);
	if (caught) {
		fputc('\n', stderr);
		raise(caught); /* acts as soon as the mask is back */
	}
	sigprocmask(SIG_SETMASK, &before->mask, NULL);
}

/* ppoll(), at most until the deadline: ETIMEDOUT. */
static int wait_for(struct pollfd *input, int64_t deadline,
		    const sigset_t *mask)
{
	int64_t left = deadline - clock_ms();
	struct timespec limit;
	int n;

	if (deadline == INT64_MAX)
		return ppoll(input, 1, NULL, mask);
	left = left > 0 ? left : 0;
	limit = (struct timespec){left / 1000, left % 1000 * 1000000};
	n = ppoll(input, 1, &limit, mask);
	if (n == 0)
		errno = ETIMEDOUT;
	return n > 0 ? n : -1;
}

/* 1 once the line is whole, 0 to go on, or -1 with errno. */
static int read_some(const struct question *question, const sigset_t *mask,
		     struct buf *answer)
{
	struct pollfd input = {.fd = question->fd, .events = POLLIN};
	char chunk[512];
	const char *newline;
	ssize_t n;
	int rc;

	if (wait_for(&input, question->deadline, mask) < 0)
		return -1;
	n = read(question->fd, chunk, sizeof(chunk));
	if (n <= 0) {
		errno = n ? errno : EPIPE;
		return -1;
	}
	newline = memchr(chunk, '\n', (size_t)n);
	rc = buf_add(answer, chunk,
		     newline ? (size_t)(newline - chunk) : (size_t)n);
	explicit_bzero(chunk, sizeof(chunk));
	if (rc || answer->len > ANSWER_MAX) {
		errno = ENOMEM;
		return -1;
	}
	return newline != NULL;
}

/* With standard error in a file nobody would see why nothing is shown. */
static void show_question(const struct question *question)
{
	int fd = -1;

	if (question->secret && !isatty(STDERR_FILENO))
		fd = open("/dev/tty", O_WRONLY | O_NOCTTY | O_CLOEXEC);
	if (fd < 0) {
		terminal_say(TERMINAL_BOLD, "%s ", question->text);
		return;
	}
	dprintf(fd, "%s ", question->text);
	close(fd);
}

static int ask_once(const struct question *question, struct buf *answer)
{
	struct before before;
	int rc = 0, error;

	begin(question, &before);
	show_question(question);
	while (!rc && !caught)
		rc = read_some(question, &before.mask, answer);
	error = errno;
	end(question, &before);
	if (caught || (rc < 0 && error == EINTR))
		return -1;
	if (rc < 0)
		return error == ENOMEM	    ? VALETKEY_ERR_NOMEM
		       : error == ETIMEDOUT ? VALETKEY_ERR_TIMEOUT
					    : VALETKEY_ERR_CANCELED;
	return VALETKEY_OK;
}

/* What a paste or a cursor key has brought along: blanks around are dropped,
 * control characters inside are no answer. */
static bool clean(struct buf *answer)
{
	while (answer->len && strchr(" \t\r", answer->data[answer->len - 1]))
		answer->data[--answer->len] = '\0';
	buf_eat(answer, strspn(buf_text(answer), " \t\r"));
	for (size_t i = 0; i < answer->len; i++)
		if ((unsigned char)answer->data[i] < 0x20 ||
		    answer->data[i] == 0x7f)
			return false;
	return true;
}

static int ask(const struct question *question, struct buf *answer)
{
	int rc;

	own_memory_lock();
	do {
		buf_clear(answer);
		rc = ask_once(question, answer);
		if (!rc && !clean(answer)) {
			terminal_say(TERMINAL_WARNING,
				     "That holds control characters. Once "
				     "more:\n");
			rc = -1;
		}
	} while (rc < 0);
	if (rc)
		fputc('\n', stderr);
	return rc;
}

int terminal_ask(const char *question, struct buf *answer)
{
	const struct question to = {question, INT64_MAX, STDIN_FILENO, false};

	return ask(&to, answer);
}

int terminal_ask_secret(int terminal, const char *question, struct buf *answer)
{
	const struct question to = {question, INT64_MAX, terminal, true};

	return ask(&to, answer);
}

int terminal_ask_within(const char *question, unsigned seconds,
			struct buf *answer)
{
	const struct question to = {
	    question,
	    seconds ? deadline_in((int64_t)seconds * 1000) : INT64_MAX,
	    STDIN_FILENO, false};

	return ask(&to, answer);
}
