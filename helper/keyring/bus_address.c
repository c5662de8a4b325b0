/* SPDX-License-Identifier: MIT */
/*
 * bus_address.c - see bus_address.h, and the D-Bus specification's "Server
 * Addresses": a list with ';' between, in which no value has one unescaped.
 */
#include "bus_address.h"

#include <glib.h>
#include <gio/gio.h>
#include <stdlib.h>
#include <sys/stat.h>

static void add_given(GPtrArray *addresses)
{
	const char *given = getenv(BUS_VARIABLE);
	char **all = g_strsplit(given ? given : "", ";", 0);

	/* GLib does not know unix:runtime=yes, which is the next place. */
	for (char **at = all; *at; at++)
		if (g_str_has_prefix(*at, "unix:") &&
		    g_dbus_is_supported_address(*at, NULL))
			g_ptr_array_add(addresses, g_strdup(*at));
	g_strfreev(all);
}

static void add_runtime(GPtrArray *addresses)
{
	const char *runtime = getenv("XDG_RUNTIME_DIR");
	char *path, *escaped;
	struct stat info;

	if (!runtime || *runtime != '/')
		return;
	path = g_strconcat(runtime, "/bus", NULL);
	if (stat(path, &info) == 0 && S_ISSOCK(info.st_mode)) {
		escaped = g_dbus_address_escape_value(path);
		g_ptr_array_add(addresses,
				g_strconcat("unix:path=", escaped, NULL));
		g_free(escaped);
	}
	g_free(path);
}

char **bus_addresses(void)
{
	GPtrArray *addresses = g_ptr_array_new();

	add_given(addresses);
	add_runtime(addresses);
	g_ptr_array_add(addresses, NULL);
	return (char **)g_ptr_array_free(addresses, FALSE);
}
