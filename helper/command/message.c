/* SPDX-License-Identifier: MIT */
/*
 * message.c - how every verb tells that something failed: one sentence or two
 * on standard error, and the result as what is returned.
 */
#include "core/text.h"
#include "client/provider.h"
#include "client/unusable.h"
#include "command.h"
#include "terminal.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* ---- near names ---- */

/* "did you mean": of the names that there are, the one that a mistyped word is
 * nearest to. At most two letters differ, so that nothing is proposed at
 * random. */

#define TOO_FAR 3

void cmd_near_try(struct cmd_near *near, const char *name)
{
	size_t d = edit_distance(near->word, name);

	if (d >= (*near->name ? near->distance : TOO_FAR) || d >= strlen(name))
		return;
	near->distance = d;
	snprintf(near->name, sizeof(near->name), "%s", name);
}

static int message_see(const char *name, void *data)
{
	cmd_near_try(data, name);
	return VALETKEY_OK;
}

int cmd_fail_provider(const char *name, const struct problem *problem)
{
	struct cmd_near near = {.word = name};

	provider_each(message_see, &near);
	if (!*near.name || strcmp(near.name, name) == 0)
		return cmd_fail_problem(problem);
	return cmd_fail(problem->result, "%s Did you mean: %s", problem->text,
			near.name);
}

static bool told;

int cmd_fail(int result, const char *format, ...)
{
	struct problem problem;
	va_list args;

	va_start(args, format);
	vsnprintf(problem.text, sizeof(problem.text), format, args);
	va_end(args);
	terminal_say(TERMINAL_PLAIN, "valetkey: %s\n", problem.text);
	told = told || result;
	return result;
}

void cmd_is_told(void)
{
	told = true;
}

int cmd_end(int result)
{
	if (result && !told)
		cmd_fail(result, "%s.", valetkey_strerror(result));
	return result;
}

void cmd_tell_ignored(void)
{
	struct problem problem = {0};

	if (unusable_environment(&problem))
		cmd_fail(0, "%s", problem.text);
}

int cmd_fail_problem(const struct problem *problem)
{
	return cmd_fail(problem->result, "%s", problem->text);
}

int cmd_flush(void)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return VALETKEY_OK;
	return cmd_fail(VALETKEY_ERR_DENIED,
			"Standard output cannot be written: %s.",
			strerror(errno));
}
