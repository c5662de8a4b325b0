/* SPDX-License-Identifier: MIT */
/*
 * json.c - from JSON to records, see json.h. Called with what a provider
 * answered.
 *
 * yajl does not check its allocations, so it gets them from an arena that is
 * measured beforehand, cannot run out, and is wiped as a whole at the end.
 * yajl's own check of UTF-8 lets overlong forms and surrogates through, so
 * strings are checked here.
 */
#include "json.h"

#include "arena.h"
#include "core/text.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <yajl/yajl_parse.h>

#define TEXT_MAX (1u << 20)

/*
 * yajl keeps at most two buffers of the text's size, each grown by doubling:
 * all steps together are less than four times the last need.
 */
#define ARENA_BASE 16384u
#define ARENA_PER_BYTE 8u

struct level {
	size_t path; /* how much of the path names this object or array */
	bool array;
	bool skip; /* has no name in a record, and so has nothing in it */
};

struct parser {
	struct json *json;
	bool generous; /* see json_parse_answer() */
	bool no_memory;
	struct buf path; /* the name of the value that comes next */
	struct level levels[JSON_DEPTH_MAX + 1];
	unsigned depth;
	bool skip; /* the value that comes next has no name */
};

/* Ends the parsing. */
static int out_of_memory(struct parser *parser)
{
	parser->no_memory = true;
	return 0;
}

/* An array's elements are named one by one, an object's by their keys. */
static int name_element(struct parser *parser)
{
	const struct level *level = &parser->levels[parser->depth];

	if (!level->array)
		return 0;
	parser->path.len = level->path;
	parser->skip = level->skip;
	return buf_str(&parser->path, "[]");
}

static int add_value(struct parser *parser, struct record *to, const char *text,
		     size_t len)
{
	struct buf value = {0};
	int rc;

	if (!parser->depth)
		return 0;
	if (name_element(parser))
		return out_of_memory(parser);
	if (parser->skip)
		return 1;
	rc = buf_add(&value, text, len) ||
	     record_add(to, parser->path.data, value.data);
	buf_free(&value);
	return !rc || out_of_memory(parser);
}

static int on_null(void *context)
{
	const struct parser *parser = context;

	return parser->depth > 0;
}

static int on_boolean(void *context, int value)
{
	struct parser *parser = context;

	return add_value(parser, &parser->json->scalars,
			 value ? "true" : "false", value ? 4 : 5);
}

static int on_number(void *context, const char *text, size_t len)
{
	struct parser *parser = context;

	return add_value(parser, &parser->json->scalars, text, len);
}

static int on_string(void *context, const unsigned char *text, size_t len)
{
	struct parser *parser = context;
	const char *chars = (const char *)text;

	return text_utf8(chars, len) &&
	       add_value(parser, &parser->json->strings, chars, len);
}

/* What is inside an array's object or array has no name in a record, or the
 * name that it had without the array around it. */
static int open_level(struct parser *parser, bool array)
{
	const struct level *outer = &parser->levels[parser->depth];
	struct level *level = &parser->levels[parser->depth + 1];

	if (parser->depth == JSON_DEPTH_MAX ||
	    (!parser->depth && array && !parser->generous))
		return 0;
	level->skip =
	    outer->array ? outer->skip || !parser->generous : parser->skip;
	level->array = array;
	level->path = outer->array ? outer->path : parser->path.len;
	parser->depth++;
	return 1;
}

static int close_level(void *context)
{
	struct parser *parser = context;

	parser->depth--;
	return 1;
}

static int on_object(void *context)
{
	return open_level(context, false);
}

static int on_array(void *context)
{
	return open_level(context, true);
}

static bool good_key(const unsigned char *key, size_t len)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyz"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789._-";
	size_t i;

	for (i = 0; i < len; i++)
		if (!memchr(allowed, key[i], sizeof(allowed) - 1))
			return false;
	return len > 0;
}

static int on_key(void *context, const unsigned char *key, size_t len)
{
	struct parser *parser = context;
	const struct level *level = &parser->levels[parser->depth];
	bool good;

	if (!text_utf8((const char *)key, len))
		return 0;
	good = good_key(key, len);
	parser->skip = level->skip || (!good && !parser->generous);
	if (parser->skip)
		return 1;
	parser->path.len = level->path;
	if ((level->path && buf_char(&parser->path, '.')) ||
	    (good ? buf_add(&parser->path, key, len)
		  : buf_char(&parser->path, '?')))
		return out_of_memory(parser);
	return 1;
}

static const yajl_callbacks callbacks = {.yajl_null = on_null,
					 .yajl_boolean = on_boolean,
					 .yajl_number = on_number,
					 .yajl_string = on_string,
					 .yajl_start_map = on_object,
					 .yajl_map_key = on_key,
					 .yajl_end_map = close_level,
					 .yajl_start_array = on_array,
					 .yajl_end_array = close_level};

static enum record_error outcome(const struct parser *parser, bool good)
{
	if (parser->no_memory)
		return RECORD_NOMEM;
	return good ? RECORD_OK : RECORD_MALFORMED;
}

static enum record_error parse_text(struct parser *parser, const char *text,
				    size_t len, bool whole)
{
	struct arena arena = {.size = ARENA_BASE + ARENA_PER_BYTE * len};
	yajl_alloc_funcs functions = {.malloc = arena_malloc,
				      .realloc = arena_realloc,
				      .free = arena_keep,
				      .ctx = &arena};
	yajl_handle yajl;
	bool good;

	if (len > TEXT_MAX)
		return RECORD_MALFORMED;
	arena.data = malloc(arena.size);
	if (!arena.data)
		return RECORD_NOMEM;
	yajl = yajl_alloc(&callbacks, &functions, parser);
	good = yajl &&
	       yajl_parse(yajl, (const unsigned char *)text, len) ==
		   yajl_status_ok &&
	       (!whole || yajl_complete_parse(yajl) == yajl_status_ok);
	buf_free(&parser->path);
	explicit_bzero(arena.data, arena.used);
	free(arena.data);
	return outcome(parser, good);
}

int json_parse(const char *text, size_t len, struct json *json)
{
	struct parser parser = {.json = json};
	size_t mark = text_mark(text, len); /* RFC 8259 8.1 */

	return parse_text(&parser, text + mark, len - mark, true) ? -1 : 0;
}

enum record_error json_parse_answer(const char *text, size_t len, bool whole,
				    struct json *json)
{
	struct parser parser = {.json = json, .generous = true};

	return parse_text(&parser, text, len, whole);
}

void json_free(struct json *json)
{
	record_free(&json->strings);
	record_free(&json->scalars);
}
