/* SPDX-License-Identifier: MIT */
/*
 * tell.c - how every verb tells that something failed: one sentence or two
 * on standard error, and the result as what is returned.
 */
#include "client/unusable.h"
#include "command.h"
#include "terminal.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

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
