/* SPDX-License-Identifier: MIT */
/*
 * provider_check.h - judges the text of a provider's file, line by line and as a
 * whole, and explains every key. libc only; touches no file and no network.
 */
#ifndef VALETKEY_PROVIDER_CHECK_H
#define VALETKEY_PROVIDER_CHECK_H

#include "core/record.h"

#include <stdbool.h>

/* A line that holds a key; meaning is NULL if the key is unknown. */
struct provider_line {
	unsigned number; /* from 1 */
	const char *key, *value;
	const char *meaning;
};

/* Who is told. Texts are plain: outside text in them has been quoted. */
struct provider_reader {
	void (*line)(void *data, const struct provider_line *line);
	/* number 0: of the whole file. Not an error: a warning. */
	void (*finding)(void *data, unsigned number, bool error,
			const char *text);
	void *data;
};

/* 0, whatever was found, or ERR_NOMEM. */
int provider_check(const char *text, size_t len,
		   const struct provider_reader *reader);

/* ---- between provider_check.c and provider_check_value.c ---- */

struct provider_check {
	const struct provider_reader *reader;
	struct record provider; /* all lines that are well formed */
	struct record numbers;	/* the last line of each key */
	struct record said;	/* every finding is told once */
	bool no_memory;
};

void provider_say(struct provider_check *check, unsigned number, bool error,
		  const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Judges the value of one line. */
void provider_check_value(struct provider_check *check,
			  const struct provider_line *line, const char *name,
			  bool of_kind);

/* Some value for each well formed parameter[], into an account's keys; those
 * lines go into `lines` unless it is NULL. Not 0: no memory. */
int provider_any_values(const struct record *provider, struct record *lines,
			struct record *keys);

#endif
