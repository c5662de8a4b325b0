/* SPDX-License-Identifier: MIT */
/*
 * problem.h - what went wrong: a result code of the ABI, and one or two
 * sentences for a person: what happened, why, and the next thing to do.
 *
 * Text from outside (a server, a file) enters only through problem_quote(),
 * which takes control characters out and cuts at 200 bytes. No secret is ever
 * put in.
 */
#ifndef VALETKEY_PROBLEM_H
#define VALETKEY_PROBLEM_H

#include <stddef.h>

struct problem {
	int result; /* enum valetkey_result */
	char text[1000];
};

/* Sets both, and returns result. A later problem replaces an earlier one. */
int problem_set(struct problem *problem, int result, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#define PROBLEM_QUOTE_MAX 201

/* A clean copy of outside text in `out` (PROBLEM_QUOTE_MAX bytes): returns it.
 */
const char *problem_quote(char *out, const char *text);

#endif
