/* SPDX-License-Identifier: MIT */
/*
 * json_write.c - from a record to JSON, see json.h. Called for what the command
 * and the outside protocols answer in JSON.
 *
 * yajl escapes and puts the commas; what it writes goes straight into the
 * caller's buffer, which is wiped. Its own few blocks hold no text.
 */
#include "json.h"

#include "arena.h"
#include "core/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <yajl/yajl_gen.h>

struct output {
	struct buf *out;
	bool failed;
};

static void on_output(void *context, const char *text, size_t len)
{
	struct output *output = context;

	if (buf_add(output->out, text, len))
		output->failed = true;
}

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

static bool listed(const char *const *keys, const char *key)
{
	for (; keys && *keys; keys++)
		if (strcmp(*keys, key) == 0)
			return true;
	return false;
}

static bool write_string(yajl_gen gen, const char *text, size_t len)
{
	return yajl_gen_string(gen, (const unsigned char *)text, len) ==
	       yajl_gen_status_ok;
}

static bool write_value(yajl_gen gen, const char *value, bool bare)
{
	size_t len = strlen(value);

	if (bare && is_bare(value))
		return yajl_gen_number(gen, value, len) == yajl_gen_status_ok;
	return text_utf8(value, len) && write_string(gen, value, len);
}

static bool is_list(const char *key)
{
	size_t len = strlen(key);

	return len > 2 && strcmp(key + len - 2, "[]") == 0;
}

/* One member: its last value, or for a list all of them. */
static bool write_member(yajl_gen gen, const struct record *record,
			 const char *key, bool bare)
{
	const char *name = strrchr(key, '.') ? strrchr(key, '.') + 1 : key;
	const char *value = NULL;
	size_t len = strlen(name);

	if (!is_list(key))
		return write_string(gen, name, len) &&
		       write_value(gen, record_get(record, key), bare);
	if (!write_string(gen, name, len - 2) || yajl_gen_array_open(gen))
		return false;
	while ((value = record_next(record, key, value)))
		if (!write_value(gen, value, bare))
			return false;
	return yajl_gen_array_close(gen) == yajl_gen_status_ok;
}

/* Closes and opens objects until those of key are open instead of before's. */
static bool write_path(yajl_gen gen, const char *before, const char *key)
{
	const char *same = key, *dot;
	size_t i;

	for (i = 0; before[i] && before[i] == key[i]; i++)
		if (key[i] == '.')
			same = key + i + 1;
	for (dot = before + (same - key); (dot = strchr(dot, '.')); dot++)
		if (yajl_gen_map_close(gen))
			return false;
	for (; (dot = strchr(same, '.')); same = dot + 1)
		if (!write_string(gen, same, (size_t)(dot - same)) ||
		    yajl_gen_map_open(gen))
			return false;
	return true;
}

/* What json_parse() would refuse is not written. */
static bool too_deep(const char *key)
{
	unsigned depth = is_list(key) ? 2 : 1;

	for (; *key; key++)
		depth += *key == '.';
	return depth > JSON_DEPTH_MAX;
}

static bool write_record(yajl_gen gen, const struct record *record,
			 const char *const *bare)
{
	const char *key, *value, *before = "";
	size_t at = 0;

	if (yajl_gen_map_open(gen))
		return false;
	while ((key = record_each(record, &at, &value))) {
		/* a list goes out at its first value, else the last counts */
		if (value != (is_list(key) ? record_next(record, key, NULL)
					   : record_get(record, key)))
			continue;
		if (too_deep(key) || !write_path(gen, before, key) ||
		    !write_member(gen, record, key, listed(bare, key)))
			return false;
		before = key;
	}
	return write_path(gen, before, "") &&
	       yajl_gen_map_close(gen) == yajl_gen_status_ok;
}

int json_write(const struct record *record, const char *const *bare,
	       struct buf *out)
{
	_Alignas(max_align_t) unsigned char memory[4096];
	struct arena arena = {.data = memory, .size = sizeof(memory)};
	yajl_alloc_funcs functions = {.malloc = arena_malloc,
				      .realloc = arena_realloc,
				      .free = arena_keep,
				      .ctx = &arena};
	struct output output = {.out = out};
	size_t before = out->len;
	yajl_gen gen = yajl_gen_alloc(&functions);

	if (!gen)
		return -1;
	yajl_gen_config(gen, yajl_gen_print_callback, on_output, &output);
	if (write_record(gen, record, bare) && !output.failed)
		return 0;
	out->len = before;
	return -1;
}
