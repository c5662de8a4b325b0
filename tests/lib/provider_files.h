/* SPDX-License-Identifier: MIT */
/*
 * provider_files.h - the person's own folder of providers, for test programs
 * that fill it, and read it.
 */
#ifndef VALETKEY_PROVIDER_FILES_H
#define VALETKEY_PROVIDER_FILES_H

#include "client/provider.h"
#include "valetkey.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static char folder[4096];

static inline void make_provider_folder(void)
{
	snprintf(folder, sizeof(folder), "%s/valetkey",
		 getenv("XDG_CONFIG_HOME"));
	mkdir(folder, 0700);
	strcat(folder, "/providers");
	mkdir(folder, 0700);
}

static inline void write_file(const char *name, const char *text, mode_t mode)
{
	char path[8192];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s.conf", folder, name);
	file = fopen(path, "we");
	if (!file || fputs(text, file) < 0 || fclose(file) != 0 ||
	    chmod(path, mode) != 0)
		exit(99);
}

static inline bool loads(const char *name, struct record *provider)
{
	struct problem problem = {0};
	int rc = provider_load(name, provider, &problem);

	if (rc)
		printf("# %s\n", problem.text);
	return rc == VALETKEY_OK;
}

/* The key has this value; NULL: it is not there. */
static inline bool is(const struct record *record, const char *key,
		      const char *value)
{
	const char *got = record_get(record, key);

	if (got && value && strcmp(got, value) == 0)
		return true;
	if (!got && !value)
		return true;
	printf("# %s: %s\n", key, got ? got : "absent");
	return false;
}

#endif
