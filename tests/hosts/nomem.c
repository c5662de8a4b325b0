/* SPDX-License-Identifier: MIT */
/*
 * nomem - every allocation of open, get, invalidate and of what the plugin does
 * for them fails once: the call says ERR_NOMEM or does without, nothing is
 * leaked, and the same call works afterwards. The plugin is linked in, with the
 * allocating functions wrapped (-Wl,--wrap). argv[1] is the origin of the
 * account's host.
 */
#include "lib/calm.h"
#include "valetkey.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define LIVE_MAX 4096

static long fail_at; /* which allocation fails, from 1; 0: none */
static long asked;
static void *live[LIVE_MAX];
static const char *what = "";

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__real_reallocarray(void *old, size_t count, size_t size);
char *__real_strdup(const char *text);
char *__real_strndup(const char *text, size_t max);
void __real_free(void *memory);
void *__real_mmap(void *at, size_t size, int prot, int flags, int fd,
		  off_t off);
DIR *__real_fdopendir(int fd);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
void *__wrap_reallocarray(void *old, size_t count, size_t size);
char *__wrap_strdup(const char *text);
char *__wrap_strndup(const char *text, size_t max);
void __wrap_free(void *memory);
void *__wrap_mmap(void *at, size_t size, int prot, int flags, int fd,
		  off_t off);
DIR *__wrap_fdopendir(int fd);

static bool fails(void)
{
	if (++asked != fail_at)
		return false;
	errno = ENOMEM;
	return true;
}

static void *born(void *memory)
{
	for (size_t i = 0; memory && i < LIVE_MAX; i++)
		if (!live[i]) {
			live[i] = memory;
			break;
		}
	return memory;
}

static void gone(const void *memory)
{
	for (size_t i = 0; memory && i < LIVE_MAX; i++)
		if (live[i] == memory)
			live[i] = NULL;
}

static size_t alive(void)
{
	size_t count = 0;

	for (size_t i = 0; i < LIVE_MAX; i++)
		count += live[i] != NULL;
	return count;
}

void *__wrap_malloc(size_t size)
{
	return fails() ? NULL : born(__real_malloc(size));
}

void *__wrap_calloc(size_t count, size_t size)
{
	return fails() ? NULL : born(__real_calloc(count, size));
}

void *__wrap_realloc(void *old, size_t size)
{
	return __wrap_reallocarray(old, size, 1);
}

void *__wrap_reallocarray(void *old, size_t count, size_t size)
{
	void *memory;

	if (fails())
		return NULL;
	gone(old);
	memory = __real_reallocarray(old, count, size);
	return born(memory);
}

char *__wrap_strdup(const char *text)
{
	return fails() ? NULL : born(__real_strdup(text));
}

char *__wrap_strndup(const char *text, size_t max)
{
	return fails() ? NULL : born(__real_strndup(text, max));
}

void __wrap_free(void *memory)
{
	gone(memory);
	__real_free(memory);
}

void *__wrap_mmap(void *at, size_t size, int prot, int flags, int fd, off_t off)
{
	return fails() ? MAP_FAILED
		       : __real_mmap(at, size, prot, flags, fd, off);
}

DIR *__wrap_fdopendir(int fd)
{
	return fails() ? NULL : __real_fdopendir(fd);
}

static void must(bool good, const char *part, int rc)
{
	if (good)
		return;
	fprintf(stderr, "%s, allocation %ld: %s: %s\n", what, fail_at, part,
		valetkey_strerror(rc));
	_exit(1);
}

static size_t open_descriptors(void)
{
	size_t count = 0;
	char path[32], target[8];

	for (int fd = 0; fd < 64; fd++) {
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		count += readlink(path, target, sizeof(target)) > 0;
	}
	return count;
}

/* Everything a host does once; the first result that is not OK. */
static int run(const struct valetkey_request *request)
{
	const struct valetkey_options options = {.size = sizeof(options),
						 .program = "nomem"};
	const struct valetkey_token *token = NULL, *again = NULL;
	struct valetkey *handle = NULL;
	int rc = valetkey_open(&options, &handle);

	must((rc == VALETKEY_OK) == (handle != NULL), "the handle", rc);
	if (!rc) {
		rc = valetkey_get(handle, request, &token);
		must((rc == VALETKEY_OK) == (token != NULL), "the token", rc);
	}
	if (!rc && request->min_valid_s == 2) {
		rc = valetkey_invalidate(handle, token);
		if (!rc)
			rc = valetkey_get(handle, request, &again);
	}
	valetkey_token_free(again);
	must(valetkey_close(handle) == VALETKEY_OK, "close", VALETKEY_OK);
	valetkey_token_free(token);
	return rc;
}

static void each_allocation(const char *name,
			    const struct valetkey_request *request)
{
	size_t before = alive(), descriptors = open_descriptors();
	int rc, failures = 0;

	what = name;
	for (fail_at = 1;; fail_at++) {
		calm("demo");
		asked = 0;
		rc = run(request);
		if (asked < fail_at)
			break;
		failures += rc != VALETKEY_OK;
		must(rc == VALETKEY_OK || rc == VALETKEY_ERR_NOMEM, "the code",
		     rc);
		must(alive() == before, "memory is left", rc);
		must(open_descriptors() == descriptors, "a descriptor is left",
		     rc);
	}
	must(rc == VALETKEY_OK, "without a failure", rc);
	must(failures > 5, "too few allocations were met", rc);
	fail_at = 0;
}

int main(int argc, char **argv)
{
	struct valetkey_request request = {
	    .size = sizeof(request), .account = "demo", .min_valid_s = 1};

	if (argc != 2)
		return 2;
	each_allocation("get", &request);
	request.resource = argv[1];
	request.account = NULL;
	request.scope = "monitoring";
	each_allocation("get by resource", &request);
	request.min_valid_s = 2;
	each_allocation("invalidate", &request);
	return 0;
}
