/* SPDX-License-Identifier: MIT */
/*
 * paths.c - see paths.h.
 */
#include "paths.h"

const char *const paths_helper = VALETKEY_HELPER;
const char *const paths_net_module = VALETKEY_NET_MODULE;
const char *const paths_keyring_module = VALETKEY_KEYRING_MODULE;
const char *const paths_providers = VALETKEY_PROVIDERS;
const char *const paths_credentials = VALETKEY_CREDENTIALS;
