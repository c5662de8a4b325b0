/* SPDX-License-Identifier: MIT */
/*
 * terminal.c - see terminal.h: what is shown. The questions are in
 * terminal_ask.c.
 */
#include "terminal.h"

#include "core/text.h"

#include <ctype.h>
#include <dlfcn.h>
#include <langinfo.h>
#include <locale.h>
#include <qrencode.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define WIDTH_MIN 20   /* a narrower one is taken for this */
#define WIDTH_USUAL 80 /* of a terminal that does not say */
#define PREFIX "valetkey: "
#define WAIT_REST (sizeof(" ... 00:00 left (Ctrl-C gives up)") - 1)
#define WAIT_HINT (sizeof("00:00 left (Ctrl-C gives up)") - 1)
#define SPARSE_S 60 /* without a terminal: a line a minute */

static bool waiting;
static size_t last_column; /* where the last line ended */
static unsigned last_told;

bool terminal_person(void)
{
	return isatty(STDIN_FILENO) && isatty(STDERR_FILENO);
}

/* A terminal that understands escape sequences. */
static bool is_capable(int fd)
{
	const char *term = getenv("TERM");

	return isatty(fd) && term && *term && strcmp(term, "dumb") != 0;
}

static bool capable(void)
{
	return is_capable(STDERR_FILENO);
}

void terminal_mark_pastes(bool on)
{
	if (capable())
		fputs(on ? "\033[?2004h" : "\033[?2004l", stderr);
}

static bool has_colour(int fd)
{
	const char *no_color = getenv("NO_COLOR");

	return is_capable(fd) && !(no_color && *no_color);
}

bool terminal_colour(void)
{
	return has_colour(STDERR_FILENO);
}

static const char *style_on(int fd, enum terminal_style style)
{
	static const char *const codes[] = {"", "\033[1m", "\033[32m",
					    "\033[33m", "\033[2m"};

	return has_colour(fd) ? codes[style] : "";
}

/* Marks that turn the direction of text: U+202A to U+202E, U+2066 to U+2069. */
static bool turns_direction(const unsigned char *c)
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
	    (c[0] == 0xc2 && c[1] < 0xa0) || (n == 3 && turns_direction(c)))
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

/* ---- lines that fit ---- */

/* How many columns a line may have; without a terminal as many as it likes. */
static size_t room_of(int fd)
{
	struct winsize size;

	if (ioctl(fd, TIOCGWINSZ, &size) != 0)
		return SIZE_MAX;
	if (!size.ws_col)
		return WIDTH_USUAL - 1;
	return (size.ws_col > WIDTH_MIN ? size.ws_col : WIDTH_MIN) - 1;
}

size_t terminal_width(void)
{
	struct winsize size;

	return capable() && ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0
		   ? size.ws_col
		   : 0;
}

size_t terminal_column(void)
{
	return last_column;
}

static size_t line_room(void)
{
	return room_of(STDERR_FILENO);
}

/* As terminal_put() shows it. */
size_t terminal_cut(const char *text, size_t len, size_t columns)
{
	size_t at = 0;

	for (; at < len && columns; columns--) {
		size_t n = showable(text + at, len - at);

		at += n ? n : 1;
	}
	return at;
}

size_t terminal_columns(const char *text, size_t len)
{
	size_t columns = 0;

	while (len) {
		size_t n = terminal_cut(text, len, 1);

		text += n;
		len -= n;
		columns++;
	}
	return columns;
}

unsigned terminal_rows(const char *text)
{
	size_t room = line_room(), column = 0;
	unsigned rows = 0;

	while (*text) {
		size_t len = strcspn(text, " ");
		size_t columns = terminal_columns(text, len);

		if (!rows || column + 1 + columns > room) {
			rows +=
			    1 + (unsigned)(columns ? (columns - 1) / room : 0);
			column = columns;
		} else {
			column += 1 + columns;
		}
		text += len + (text[len] == ' ');
	}
	return rows;
}

/* Whether a command begins with this word, or options of one: after a colon
 * ("Run: valetkey ..."), after "then", or quoted. */
static bool begins_command(const char *line, const char *word)
{
	static const char *const programs[] = {
	    "valetkey", "git", "curl", "ssh",	     "ss",
	    "chmod",	"man", "hs",   "resolvectl", "openssl"};
	const char *before = word;

	while (before > line && before[-1] == ' ')
		before--;
	if (strchr("'`(", *word))
		word++;
	else if (!(before > line && before[-1] == ':') &&
		 !(before - line >= 5 && memcmp(before - 5, " then", 5) == 0))
		return false;
	if (strncmp(word, "--", 2) == 0)
		return true;
	for (size_t i = 0; i < sizeof(programs) / sizeof(*programs); i++)
		if (strcspn(word, " \n") == strlen(programs[i]) &&
		    strncmp(word, programs[i], strlen(programs[i])) == 0)
			return true;
	return false;
}

/* The length of what must stay on one line: a word, or a whole command, which
 * goes on to the end of its quotes, sentence or line. */
static size_t unit_length(const char *line, const char *word)
{
	const char *ends = strchr("'`", *word) ? ",;)'`" : ",;)";
	size_t len = strcspn(word, " \n");

	if (!len || !begins_command(line, word))
		return len;
	while (!strchr(ends, word[len - 1])) {
		size_t next = len + strspn(word + len, " ");

		if (!word[next] || strchr("\n(", word[next]) ||
		    (word[len - 1] == '.' &&
		     isupper((unsigned char)word[next])))
			break;
		len = next + strcspn(word + next, " \n");
	}
	return len;
}

/* Writes a line, up to its newline or its end, as several that fit; those but
 * the first begin under column `indent`, where the cursor is now. Returns what
 * is after it. */
static const char *put_line(FILE *out, const char *text, size_t indent)
{
	const size_t room = room_of(fileno(out));
	const char *line = text;
	size_t column = indent;

	if (strncmp(line, PREFIX, strlen(PREFIX)) == 0)
		line += strlen(PREFIX);
	while (*text && *text != '\n') {
		size_t blanks = strspn(text, " ");
		size_t len = unit_length(line, text + blanks);
		size_t columns = terminal_columns(text + blanks, len);

		if (len && column > indent &&
		    column + blanks + columns > room) {
			fprintf(out, "\n%*s", (int)indent, "");
			column = indent;
		} else {
			terminal_put(out, text, blanks);
			column += blanks;
		}
		terminal_put(out, text + blanks, len);
		column += columns;
		text += blanks + len;
	}
	last_column = column;
	return text;
}

void terminal_say(enum terminal_style style, const char *format, ...)
{
	const char *on = style_on(STDERR_FILENO, style), *line;
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
	for (line = text; *line; line += *line == '\n') {
		size_t indent = strspn(line, " ");

		put_clean(line, indent);
		line = put_line(stderr, line + indent, indent);
		if (*line)
			putc('\n', stderr);
	}
	if (*on)
		fputs("\033[0m", stderr);
	fflush(stderr);
	free(text);
}

void terminal_wrap(unsigned indent, const char *text)
{
	terminal_wait_end();
	put_line(stderr, text, indent);
	putc('\n', stderr);
	fflush(stderr);
}

/* ---- standard output, if a person reads it ---- */

size_t terminal_out_room(void)
{
	return isatty(STDOUT_FILENO) ? room_of(STDOUT_FILENO) : 0;
}

void terminal_out(enum terminal_style style, const char *text)
{
	const char *on = style_on(STDOUT_FILENO, style);

	fputs(on, stdout);
	terminal_put(stdout, text, strlen(text));
	if (*on)
		fputs("\033[0m", stdout);
}

void terminal_out_wrap(unsigned indent, const char *text)
{
	put_line(stdout, text, indent);
	putchar('\n');
}

/* ---- what else a login shows ---- */

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
		if (terminal_columns(text, strlen(text)) + WAIT_REST <=
		    line_room()) {
			put_clean(text, strlen(text));
			fputs(" ... ", stderr);
		}
		fprintf(stderr, "%u:%02u left%s", minutes, seconds,
			WAIT_HINT <= line_room() ? " (Ctrl-C gives up)" : "");
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

/* ---- QR codes ---- */

/* For a telephone's camera. Two modules a character, in colours of its own, so
 * that it can be read on dark and on light terminals. libqrencode is loaded when
 * the first code is shown: the command links libc only, and without the library
 * there is no code. */

#define LIBRARY "libqrencode.so.4"
#define QUIET 4 /* modules around it, which the standard wants */
/* Black and white of the fixed part of the palette, which no theme changes. */
#define COLOURS "\033[38;5;16;48;5;231m"
#define RESET "\033[0m"

static bool locale_is_utf8(void)
{
	locale_t locale = newlocale(LC_CTYPE_MASK, "", (locale_t)0);
	bool is;

	if (!locale)
		return false;
	is = strcmp(nl_langinfo_l(CODESET, locale), "UTF-8") == 0;
	freelocale(locale);
	return is;
}

/* What we use of the library, as its header declares it. */
struct library {
	__typeof__(QRcode_encodeString) *encode;
	__typeof__(QRcode_free) *release;
	void *handle;
};

static bool load_qrencode(struct library *library)
{
	void *encode, *release;

	library->handle = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
	if (!library->handle)
		return false;
	encode = dlsym(library->handle, "QRcode_encodeString");
	release = dlsym(library->handle, "QRcode_free");
	/* POSIX has a function's address fit into a pointer. */
	memcpy(&library->encode, &encode, sizeof(encode));
	memcpy(&library->release, &release, sizeof(release));
	if (encode && release)
		return true;
	dlclose(library->handle);
	return false;
}

/* With `rows` of text around it. */
static bool qr_code_fits(int size, unsigned rows)
{
	struct winsize window;

	return ioctl(STDERR_FILENO, TIOCGWINSZ, &window) == 0 &&
	       size <= window.ws_col &&
	       (unsigned)(size + 1) / 2 + rows <= window.ws_row;
}

/* Whether the module is dark; the quiet zone is light. */
static bool qr_code_is_dark(const QRcode *code, int x, int y)
{
	return x >= 0 && y >= 0 && x < code->width && y < code->width &&
	       (code->data[y * code->width + x] & 1);
}

static void print_qr_code(const QRcode *code)
{
	static const char *const blocks[] = {" ", "\u2580", "\u2584", "\u2588"};
	int end = code->width + QUIET;

	for (int y = -QUIET; y < end; y += 2) {
		fputs(COLOURS, stderr);
		for (int x = -QUIET; x < end; x++)
			fputs(blocks[qr_code_is_dark(code, x, y) |
				     qr_code_is_dark(code, x, y + 1) << 1],
			      stderr);
		fputs(RESET "\n", stderr);
	}
	fflush(stderr);
}

void terminal_qr(const char *url, unsigned rows)
{
	struct library library;
	QRcode *code;

	if (!terminal_colour() || !locale_is_utf8() || !load_qrencode(&library))
		return;
	code = library.encode(url, 0, QR_ECLEVEL_L, QR_MODE_8, 1);
	if (code && qr_code_fits(code->width + 2 * QUIET, rows)) {
		terminal_wait_end();
		print_qr_code(code);
	}
	library.release(code);
	dlclose(library.handle);
}
