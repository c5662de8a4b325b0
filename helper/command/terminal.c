/* SPDX-License-Identifier: MIT */
/*
 * terminal.c - see terminal.h: what is printed. The asking is in
 * terminal_ask.c.
 */
#include "terminal.h"

#include "core/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define WIDTH_MAX 90
#define SPARSE_S 60 /* without a terminal: a line a minute */

static bool waiting;
static unsigned last_told;

bool terminal_person(void)
{
	return isatty(STDIN_FILENO) && isatty(STDERR_FILENO);
}

/* A terminal that understands escape sequences. */
static bool capable(void)
{
	const char *term = getenv("TERM");

	return isatty(STDERR_FILENO) && term && *term &&
	       strcmp(term, "dumb") != 0;
}

void terminal_mark_pastes(bool on)
{
	if (capable())
		fputs(on ? "\033[?2004h" : "\033[?2004l", stderr);
}

bool terminal_colour(void)
{
	const char *no_color = getenv("NO_COLOR");

	return capable() && !(no_color && *no_color);
}

static const char *style_on(enum terminal_style style)
{
	static const char *const codes[] = {"", "\033[1m", "\033[32m",
					    "\033[33m", "\033[2m"};

	return terminal_colour() ? codes[style] : "";
}

/* Marks that turn the direction of text: U+202A to U+202E, U+2066 to U+2069. */
static bool turns(const unsigned char *c)
{
	return c[0] == 0xe2 &&
	       ((c[1] == 0x80 && c[2] >= 0xaa && c[2] <= 0xae) ||
		(c[1] == 0x81 && c[2] >= 0xa6 && c[2] <= 0xa9));
}

/* How many bytes from here on a terminal may be shown; 0: none. */
static size_t showable(const char *text, size_t len)
{
	const unsigned char *c = (const unsigned char *)text;
	size_t n = c[0] < 0x80 ? 1 : c[0] < 0xe0 ? 2 : c[0] < 0xf0 ? 3 : 4;

	if (n > len || !text_utf8(text, n))
		return 0;
	/* C1 controls are two bytes in UTF-8, C2 80 to C2 9F. */
	if ((c[0] < 0x20 && c[0] != '\n') || c[0] == 0x7f ||
	    (c[0] == 0xc2 && c[1] < 0xa0) || (n == 3 && turns(c)))
		return 0;
	return n;
}

void terminal_put(FILE *out, const char *text, size_t len)
{
	while (len) {
		size_t n = showable(text, len);

		if (n)
			fwrite(text, 1, n, out);
		else
			putc('?', out);
		text += n ? n : 1;
		len -= n ? n : 1;
	}
}

static void put_clean(const char *text, size_t len)
{
	terminal_put(stderr, text, len);
}

void terminal_say(enum terminal_style style, const char *format, ...)
{
	const char *on = style_on(style);
	char *text = NULL;
	va_list args;
	int len;

	terminal_wait_end();
	va_start(args, format);
	len = vasprintf(&text, format, args);
	va_end(args);
	if (len < 0)
		return;
	fputs(on, stderr);
	put_clean(text, (size_t)len);
	if (*on)
		fputs("\033[0m", stderr);
	fflush(stderr);
	free(text);
}

static unsigned width(void)
{
	struct winsize size;

	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col < 20 ||
	    size.ws_col > WIDTH_MAX)
		return 80;
	return size.ws_col;
}

void terminal_wrap(unsigned indent, const char *text)
{
	unsigned room = width() - 1, column = indent;
	bool first = true;

	terminal_wait_end();
	while (*text) {
		size_t len = strcspn(text, " ");

		if (!first && column + 1 + len > room) {
			fprintf(stderr, "\n%*s", (int)indent, "");
			column = indent;
		} else if (!first) {
			putc(' ', stderr);
			column++;
		}
		put_clean(text, len);
		column += (unsigned)len;
		first = false;
		text += len;
		text += strspn(text, " ");
	}
	putc('\n', stderr);
	fflush(stderr);
}

void terminal_url(const char *url)
{
	terminal_wait_end();
	fputs("\n    ", stderr);
	if (capable())
		fprintf(stderr, "\033]8;;%s\033\\%s\033]8;;\033\\", url, url);
	else
		fputs(url, stderr);
	fputs("\n\n", stderr);
	fflush(stderr);
}

void terminal_wait(const char *text, unsigned seconds_left)
{
	unsigned minutes = seconds_left / 60, seconds = seconds_left % 60;

	if (capable()) {
		fputs("\r\033[K", stderr);
		put_clean(text, strlen(text));
		fprintf(stderr, " ... %u:%02u left (Ctrl-C gives up)", minutes,
			seconds);
		waiting = true;
	} else if (!last_told || seconds_left > last_told ||
		   last_told - seconds_left >= SPARSE_S) {
		put_clean(text, strlen(text));
		fprintf(stderr, " ... %u:%02u left\n", minutes, seconds);
		last_told = seconds_left;
	}
	fflush(stderr);
}

void terminal_wait_end(void)
{
	if (waiting)
		fputs("\r\033[K", stderr);
	waiting = false;
}
