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

#include "core/text.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <yajl/yajl_parse.h>

/* ---- memory for yajl ---- */

/* Blocks are cut from one piece whose size was worked out beforehand. Nothing is
 * given back before the whole is wiped and freed by its owner. The functions have
 * the shape that yajl asks for; context is the arena. */

struct arena {
	unsigned char *data; /* aligned as malloc() does */
	size_t size;
	size_t used;
};

#define ARENA_ALIGN 16u

/* The block's size stands in front of it, for arena_realloc(). Ends the process
 * if the arena is too small: its owner miscounted. */
static void *arena_malloc(void *context, size_t size)
{
	struct arena *arena = context;
	size_t need =
	    ARENA_ALIGN + (size + ARENA_ALIGN - 1) / ARENA_ALIGN * ARENA_ALIGN;
	unsigned char *block = arena->data + arena->used;

	if (size > arena->size || need > arena->size - arena->used)
		abort(); /* yajl would write through NULL */
	memcpy(block, &size, sizeof(size));
	arena->used += need;
	return block + ARENA_ALIGN;
}

static void *arena_realloc(void *context, void *old, size_t size)
{
	unsigned char *block = arena_malloc(context, size);
	size_t old_size = 0;

	if (old)
		memcpy(&old_size, (unsigned char *)old - ARENA_ALIGN,
		       sizeof(old_size));
	if (old_size)
		memcpy(block, old, old_size < size ? old_size : size);
	return block;
}

/* Does nothing. */
static void arena_keep(void *context, void *block)
{
	(void)context, (void)block;
}

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
	const struct buf *path = &parser->path;

	if (!parser->depth)
		return 0;
	if (name_element(parser))
		return out_of_memory(parser);
	if (parser->skip)
		return 1;
	return !record_add_pair(to, (struct record_pair){path->data, path->len,
							 text, len}) ||
	       out_of_memory(parser);
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

const char *json_member(const struct json *json, const char *key)
{
	const char *text = record_get(&json->strings, key);

	return text ? text : record_get(&json->scalars, key);
}

void json_free(struct json *json)
{
	record_free(&json->strings);
	record_free(&json->scalars);
}

/* ---- from a record to JSON ---- */

static const char *skip_digits(const char *at)
{
	return at + strspn(at, "0123456789");
}

/* A JSON number (RFC 8259 6), true or false. */
static bool is_bare(const char *text)
{
	const char *at = text + (*text == '-');
	const char *digits = at;

	if (strcmp(text, "true") == 0 || strcmp(text, "false") == 0)
		return true;
	at = skip_digits(at);
	if (at == digits || (*digits == '0' && at > digits + 1))
		return false;
	if (*at == '.') {
		digits = ++at;
		at = skip_digits(at);
		if (at == digits)
			return false;
	}
	if (*at == 'e' || *at == 'E') {
		at++;
		digits = at += *at == '+' || *at == '-';
		at = skip_digits(at);
		if (at == digits)
			return false;
	}
	return !*at;
}

static bool json_listed(const char *const *keys, const char *key)
{
	for (; keys && *keys; keys++)
		if (strcmp(*keys, key) == 0)
			return true;
	return false;
}

/* Unless it comes first in its object or array. */
static int put_comma(struct buf *out)
{
	return strchr("{[", out->data[out->len - 1]) ? 0 : buf_char(out, ',');
}

/* A name is part of a record's key: nothing in it needs an escape. */
static int write_name(struct buf *out, const char *name, size_t len)
{
	return put_comma(out) || buf_fmt(out, "\"%.*s\":", (int)len, name);
}

static int write_value(struct buf *out, const char *value, bool bare)
{
	if (bare && is_bare(value))
		return buf_str(out, value);
	return text_utf8(value, strlen(value)) ? text_json_string(out, value)
					       : -1;
}

static bool is_list(const char *key)
{
	size_t len = strlen(key);

	return len > 2 && strcmp(key + len - 2, "[]") == 0;
}

/* One member: its last value, or for a list all of them. */
static int write_member(struct buf *out, const struct record *record,
			const char *key, bool bare)
{
	const char *name = strrchr(key, '.') ? strrchr(key, '.') + 1 : key;
	const char *value = NULL;
	size_t len = strlen(name);
	int rc;

	if (!is_list(key))
		return write_name(out, name, len) ||
		       write_value(out, record_get(record, key), bare);
	rc = write_name(out, name, len - 2) || buf_char(out, '[');
	while (!rc && (value = record_next(record, key, value)))
		rc = put_comma(out) || write_value(out, value, bare);
	return rc || buf_char(out, ']');
}

/* Closes and opens objects until those of key are open instead of before's. */
static int write_path(struct buf *out, const char *before, const char *key)
{
	const char *same = key, *dot;
	int rc = 0;

	for (size_t i = 0; before[i] && before[i] == key[i]; i++)
		if (key[i] == '.')
			same = key + i + 1;
	for (dot = before + (same - key); !rc && (dot = strchr(dot, '.'));
	     dot++)
		rc = buf_char(out, '}');
	for (; !rc && (dot = strchr(same, '.')); same = dot + 1)
		rc = write_name(out, same, (size_t)(dot - same)) ||
		     buf_char(out, '{');
	return rc;
}

/* What json_parse() would refuse is not written. */
static bool too_deep(const char *key)
{
	unsigned depth = is_list(key) ? 2 : 1;

	for (; *key; key++)
		depth += *key == '.';
	return depth > JSON_DEPTH_MAX;
}

static int write_record(struct buf *out, const struct record *record,
			const char *const *bare)
{
	const char *key, *value, *before = "";
	size_t at = 0;

	if (buf_char(out, '{'))
		return -1;
	while ((key = record_each(record, &at, &value))) {
		/* a list goes out at its first value, else the last counts */
		if (value != (is_list(key) ? record_next(record, key, NULL)
					   : record_get(record, key)))
			continue;
		if (too_deep(key) || write_path(out, before, key) ||
		    write_member(out, record, key, json_listed(bare, key)))
			return -1;
		before = key;
	}
	return write_path(out, before, "") || buf_char(out, '}');
}

int json_write(const struct record *record, const char *const *bare,
	       struct buf *out)
{
	size_t before = out->len;

	if (write_record(out, record, bare) == 0)
		return 0;
	out->len = before;
	return -1;
}
