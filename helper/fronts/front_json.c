/* SPDX-License-Identifier: MIT */
/*
 * front_json.c - the strings of a JSON object (RFC 8259), for fronts that are asked
 * in JSON. Loading yajl for a line of it would cost a fifth of what the whole
 * process costs. Stricter than helper/json, with the same names: what this takes
 * that takes too, and reads the same in it (tests/fuzz/fuzz_front_json.c).
 */
#include "front.h"

#include "core/text.h"

#include <string.h>

#define DEPTH_MAX 16

struct json_text {
	const char *at;
	const char *end;
	struct record *strings;
	struct buf path; /* of the value that comes next */
	struct buf word; /* the string that was read last */
	unsigned depth;
};

/* Where a value stands. */
struct json_place {
	size_t path; /* as much of the path names it */
	bool skip;   /* it has no name in a record */
	bool element;
};

static bool read_value(struct json_text *text, struct json_place place);

static void skip_blanks(struct json_text *text)
{
	while (text->at < text->end && strchr(" \t\r\n", *text->at) &&
	       *text->at)
		text->at++;
}

/* Whether this character comes next, which is taken then. */
static bool take_char(struct json_text *text, char c)
{
	if (text->at == text->end || *text->at != c)
		return false;
	text->at++;
	return true;
}

/* ---- strings ---- */

static bool take_hex(struct json_text *text, unsigned *code)
{
	*code = 0;
	for (int i = 0; i < 4; i++, text->at++) {
		static const char digits[] = "0123456789abcdef";
		const char *digit = NULL;

		if (text->at < text->end && *text->at)
			digit =
			    strchr(digits, *text->at >= 'A' && *text->at <= 'F'
					       ? *text->at | 0x20
					       : *text->at);
		if (!digit)
			return false;
		*code = *code << 4 | (unsigned)(digit - digits);
	}
	return true;
}

static bool add_code(struct buf *word, unsigned code)
{
	char utf8[4];
	size_t len = code < 0x80      ? 1
		     : code < 0x800   ? 2
		     : code < 0x10000 ? 3
				      : 4;

	for (size_t i = len - 1; i > 0; i--, code >>= 6)
		utf8[i] = (char)(0x80 | (code & 0x3f));
	utf8[0] = (char)(len == 1 ? code : (0xf00u >> len & 0xff) | code);
	return buf_add(word, utf8, len) == 0;
}

/* Behind a backslash. A half of a surrogate pair is nothing. */
static bool read_escape(struct json_text *text)
{
	static const char names[] = "\"\\/bfnrt", chars[] = "\"\\/\b\f\n\r\t";
	const char *name;
	unsigned code, low;

	if (text->at == text->end)
		return false;
	name = *text->at ? strchr(names, *text->at) : NULL;
	if (name) {
		text->at++;
		return buf_char(&text->word, chars[name - names]) == 0;
	}
	if (!take_char(text, 'u') || !take_hex(text, &code))
		return false;
	if (code >= 0xdc00 && code < 0xe000)
		return false;
	if (code >= 0xd800 && code < 0xdc00) {
		if (!take_char(text, '\\') || !take_char(text, 'u') ||
		    !take_hex(text, &low) || low < 0xdc00 || low >= 0xe000)
			return false;
		code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
	}
	return code && add_code(&text->word, code);
}

/* Into text->word. */
static bool read_string(struct json_text *text)
{
	buf_clear(&text->word);
	if (!take_char(text, '"'))
		return false;
	while (text->at < text->end && *text->at != '"') {
		const char *from = text->at;

		while (text->at < text->end && *text->at != '"' &&
		       *text->at != '\\' && (unsigned char)*text->at >= 0x20)
			text->at++;
		if (buf_add(&text->word, from, (size_t)(text->at - from)))
			return false;
		if (text->at == text->end || *text->at == '"')
			continue;
		if (!take_char(text, '\\') || !read_escape(text))
			return false;
	}
	return take_char(text, '"') &&
	       text_utf8(buf_text(&text->word), text->word.len);
}

/* ---- what has no string in it ---- */

static bool take_digits(struct json_text *text)
{
	const char *from = text->at;

	while (text->at < text->end && *text->at >= '0' && *text->at <= '9')
		text->at++;
	return text->at > from;
}

static bool read_number(struct json_text *text)
{
	take_char(text, '-');
	if (!take_char(text, '0') && !take_digits(text))
		return false;
	if (take_char(text, '.') && !take_digits(text))
		return false;
	if (!take_char(text, 'e') && !take_char(text, 'E'))
		return true;
	if (!take_char(text, '+'))
		take_char(text, '-');
	return take_digits(text);
}

static bool read_literal(struct json_text *text)
{
	static const char *const words[] = {"true", "false", "null"};

	for (size_t i = 0; i < 3; i++) {
		size_t len = strlen(words[i]);

		if ((size_t)(text->end - text->at) >= len &&
		    memcmp(text->at, words[i], len) == 0) {
			text->at += len;
			return true;
		}
	}
	return read_number(text);
}

/* ---- objects and arrays ---- */

static bool name_ok(const struct buf *word)
{
	return word->len && strspn(word->data, "abcdefghijklmnopqrstuvwxyz"
					       "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
					       "0123456789._-") == word->len;
}

static bool read_member(struct json_text *text, struct json_place place)
{
	struct json_place inner = place;

	if (!read_string(text))
		return false;
	inner.element = false;
	inner.skip = place.skip || !name_ok(&text->word);
	text->path.len = place.path;
	if (!inner.skip &&
	    ((place.path && buf_char(&text->path, '.')) ||
	     buf_add(&text->path, text->word.data, text->word.len)))
		return false;
	inner.path = text->path.len;
	skip_blanks(text);
	return take_char(text, ':') && read_value(text, inner);
}

/* What is in an object or array of an array has no name. */
static bool read_nested(struct json_text *text, struct json_place place,
			char close)
{
	struct json_place inner = {place.path, place.skip || place.element,
				   true};
	bool good = true;

	if (++text->depth > DEPTH_MAX)
		return false;
	skip_blanks(text);
	if (!take_char(text, close)) {
		do {
			skip_blanks(text);
			good = close == '}' ? read_member(text, inner)
					    : read_value(text, inner);
			skip_blanks(text);
		} while (good && take_char(text, ','));
		good = good && take_char(text, close);
	}
	text->depth--;
	return good;
}

static bool add_string(struct json_text *text, struct json_place place)
{
	if (!read_string(text))
		return false;
	if (place.skip)
		return true;
	text->path.len = place.path;
	if (place.element && buf_str(&text->path, "[]"))
		return false;
	return record_add_pair(text->strings,
			       (struct record_pair){
				   text->path.data, text->path.len,
				   buf_text(&text->word), text->word.len}) == 0;
}

static bool read_value(struct json_text *text, struct json_place place)
{
	skip_blanks(text);
	if (take_char(text, '{'))
		return read_nested(text, place, '}');
	if (take_char(text, '['))
		return read_nested(text, place, ']');
	if (text->at < text->end && *text->at == '"')
		return add_string(text, place);
	return read_literal(text);
}

int front_json(const struct buf *input, struct record *strings)
{
	struct json_text text = {.at = buf_text(input),
				 .end = buf_text(input) + input->len,
				 .strings = strings};
	bool good;

	skip_blanks(&text);
	good = take_char(&text, '{') &&
	       read_nested(&text, (struct json_place){.path = 0}, '}');
	skip_blanks(&text);
	good = good && text.at == text.end;
	if (!good)
		record_free(strings);
	buf_free(&text.path);
	buf_free(&text.word);
	return good ? VALETKEY_OK : VALETKEY_ERR_ARG;
}
