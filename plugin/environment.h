/* SPDX-License-Identifier: MIT */
/*
 * environment.h - what of the host's environment the helper may see: an
 * allow-list. Nothing that changes what the loader, GLib or curl load or log.
 */
#ifndef VALETKEY_ENVIRONMENT_H
#define VALETKEY_ENVIRONMENT_H

/* A NULL-terminated environment for the helper, or NULL without memory. */
char **environment_for_helper(void);

void environment_free(char **environment);

#endif
