/* SPDX-License-Identifier: MIT */
/*
 * terminal_line.h - the line that a person types or pastes, byte by byte, as the
 * terminal's line mode would take it, but of any length: Backspace, Ctrl-U,
 * Ctrl-W and Ctrl-D, whatever keys stty has for them. Escape sequences mean
 * nothing, but for the marks around a paste (ESC[200~ and ESC[201~): a newline
 * between them is no Enter and stays in the text.
 */
#ifndef VALETKEY_TERMINAL_LINE_H
#define VALETKEY_TERMINAL_LINE_H

#include "core/buf.h"

#include <stdbool.h>
#include <termios.h>

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
	bool pasting;
	char escape[8]; /* a sequence that has begun */
	unsigned char escape_len;
};

enum terminal_event terminal_line_take(struct terminal_line *line, char c);

/* The last Enter was a newline of a paste: MORE, or NOMEM. */
enum terminal_event terminal_line_newline(const struct terminal_line *line);

#endif
