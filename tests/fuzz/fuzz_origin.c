/* SPDX-License-Identifier: MIT */
/*
 * fuzz_origin.c - any text into origin_of(); the origin of what it took is its
 * own origin, has no userinfo, and plain http only for a loopback address. The same
 * of a resource, which alone may be of another service than the web.
 */
#include "core/origin.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_service(const char *origin)
{
	static const char *const names[] = {"imaps://", "smtps://", "pop3s://",
					    "ldaps://"};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (strncmp(origin, names[i], strlen(names[i])) == 0)
			return true;
	return false;
}

static void check(const char *url, const char *origin)
{
	char again[ORIGIN_MAX];

	if (origin_of_resource(origin, again) != 0 ||
	    strcmp(origin, again) != 0 || !origin_is(url, origin))
		abort();
	if (strchr(origin, '@') || strchr(strstr(origin, "://") + 3, '/'))
		abort();
	if (is_service(origin) != (origin_of(url, again) != 0))
		abort();
	if (strncmp(origin, "https://", 8) != 0 && !is_service(origin) &&
	    !origin_is_loopback(origin))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char origin[ORIGIN_MAX];
	char *url = malloc(size + 1);

	if (!url)
		return 0;
	if (size)
		memcpy(url, data, size);
	url[size] = '\0';
	if (origin_of_resource(url, origin) == 0)
		check(url, origin);
	else if (origin_of(url, origin) == 0)
		abort();
	free(url);
	return 0;
}
