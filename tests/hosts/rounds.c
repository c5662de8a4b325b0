/* SPDX-License-Identifier: MIT */
/*
 * rounds - loads and unloads the library: rounds NUMBER EVERY. In one round of
 * EVERY a handle is used; the library leaves nothing behind in any.
 */
#include "host.h"

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static void use(void)
{
	const struct valetkey_options options = {.size = sizeof(options),
						 .program = "rounds"};
	struct valetkey *handle = host_open(&options);
	const struct valetkey_token *token = host_get(handle, HOST_FRESH);

	lib.token_free(host_get(handle, 1));
	host_close(handle);
	lib.token_free(token);
}

int main(int argc, char **argv)
{
	long number = argc == 3 ? strtol(argv[1], NULL, 10) : 0;
	long every = argc == 3 ? strtol(argv[2], NULL, 10) : 1;
	const char *name = base_name(host_variable("VALETKEY_LIB", NULL));
	char before[4096], after[4096];

	must(number > 0, "rounds NUMBER EVERY");
	host_descriptors(before, sizeof(before));
	for (long i = 0; i < number; i++) {
		host_load();
		if (i % every == 0)
			use();
		must(dlclose(lib.object) == 0, "dlclose: %s", dlerror());
	}
	must(!host_has("/proc/self/maps", name), "%s is still loaded", name);
	must(host_has("/proc/self/status", "Threads:\t1\n"),
	     "a thread is left");
	host_descriptors(after, sizeof(after));
	must(strcmp(before, after) == 0, "descriptors before: %s after: %s",
	     before, after);
	return 0;
}
