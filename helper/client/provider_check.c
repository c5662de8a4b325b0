/* SPDX-License-Identifier: MIT */
/*
 * provider_check.c - see provider_check.h: reads the lines, finds their keys, and
 * judges what concerns the file as a whole. Each line goes through the parser
 * that reads the file in earnest.
 */
#include "provider_check.h"

#include "core/problem.h"
#include "provider.h"
#include "provider_keys.h"
#include <valetkey.h>

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define FINDING_MAX 600
#define NAME_MAX_LENGTH 200

void provider_say(struct provider_check *check, unsigned number, bool error,
		  const char *format, ...)
{
	char text[FINDING_MAX], known[FINDING_MAX + 32];
	const char *said = NULL;
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	snprintf(known, sizeof(known), "%u %s", number, text);
	while ((said = record_next(&check->said, "said", said)))
		if (strcmp(said, known) == 0)
			return;
	if (record_add(&check->said, "said", known))
		check->no_memory = true;
	check->reader->finding(check->reader->data, number, error, text);
}

/* ---- one line ---- */

/* The name behind "client.KIND.", NULL where the key is not such a one. */
static const char *name_of_kind(const char *key)
{
	const char *dot;

	if (strncmp(key, "client.", 7) != 0)
		return NULL;
	dot = strchr(key + 7, '.');
	return dot && dot > key + 7 ? dot + 1 : NULL;
}

static void unknown_key(struct provider_check *check, unsigned number,
			const char *key, const char *name, bool of_kind)
{
	const char *nearest = provider_key_nearest(name, of_kind);
	char quoted[PROBLEM_QUOTE_MAX];

	problem_quote(quoted, key);
	if (!of_kind && provider_key_of_account(name))
		provider_say(check, number, true,
			     "%s belongs in an account's file.", quoted);
	else if (provider_key_find(name, !of_kind))
		provider_say(check, number, true,
			     of_kind ? "%s cannot differ between the kinds of "
				       "client: remove the kind."
				     : "%s belongs to a kind of client: write "
				       "client.KIND.%s.",
			     quoted, name);
	else if (nearest)
		provider_say(check, number, true,
			     "There is no key %s. Is it %.*s%s?", quoted,
			     (int)(name - key), key, nearest);
	else
		provider_say(check, number, true, "There is no key %s.",
			     quoted);
}

static bool has_value(const struct record *record, const char *key,
		      const char *wanted, size_t len)
{
	const char *value = NULL;

	while ((value = record_next(record, key, value)))
		if (strlen(value) == len && strncmp(value, wanted, len) == 0)
			return true;
	return false;
}

static void check_kind_of(struct provider_check *check,
			  const struct provider_line *line)
{
	const char *kind = line->key + 7;
	size_t len = strcspn(kind, ".");
	char quoted[PROBLEM_QUOTE_MAX];

	problem_quote(quoted, line->key);
	if (!has_value(&check->provider, "client[]", kind, len))
		provider_say(check, line->number, true,
			     "%s: there is no such kind of client; add a "
			     "line client[]=%.*s",
			     quoted, (int)len, kind);
}

static void check_twice(struct provider_check *check,
			const struct provider_line *line)
{
	char quoted[PROBLEM_QUOTE_MAX];
	int64_t last = record_get_int(&check->numbers, line->key, 0);

	if (!strchr(line->key, '[') && last != line->number)
		provider_say(
		    check, line->number, true,
		    "%s is there again in line %d, and that one counts.",
		    problem_quote(quoted, line->key), (int)last);
}

static void judge(struct provider_check *check, unsigned number,
		  const char *key, const char *value)
{
	const char *name = name_of_kind(key);
	bool of_kind = name != NULL;
	const struct provider_key *known =
	    provider_key_find(of_kind ? name : key, of_kind);
	const struct provider_line line = {number, key, value,
					   known ? known->meaning : NULL};

	check->reader->line(check->reader->data, &line);
	if (!known) {
		unknown_key(check, number, key, of_kind ? name : key, of_kind);
		return;
	}
	if (of_kind)
		check_kind_of(check, &line);
	check_twice(check, &line);
	provider_check_value(check, &line, known->name, of_kind);
}

/* ---- all lines ---- */

/* Calls `see` for each line that holds a key, `bad` for those that cannot. */
static void
each_line(struct provider_check *check, const char *text, size_t len,
	  void (*see)(struct provider_check *check, unsigned number,
		      const char *key, const char *value),
	  void (*bad)(struct provider_check *check, unsigned number))
{
	unsigned number = 0;

	for (size_t at = 0; at < len; at++) {
		const char *end = memchr(text + at, '\n', len - at);
		size_t size = end ? (size_t)(end - text) - at : len - at;
		struct record one = {0};
		const char *key, *value;
		size_t pair = 0;
		int rc = record_parse_text(&one, text + at, size, NULL);

		number++;
		if (rc == RECORD_NOMEM)
			check->no_memory = true;
		else if (rc)
			bad(check, number);
		else if ((key = record_each(&one, &pair, &value)))
			see(check, number, key, value);
		record_free(&one);
		at += size;
	}
}

static void keep(struct provider_check *check, unsigned number, const char *key,
		 const char *value)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", number);
	if (record_add(&check->provider, key, value) ||
	    record_add(&check->numbers, key, text))
		check->no_memory = true;
}

static void nothing(struct provider_check *check, unsigned number)
{
	(void)check;
	(void)number;
}

static void malformed(struct provider_check *check, unsigned number)
{
	provider_say(check, number, true,
		     "This is not KEY=VALUE: a key has letters, digits, . _ - "
		     "and perhaps [] at its end; no control characters.");
}

/* ---- the whole ---- */

static bool mentions(const struct record *provider, const char *word)
{
	const char *value;
	size_t at = 0;

	while (record_each(provider, &at, &value))
		if (strstr(value, word))
			return true;
	return false;
}

static void check_parameters(struct provider_check *check)
{
	struct provider_parameter parameter;
	const char *line = NULL;
	char word[sizeof(parameter.name) + 2];

	while ((line = record_next(&check->provider, "parameter[]", line))) {
		if (!provider_parameter_read(line, &parameter))
			continue;
		snprintf(word, sizeof(word), "{%s}", parameter.name);
		if (!mentions(&check->provider, word))
			provider_say(check, 0, false,
				     "Nothing contains %s: the parameter makes "
				     "no difference.",
				     word);
	}
}

static void check_whole(struct provider_check *check)
{
	const struct record *provider = &check->provider;
	bool instances = record_get(provider, "instance[]") ||
			 record_get(provider, "instance_domain[]");

	if (!record_get(provider, "name"))
		provider_say(check, 0, true,
			     "name is missing: what people call the provider.");
	if (!record_get(provider, "documentation"))
		provider_say(check, 0, false,
			     "documentation is missing: the page that this "
			     "was made from.");
	if (instances && !mentions(provider, "{origin}"))
		provider_say(check, 0, false,
			     "Nothing contains {origin}: the instances make no "
			     "difference.");
	check_parameters(check);
}

int provider_check(const char *text, size_t len,
		   const struct provider_reader *reader)
{
	struct provider_check check = {.reader = reader};

	each_line(&check, text, len, keep, nothing);
	each_line(&check, text, len, judge, malformed);
	if (!check.no_memory)
		check_whole(&check);
	if (!check.no_memory)
		provider_check_kinds(&check);
	record_free(&check.provider);
	record_free(&check.numbers);
	record_free(&check.said);
	return check.no_memory ? VALETKEY_ERR_NOMEM : VALETKEY_OK;
}
