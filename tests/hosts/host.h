/* SPDX-License-Identifier: MIT */
/*
 * host.h - what the host programs in this folder share. Each of them is a
 * program that uses the library as strangers will, and holds one promise of
 * valetkey.h against it. It loads the library that $VALETKEY_LIB names, works
 * with the account $VALETKEY_TEST_ACCOUNT ("demo"), and exits with 0 where the
 * promise held; else it says on standard error which part did not, and exits
 * with 1. Included once, by the file that has main.
 */
#ifndef VALETKEY_TEST_HOST_H
#define VALETKEY_TEST_HOST_H

#include "valetkey.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* More than any lifetime: such a get always costs a refresh. */
#define HOST_FRESH 1000000u

static struct {
	void *object;
	__typeof__(valetkey_open) *open;
	__typeof__(valetkey_close) *close;
	__typeof__(valetkey_get) *get;
	__typeof__(valetkey_token_free) *token_free;
	__typeof__(valetkey_invalidate) *invalidate;
	__typeof__(valetkey_strerror) *strerror;
} lib;

static int host_report = 2; /* where a broken promise is told */

static inline void __attribute__((format(printf, 1, 2), noreturn))
broken(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vdprintf(host_report, format, args);
	va_end(args);
	dprintf(host_report, "\n");
	_exit(1);
}

/* Ends the program where a part of the promise is broken. */
#define must(good, ...)                      \
	do {                                 \
		if (!(good))                 \
			broken(__VA_ARGS__); \
	} while (0)

static inline const char *host_variable(const char *name, const char *other)
{
	const char *value = getenv(name);

	if (!value || !*value)
		value = other;
	must(value != NULL, "%s is not set", name);
	return value;
}

static inline const char *host_account(void)
{
	return host_variable("VALETKEY_TEST_ACCOUNT", "demo");
}

static inline void *host_symbol(const char *name)
{
	void *symbol = dlsym(lib.object, name);

	must(symbol != NULL, "no symbol %s", name);
	return symbol;
}

static inline void host_load(void)
{
	lib.object =
	    dlopen(host_variable("VALETKEY_LIB", NULL), RTLD_NOW | RTLD_LOCAL);
	must(lib.object != NULL, "dlopen: %s", dlerror());
	*(void **)&lib.open = host_symbol("valetkey_open");
	*(void **)&lib.close = host_symbol("valetkey_close");
	*(void **)&lib.get = host_symbol("valetkey_get");
	*(void **)&lib.token_free = host_symbol("valetkey_token_free");
	*(void **)&lib.invalidate = host_symbol("valetkey_invalidate");
	*(void **)&lib.strerror = host_symbol("valetkey_strerror");
}

/* A handle, and the library loaded where it was not. */
static inline struct valetkey *host_open(const struct valetkey_options *options)
{
	struct valetkey *handle;
	int rc;

	if (!lib.object)
		host_load();
	rc = lib.open(options, &handle);
	must(rc == VALETKEY_OK, "valetkey_open: %s", lib.strerror(rc));
	return handle;
}

static inline void host_close(struct valetkey *handle)
{
	int rc = lib.close(handle);

	must(rc == VALETKEY_OK, "valetkey_close: %s", lib.strerror(rc));
}

static inline struct valetkey_request host_request(uint32_t min_valid_s)
{
	return (struct valetkey_request){
	    .size = sizeof(struct valetkey_request),
	    .account = host_account(),
	    .min_valid_s = min_valid_s,
	};
}

/* A token, which there must be. */
static inline const struct valetkey_token *host_get(struct valetkey *handle,
						    uint32_t min_valid_s)
{
	const struct valetkey_request request = host_request(min_valid_s);
	const struct valetkey_token *token;
	int rc = lib.get(handle, &request, &token);

	must(rc == VALETKEY_OK, "valetkey_get: %s", lib.strerror(rc));
	must(token && token->length &&
		 strlen(token->access_token) == token->length,
	     "the token is not one");
	return token;
}

/* The result of a get; a token is freed. */
static inline int host_try(struct valetkey *handle,
			   const struct valetkey_request *request)
{
	const struct valetkey_token *token =
	    (const struct valetkey_token *)&lib;
	int rc = lib.get(handle, request, &token);

	must((rc == VALETKEY_OK) == (token != NULL),
	     "result %d and the token do not agree", rc);
	lib.token_free(token);
	return rc;
}

static inline int64_t host_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static inline void host_sleep(int ms)
{
	struct timespec left = {ms / 1000, ms % 1000 * 1000000L};

	while (nanosleep(&left, &left) != 0 && errno == EINTR)
		;
}

/* Which descriptors are open and what they are, as text. */
static inline void host_descriptors(char *text, size_t size)
{
	char target[256];
	ssize_t n;

	*text = '\0';
	for (int fd = 0; fd < 1024; fd++) {
		char path[32];

		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		n = readlink(path, target, sizeof(target) - 1);
		if (n < 0)
			continue;
		target[n] = '\0';
		snprintf(text + strlen(text), size - strlen(text), "%d:%s ", fd,
			 target);
	}
}

/* Whether a file of /proc/self (maps) has this text. */
static inline bool host_has(const char *file, const char *text)
{
	FILE *stream = fopen(file, "re");
	char line[4096];
	bool found = false;

	must(stream != NULL, "cannot read %s", file);
	while (fgets(line, sizeof(line), stream))
		if (strstr(line, text))
			found = true;
	fclose(stream);
	return found;
}

#endif
