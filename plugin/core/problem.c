/* SPDX-License-Identifier: MIT */
/*
 * problem.c - see problem.h.
 */
#include "problem.h"

#include <stdarg.h>
#include <stdio.h>

int problem_set(struct problem *problem, int result, const char *format, ...)
{
	va_list args;

	problem->result = result;
	va_start(args, format);
	vsnprintf(problem->text, sizeof(problem->text), format, args);
	va_end(args);
	for (char *c = problem->text; *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			*c = ' ';
	return result;
}

const char *problem_quote(char *out, const char *text)
{
	size_t n = 0;

	while (text && *text && n < PROBLEM_QUOTE_MAX - 1) {
		unsigned char c = (unsigned char)*text++;

		out[n++] = c < 0x20 || c >= 0x7f ? '?' : (char)c;
	}
	out[n] = '\0';
	return out;
}
