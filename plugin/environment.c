/* SPDX-License-Identifier: MIT */
/*
 * environment.c - see environment.h. The helper sets HOME and USER itself, from
 * the user database.
 */
#include "environment.h"

#include "core/account.h"
#include "core/buf.h"
#include <valetkey.h>

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_FIXED "PATH=/usr/local/bin:/usr/bin:/bin"
#define VARIABLES_MAX 256

static bool named(const char *variable, const char *name)
{
	size_t len = strlen(name);

	return strncmp(variable, name, len) == 0 && variable[len] == '=';
}

static bool is_proxy(const char *variable)
{
	const char *end = strchr(variable, '=');

	return end && end - variable > 6 &&
	       strncasecmp(end - 6, "_proxy", 6) == 0;
}

/* A directory of ours that nobody else can write. */
static bool is_safe_dir(const char *path)
{
	struct stat st;

	return *path == '/' && stat(path, &st) == 0 && S_ISDIR(st.st_mode) &&
	       st.st_uid == geteuid() && !(st.st_mode & (S_IWGRP | S_IWOTH));
}

static bool allowed(const char *variable)
{
	const char *value = strchr(variable, '=');

	if (!value++)
		return false;
	if (named(variable, "XDG_RUNTIME_DIR"))
		return is_safe_dir(value);
	return named(variable, "DBUS_SESSION_BUS_ADDRESS") ||
	       named(variable, "LANG") || named(variable, "TZ") ||
	       strncmp(variable, "LC_", 3) == 0 || is_proxy(variable) ||
	       named(variable, "SSL_CERT_FILE") ||
	       named(variable, "SSL_CERT_DIR");
}

static char *config_home(void)
{
	struct buf path = {0};
	int rc = VALETKEY_ERR_NOMEM;

	if (buf_str(&path, "XDG_CONFIG_HOME=") == 0)
		rc = account_config_home(&path);
	if (rc == VALETKEY_OK)
		return path.data;
	buf_free(&path);
	return rc == VALETKEY_ERR_NOMEM ? NULL : strdup("XDG_CONFIG_HOME=");
}

/* For cron and the like, which set none, *variable is where logind makes it; NULL
 * where another one counts, or that is not ours alone. */
static int usual_runtime_dir(char **variable)
{
	const char *given = getenv("XDG_RUNTIME_DIR");
	struct buf usual = {0};
	struct stat st;
	const char *path;

	*variable = NULL;
	if (given && is_safe_dir(given))
		return 0;
	if (buf_fmt(&usual, "XDG_RUNTIME_DIR=/run/user/%u",
		    (unsigned)geteuid()))
		return -1;
	path = strchr(usual.data, '/');
	if (is_safe_dir(path) && stat(path, &st) == 0 &&
	    (st.st_mode & 07777) == 0700)
		*variable = usual.data;
	else
		buf_free(&usual);
	return 0;
}

char **environment_for_helper(void)
{
	char **out = calloc(VARIABLES_MAX + 1, sizeof(*out));
	size_t n = 0;

	if (!out)
		return NULL;
	out[n++] = strdup(PATH_FIXED);
	out[n++] = config_home();
	if (usual_runtime_dir(&out[n]) || out[n])
		n++;
	for (char **at = environ; at && *at && n < VARIABLES_MAX; at++)
		if (allowed(*at))
			out[n++] = strdup(*at);
	for (size_t i = 0; i < n; i++)
		if (!out[i]) {
			while (n)
				free(out[--n]);
			free(out);
			return NULL;
		}
	return out;
}

void environment_free(char **environment)
{
	if (!environment)
		return;
	for (char **at = environment; *at; at++)
		free(*at);
	free(environment);
}
