/* SPDX-License-Identifier: MIT */
/*
 * fuzz_provider.c - any bytes as a provider's file: the check ends and tells of
 * lines that are there, and where the file can be read, no value of a parameter
 * changes where anything goes.
 */
#include "core/origin.h"
#include "client/provider.h"
#include "client/provider_check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* ---- the check ---- */

static void see_line(void *data, const struct provider_line *line)
{
	const unsigned *lines = data;

	if (!line->number || line->number > *lines || !*line->key)
		abort();
}

static void see_finding(void *data, unsigned number, bool error,
			const char *text)
{
	const unsigned *lines = data;

	(void)error;
	if (number > *lines || !*text)
		abort();
	for (; *text; text++)
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			abort();
}

static void check(const char *text, size_t size)
{
	unsigned lines = 1;
	const struct provider_reader reader = {see_line, see_finding, &lines};

	for (size_t i = 0; i < size; i++)
		lines += text[i] == '\n';
	provider_check(text, size, &reader);
}

/* ---- parameters ---- */

static int resolve(const struct record *provider, const char *value,
		   struct record *resolved)
{
	struct record keys = {0};
	const struct provider_choice choice = {NULL, "https://host.example",
					       &keys};
	struct provider_parameter parameter;
	struct problem problem;
	const char *line = NULL;
	char key[64];
	int rc;

	while ((line = record_next(provider, "parameter[]", line))) {
		if (!provider_parameter_read(line, &parameter))
			continue;
		snprintf(key, sizeof(key), "parameter.%s", parameter.name);
		record_add(&keys, key, value);
	}
	rc = provider_resolve(provider, &choice, resolved, &problem);
	record_free(&keys);
	return rc;
}

static void same_places(const struct record *provider)
{
	struct record one = {0}, other = {0};
	const char *key, *a, *b;
	size_t at = 0, behind = 0;

	if (resolve(provider, "evil.example", &one) == 0 &&
	    resolve(provider, "a", &other) == 0)
		while ((key = record_each(&one, &at, &a)) &&
		       record_each(&other, &behind, &b)) {
			char from[ORIGIN_MAX] = "", to[ORIGIN_MAX] = "";

			if (strstr(key, "_endpoint") || strstr(key, "hosts"))
				if (origin_of(a, from) != origin_of(b, to) ||
				    strcmp(from, to) != 0)
					abort();
		}
	record_free(&one);
	record_free(&other);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct record provider = {0};
	char *text = malloc(size ? size : 1); /* its end is watched */

	if (!text)
		return 0;
	if (size)
		memcpy(text, data, size);
	check(text, size);
	if (record_parse_text(&provider, text, size, NULL) == 0)
		same_places(&provider);
	record_free(&provider);
	free(text);
	return 0;
}
