/* SPDX-License-Identifier: MIT */
/*
 * terminal_ask.c - the questions of terminal.h.
 *
 * The line is edited here, since the terminal's own line mode cuts it at 4,095
 * bytes. Signals are blocked except inside ppoll(), so none can
 * come between the look and the wait: each is only noted there, the terminal is
 * put right, and then the signal acts as it would have done. After a stop the
 * question is asked again. Ctrl-C also throws away what was typed, perhaps right
 * after ppoll() has seen it: so read() never waits.
 */
#include "core/buf.h"
#include "core/clock.h"
#include "core/own_memory.h"
#include "core/text.h"
#include "terminal.h"
#include <valetkey.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

/* ---- the line ---- */

/* The line that a person types or pastes, byte by byte, as the terminal's line
 * mode would take it, but of any length: Backspace, Ctrl-U, Ctrl-W and Ctrl-D,
 * whatever keys stty has for them. Escape sequences mean nothing, but for the
 * marks around a paste (ESC[200~ and ESC[201~): a newline between them is no
 * Enter and stays in the text. */

enum terminal_event {
	TERMINAL_MORE = 0,
	TERMINAL_ENTER = 1,
	TERMINAL_AGAIN = 2, /* all was taken back: show the question again */
	TERMINAL_END = 3,
	TERMINAL_NOMEM = 4
};

struct terminal_line {
	struct buf *text;
	const struct termios *keys; /* NULL: no terminal, nothing is edited */
	bool shown;
	size_t start, column; /* of its first character, of the cursor */
	bool pasting;
	char escape[8]; /* a sequence that has begun */
	unsigned char escape_len;
};

#define LINE_MAX_BYTES 65536
#define ESCAPE '\033'

/* Whether the cursor is to stand at the beginning of a further row of the
 * terminal, which is asked each time: somebody may have changed its width. */
static bool at_new_row(const struct terminal_line *line)
{
	size_t width = terminal_width();

	return width && line->column && line->column % width == 0;
}

/* The character that is complete with the last byte. One in the last column
 * leaves the cursor on it; a blank takes it to the next row. */
static void show_last(struct terminal_line *line)
{
	const struct buf *text = line->text;
	const char *last;
	size_t n = 1;

	while (n < 4 && n < text->len &&
	       (text->data[text->len - n] & 0xc0) == 0x80)
		n++;
	last = text->data + text->len - n;
	if (!line->shown || !text_utf8(last, n))
		return;
	terminal_put(stderr, last, n);
	line->column = *last == '\n' ? 0 : line->column + 1;
	if (at_new_row(line))
		fputs(" \r", stderr);
}

/* Takes the last character back, if need be from the end of the row above. */
static void erase_last(struct terminal_line *line)
{
	struct buf *text = line->text;

	while (text->len > 1 && (text->data[text->len - 1] & 0xc0) == 0x80)
		text->data[--text->len] = '\0';
	text->data[--text->len] = '\0';
	if (!line->shown)
		return;
	if (at_new_row(line))
		fprintf(stderr, "\033[A\033[%zuG\033[K", terminal_width());
	else
		fputs("\b \b", stderr);
	line->column -= line->column > 0;
}

static void erase_word(struct terminal_line *line)
{
	const struct buf *text = line->text;

	while (text->len && strchr(" \n", text->data[text->len - 1]))
		erase_last(line);
	while (text->len && !strchr(" \n", text->data[text->len - 1]))
		erase_last(line);
}

static enum terminal_event keep_byte(struct terminal_line *line, char c)
{
	if (line->text->len >= LINE_MAX_BYTES || buf_char(line->text, c))
		return TERMINAL_NOMEM;
	if (line->keys)
		show_last(line);
	return TERMINAL_MORE;
}

/* ESC [ ... LETTER, ESC O LETTER; ESC alone in front of anything else. True: c
 * is part of it. */
static bool take_escape(struct terminal_line *line, char c)
{
	size_t len = line->escape_len;

	if (len == 1 && c != '[' && c != 'O') {
		line->escape_len = 0;
		return false;
	}
	if (len < sizeof(line->escape) - 1) {
		line->escape[len] = c;
		line->escape[len + 1] = '\0';
		line->escape_len++;
	}
	if (len < 2 || (line->escape[1] == '[' && c < 0x40))
		return true;
	if (strcmp(line->escape, "\033[200~") == 0)
		line->pasting = true;
	else if (strcmp(line->escape, "\033[201~") == 0)
		line->pasting = false;
	line->escape_len = 0;
	return true;
}

static bool is_terminal_key(const struct terminal_line *line, int which, char c)
{
	cc_t key = line->keys->c_cc[which];

	return key != _POSIX_VDISABLE && key == (unsigned char)c;
}

static enum terminal_event take_key(struct terminal_line *line, char c)
{
	if (is_terminal_key(line, VERASE, c) || c == 0x7f || c == '\b') {
		if (line->text->len)
			erase_last(line);
	} else if (is_terminal_key(line, VWERASE, c)) {
		erase_word(line);
	} else if (is_terminal_key(line, VKILL, c)) {
		buf_clear(line->text);
		return TERMINAL_AGAIN;
	} else if (is_terminal_key(line, VEOF, c)) {
		return line->text->len ? TERMINAL_MORE : TERMINAL_END;
	} else {
		return keep_byte(line, c);
	}
	return TERMINAL_MORE;
}

/* The last Enter was a newline of a paste: MORE, or NOMEM. */
static enum terminal_event keep_newline(struct terminal_line *line)
{
	return keep_byte(line, '\n');
}

static enum terminal_event take_byte(struct terminal_line *line, char c)
{
	if (!line->keys)
		return c == '\n' ? TERMINAL_ENTER : keep_byte(line, c);
	if (line->escape_len && take_escape(line, c))
		return TERMINAL_MORE;
	if (c == ESCAPE) {
		line->escape[0] = c;
		line->escape_len = 1;
		return TERMINAL_MORE;
	}
	if (c == '\r' || c == '\n')
		return line->pasting ? keep_newline(line) : TERMINAL_ENTER;
	return line->pasting ? keep_byte(line, c) : take_key(line, c);
}

/* ---- a question ---- */

#define PASTE_GAP_MS 200 /* so soon after an Enter only a paste goes on */

/* SIGCONT: after a SIGSTOP the terminal may be as the shell likes it. */
static const int signals[] = {SIGINT,  SIGTERM, SIGHUP,
			      SIGQUIT, SIGTSTP, SIGCONT};

#define SIGNALS (sizeof(signals) / sizeof(*signals))

static volatile sig_atomic_t caught;

static void note_signal(int number)
{
	caught = number;
}

/* What is asked, at which terminal and how. */
struct question {
	const char *text;
	int fd; /* the terminal that answers */
	bool secret;
	bool pasted;	  /* the answer may have several lines */
	int64_t deadline; /* of clock.h; INT64_MAX: none */
};

/* How things were before the question. */
struct before {
	struct termios terminal;
	struct sigaction actions[SIGNALS];
	sigset_t mask;
	bool changed;
};

static void begin_question(const struct question *question,
			   struct before *before)
{
	const struct sigaction noting = {.sa_handler = note_signal};
	struct termios raw;
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
	before->changed = tcgetattr(question->fd, &before->terminal) == 0;
	if (!before->changed)
		return;
	raw = before->terminal;
	raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO | ECHONL | IEXTEN);
	raw.c_cc[VMIN] = 0; /* read() does not wait */
	raw.c_cc[VTIME] = 0;
	tcsetattr(question->fd, TCSADRAIN, &raw);
	terminal_mark_pastes(true);
}

/* What is left of a paste must not be a command for the shell. */
static void end_question(const struct question *question,
			 const struct before *before)
{
	if (before->changed) {
		terminal_mark_pastes(false);
		tcsetattr(question->fd,
			  question->pasted ? TCSAFLUSH : TCSADRAIN,
			  &before->terminal);
	}
	for (size_t i = 0; i < SIGNALS; i++)
		sigaction(signals[i], &before->actions[i], NULL);
	if (caught) {
		fputc('\n', stderr);
		raise(caught); /* acts as soon as the mask is back */
	}
	sigprocmask(SIG_SETMASK, &before->mask, NULL);
}

/* ppoll(), at most until the deadline: ETIMEDOUT. */
static int wait_for_input(struct pollfd *input, int64_t deadline,
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

/* The next byte: byte by byte, since what follows the Enter is for others.
 * -1 with errno. */
static int next_byte(const struct question *question,
		     const struct before *before, char *c)
{
	struct pollfd input = {.fd = question->fd, .events = POLLIN};
	ssize_t n;

	do {
		if (wait_for_input(&input, question->deadline, &before->mask) <
		    0)
			return -1;
		n = read(question->fd, c, 1);
	} while (n == 0 && before->changed && !(input.revents & POLLHUP));
	if (n == 0)
		errno = EPIPE;
	return n == 1 ? 0 : -1;
}

/* Whether the paste goes on after this newline. */
static bool goes_on(const struct question *question,
		    const struct before *before)
{
	struct pollfd input = {.fd = question->fd, .events = POLLIN};

	return question->pasted && before->changed &&
	       wait_for_input(&input, deadline_in(PASTE_GAP_MS),
			      &before->mask) > 0;
}

/* With standard error in a file nobody would see why nothing is shown. */
static void show_on_terminal(const struct question *question,
			     const char *before, const char *text)
{
	int fd = -1;

	if (question->secret && !isatty(STDERR_FILENO))
		fd = open("/dev/tty", O_WRONLY | O_NOCTTY | O_CLOEXEC);
	if (fd < 0) {
		terminal_say(TERMINAL_BOLD, "%s%s", before, text);
		return;
	}
	dprintf(fd, "%s%s", before, text);
	close(fd);
}

/* 0 once the line is whole, or -1 with errno. */
static int read_line(const struct question *question,
		     const struct before *before, struct buf *answer)
{
	struct terminal_line line = {
	    .text = answer,
	    .keys = before->changed ? &before->terminal : NULL,
	    .shown = !question->secret,
	};
	enum terminal_event event = TERMINAL_MORE;
	char c;

	show_on_terminal(question, question->text, " ");
	line.start = line.column = terminal_column();
	while (event != TERMINAL_ENTER) {
		if (event == TERMINAL_AGAIN) {
			show_on_terminal(question, "\n", question->text);
			show_on_terminal(question, "", " ");
			line.column = line.start;
		}
		if (next_byte(question, before, &c))
			return -1;
		event = take_byte(&line, c);
		fflush(stderr);
		if (event == TERMINAL_ENTER && goes_on(question, before))
			event = keep_newline(&line);
		errno = event == TERMINAL_NOMEM ? ENOMEM : EPIPE;
		if (event == TERMINAL_NOMEM || event == TERMINAL_END)
			return -1;
	}
	if (before->changed)
		show_on_terminal(question, "", "\n");
	return 0;
}

static int ask_once(const struct question *question, struct buf *answer)
{
	struct before before;
	int rc, error;

	begin_question(question, &before);
	rc = read_line(question, &before, answer);
	error = errno;
	end_question(question, &before);
	if (caught || (rc && error == EINTR))
		return -1;
	if (rc)
		return error == ENOMEM	    ? VALETKEY_ERR_NOMEM
		       : error == ETIMEDOUT ? VALETKEY_ERR_TIMEOUT
					    : VALETKEY_ERR_CANCELED;
	return VALETKEY_OK;
}

/* The lines of a paste become one; blanks around are dropped. Other control
 * characters are no answer. */
static bool tidy_answer(const struct question *question, struct buf *answer)
{
	static const char blanks[] = " \t\r\n";

	while (answer->len && strchr(blanks, answer->data[answer->len - 1]))
		answer->data[--answer->len] = '\0';
	buf_eat(answer, strspn(buf_text(answer), blanks));
	for (size_t i = 0; question->pasted && i < answer->len; i++)
		if (strchr(blanks, answer->data[i]))
			answer->data[i] = ' ';
	return text_plain(buf_text(answer), answer->len);
}

static int ask_until_clean(const struct question *question, struct buf *answer)
{
	int rc;

	own_memory_lock();
	do {
		buf_clear(answer);
		rc = ask_once(question, answer);
		if (!rc && !tidy_answer(question, answer)) {
			terminal_say(TERMINAL_WARNING,
				     "That contains control characters. Please "
				     "try again:\n");
			rc = -1;
		}
	} while (rc < 0);
	if (rc)
		fputc('\n', stderr);
	return rc;
}

/* ---- the kinds of question ---- */

int terminal_ask(const char *question, struct buf *answer)
{
	const struct question to = {question, .fd = STDIN_FILENO,
				    .deadline = INT64_MAX};

	return ask_until_clean(&to, answer);
}

int terminal_ask_secret(int terminal, const char *question, struct buf *answer)
{
	const struct question to = {question, .fd = terminal, .secret = true,
				    .deadline = INT64_MAX};

	return ask_until_clean(&to, answer);
}

int terminal_ask_within(const char *question, unsigned seconds,
			struct buf *answer)
{
	const struct question to = {
	    question, .fd = STDIN_FILENO, .pasted = true,
	    .deadline =
		seconds ? deadline_in((int64_t)seconds * 1000) : INT64_MAX};

	return ask_until_clean(&to, answer);
}
