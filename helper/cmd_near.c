/* SPDX-License-Identifier: MIT */
/*
 * cmd_near.c - "did you mean": of the names that there are, the one that a
 * mistyped word is nearest to. At most two letters differ, so that nothing is
 * proposed at random.
 */
#include "cmd.h"
#include "provider.h"

#include <stdio.h>
#include <string.h>

#define TOO_FAR 3

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* The edit distance of two words, for "did you mean". */
static size_t distance(const char *a, const char *b)
{
	size_t row[32], len = strlen(b);

	if (len >= 32)
		return len;
	for (size_t j = 0; j <= len; j++)
		row[j] = j;
	for (size_t i = 1; a[i - 1]; i++) {
		size_t corner = row[0];

		row[0] = i;
		for (size_t j = 1; j <= len; j++) {
			size_t above = row[j];

			row[j] = least(least(above, row[j - 1]) + 1,
				       corner + (a[i - 1] != b[j - 1]));
			corner = above;
		}
	}
	return row[len];
}

void cmd_near_try(struct cmd_near *near, const char *name)
{
	size_t d = distance(near->word, name);

	if (d >= (*near->name ? near->distance : TOO_FAR) || d >= strlen(name))
		return;
	near->distance = d;
	snprintf(near->name, sizeof(near->name), "%s", name);
}

static int see(const char *name, void *data)
{
	cmd_near_try(data, name);
	return VALETKEY_OK;
}

int cmd_fail_provider(const char *name, const struct problem *problem)
{
	struct cmd_near near = {.word = name};

	provider_each(see, &near);
	if (!*near.name || strcmp(near.name, name) == 0)
		return cmd_fail_problem(problem);
	return cmd_fail(problem->result, "%s Did you mean: %s", problem->text,
			near.name);
}
