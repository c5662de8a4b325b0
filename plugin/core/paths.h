/* SPDX-License-Identifier: MIT */
/*
 * paths.h - where the installed parts, and systemd's, are: absolute, compiled in, never taken
 * from the environment. paths.c is compiled twice: once for the installation
 * and once for `make check`, which runs the parts from the build tree.
 */
#ifndef VALETKEY_PATHS_H
#define VALETKEY_PATHS_H

extern const char *const paths_helper; /* the program valetkey-helper */
/* Its modules, see helper/net/net.h and helper/keyring/keyring.h. */
extern const char *const paths_net_module;
extern const char *const paths_keyring_module;
extern const char *const paths_providers;   /* the folder of NAME.conf */
extern const char *const paths_credentials; /* systemd's socket */

#endif
