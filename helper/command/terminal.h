/* SPDX-License-Identifier: MIT */
/*
 * terminal.h - how the command speaks with a person. Everything but terminal_out()
 * goes to standard error: standard output is for what a program may want to read.
 *
 * Whatever comes from outside is printed through terminal_say(), which shows
 * control characters as '?', so no server and no file can move the cursor.
 * Colour only on a terminal that has it, and not if NO_COLOR is set.
 */
#ifndef VALETKEY_TERMINAL_H
#define VALETKEY_TERMINAL_H

#include "core/buf.h"

#include <stdbool.h>
#include <stdio.h>

enum terminal_style {
	TERMINAL_PLAIN = 0,
	TERMINAL_BOLD = 1,
	TERMINAL_GOOD = 2,
	TERMINAL_WARNING = 3,
	TERMINAL_FAINT = 4
};

/* Whether a person can be asked: standard input and error are terminals. */
bool terminal_person(void);

/* Writes text of whatever origin: what is not UTF-8, control characters and
 * marks that turn the direction of text become '?'; newlines count. */
void terminal_put(FILE *out, const char *text, size_t len);

/* Prints text; newlines count. On a terminal a line that is too long for it goes
 * on in the next, at a word's border and not within a command. */
void terminal_say(enum terminal_style style, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The same from column `indent` on, where the cursor is; later lines start
 * under it. */
void terminal_wrap(unsigned indent, const char *text);

/* How many columns text of whatever origin takes; how many bytes of it, at most, take
 * so many columns. */
size_t terminal_columns(const char *text, size_t len);
size_t terminal_cut(const char *text, size_t len, size_t columns);

/* The same two on standard output, where a person may read what is a program's
 * otherwise; and how many columns a line has there, 0: it is no terminal. */
void terminal_out(enum terminal_style style, const char *text);
void terminal_out_wrap(unsigned indent, const char *text);
size_t terminal_out_room(void);

/* The URL on a line of its own; a terminal can make it a link (OSC 8). */
void terminal_url(const char *url);

/* Has it put marks around what is pasted, if it knows how. */
void terminal_mark_pastes(bool on);

/* Whether it has colour, and the person wants it. */
bool terminal_colour(void);

/* How wide it is; 0: it does not say, or does not let its cursor be moved. And
 * where the cursor is after terminal_say(). */
size_t terminal_width(void);
size_t terminal_column(void);

/* How many rows the text fills, if none of it is a command. */
unsigned terminal_rows(const char *text);

/* The URL as a QR code, on a terminal that has colour, UTF-8 and the room for
 * it and for `rows` of text that belong to it, if libqrencode is installed; else
 * nothing. */
void terminal_qr(const char *url, unsigned rows);

/*
 * Asks, and puts the answer's line into `answer`, without its newline and the
 * blanks around it; it can be as long as anybody pastes. Asks again if it holds
 * control characters. A secret is not shown. The terminal is as before when this
 * returns, when the process is stopped and when a signal ends it. 0, ERR_CANCELED
 * (end of file), ERR_NOMEM.
 */
int terminal_ask(const char *question, struct buf *answer);

/* At the terminal that this descriptor is, whatever standard error is. */
int terminal_ask_secret(int terminal, const char *question, struct buf *answer);

/* terminal_ask() for so many seconds: ERR_TIMEOUT. 0: as long as it takes. The
 * answer may be pasted and have several lines, which are made one with blanks
 * between them; what follows it on the terminal is thrown away. */
int terminal_ask_within(const char *question, unsigned seconds,
			struct buf *answer);

/* "TEXT ... 4:32 left", in place on a terminal, else now and then a line. */
void terminal_wait(const char *text, unsigned seconds_left);

/* Takes that line away. Before any other output; cheap if there is none. */
void terminal_wait_end(void);

#endif
