/* SPDX-License-Identifier: MIT */
/*
 * bench.h - what the programs of the benchmark share: time, samples, and the
 * library that $VALETKEY_LIB names. A sample is a line "NAME NANOSECONDS" on
 * standard output; bench.sh collects them. Included once, by the file that has
 * main.
 */
#ifndef VALETKEY_BENCH_H
#define VALETKEY_BENCH_H

#include "valetkey.h"

#include <dlfcn.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static inline void __attribute__((format(printf, 1, 2), noreturn))
give_up(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	exit(1);
}

#define need(good, ...)                       \
	do {                                  \
		if (!(good))                  \
			give_up(__VA_ARGS__); \
	} while (0)

static inline int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static inline void sample(const char *name, double ns)
{
	printf("%s %.1f\n", name, ns);
}

struct bench_library {
	__typeof__(valetkey_open) *open;
	__typeof__(valetkey_close) *close;
	__typeof__(valetkey_get) *get;
	__typeof__(valetkey_token_free) *token_free;
	__typeof__(valetkey_invalidate) *invalidate;
	__typeof__(valetkey_strerror) *strerror;
};

static inline void *bench_symbol(void *object, const char *name)
{
	void *symbol = dlsym(object, name);

	need(symbol != NULL, "no symbol %s", name);
	return symbol;
}

static inline struct bench_library bench_load(void)
{
	const char *path = getenv("VALETKEY_LIB");
	void *object = path ? dlopen(path, RTLD_NOW | RTLD_LOCAL) : NULL;
	struct bench_library lib = {0};

	need(object != NULL, "VALETKEY_LIB: %s", path ? dlerror() : "not set");
	*(void **)&lib.open = bench_symbol(object, "valetkey_open");
	*(void **)&lib.close = bench_symbol(object, "valetkey_close");
	*(void **)&lib.get = bench_symbol(object, "valetkey_get");
	*(void **)&lib.token_free = bench_symbol(object, "valetkey_token_free");
	*(void **)&lib.invalidate = bench_symbol(object, "valetkey_invalidate");
	*(void **)&lib.strerror = bench_symbol(object, "valetkey_strerror");
	return lib;
}

#endif
