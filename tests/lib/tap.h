/* SPDX-License-Identifier: MIT */
/*
 * tap.h - the Test Anything Protocol for a test program: tap_ok() for every
 * claim, and `return tap_done();` at the end of main, which prints the plan and
 * gives the exit status. Included once, by the file that has main.
 */
#ifndef VALETKEY_TAP_H
#define VALETKEY_TAP_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

static int tap_count, tap_failed;

/* Prints one result line, and returns good. */
static inline bool __attribute__((format(printf, 2, 3)))
tap_ok(bool good, const char *format, ...)
{
	va_list args;

	if (!good)
		tap_failed++;
	printf("%s %d - ", good ? "ok" : "not ok", ++tap_count);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
	fflush(stdout);
	return good;
}

static inline int tap_done(void)
{
	printf("1..%d\n", tap_count);
	return tap_failed || !tap_count;
}

#endif
