/* SPDX-License-Identifier: MIT */
/*
 * near.c - "did you mean": of the names that there are, the one that a
 * mistyped word is nearest to. At most two letters differ, so that nothing is
 * proposed at random.
 */
#include "client/edit_distance.h"
#include "client/provider.h"
#include "command.h"

#include <stdio.h>
#include <string.h>

#define TOO_FAR 3

void cmd_near_try(struct cmd_near *near, const char *name)
{
	size_t d = edit_distance(near->word, name);

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
