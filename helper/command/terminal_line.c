/* SPDX-License-Identifier: MIT */
/*
 * terminal_line.c - see terminal_line.h.
 */
#include "terminal_line.h"

#include "core/text.h"
#include "terminal.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LINE_MAX_BYTES 65536
#define ESCAPE '\033'

/* ---- what is shown ---- */

/* The character that is complete with the last byte. */
static void show_last(const struct terminal_line *line)
{
	const struct buf *text = line->text;
	size_t n = 1;

	while (n < 4 && n < text->len &&
	       (text->data[text->len - n] & 0xc0) == 0x80)
		n++;
	if (line->shown && text_utf8(text->data + text->len - n, n))
		terminal_put(stderr, text->data + text->len - n, n);
}

/* Takes the last character back. */
static void erase_last(const struct terminal_line *line)
{
	struct buf *text = line->text;

	while (text->len > 1 && (text->data[text->len - 1] & 0xc0) == 0x80)
		text->data[--text->len] = '\0';
	text->data[--text->len] = '\0';
	if (line->shown)
		fputs("\b \b", stderr);
}

static void erase_word(const struct terminal_line *line)
{
	const struct buf *text = line->text;

	while (text->len && strchr(" \n", text->data[text->len - 1]))
		erase_last(line);
	while (text->len && !strchr(" \n", text->data[text->len - 1]))
		erase_last(line);
}

/* ---- bytes ---- */

static enum terminal_event keep_byte(const struct terminal_line *line, char c)
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

static bool is_key(const struct terminal_line *line, int which, char c)
{
	cc_t key = line->keys->c_cc[which];

	return key != _POSIX_VDISABLE && key == (unsigned char)c;
}

static enum terminal_event take_key(const struct terminal_line *line, char c)
{
	if (is_key(line, VERASE, c) || c == 0x7f || c == '\b') {
		if (line->text->len)
			erase_last(line);
	} else if (is_key(line, VWERASE, c)) {
		erase_word(line);
	} else if (is_key(line, VKILL, c)) {
		buf_clear(line->text);
		return TERMINAL_AGAIN;
	} else if (is_key(line, VEOF, c)) {
		return line->text->len ? TERMINAL_MORE : TERMINAL_END;
	} else {
		return keep_byte(line, c);
	}
	return TERMINAL_MORE;
}

enum terminal_event terminal_line_newline(const struct terminal_line *line)
{
	return keep_byte(line, '\n');
}

enum terminal_event terminal_line_take(struct terminal_line *line, char c)
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
		return line->pasting ? terminal_line_newline(line)
				     : TERMINAL_ENTER;
	return line->pasting ? keep_byte(line, c) : take_key(line, c);
}
