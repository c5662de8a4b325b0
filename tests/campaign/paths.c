/* SPDX-License-Identifier: MIT */
/*
 * paths.c - plugin/core/paths.h for the campaign, whose hosts start now the helper
 * as it is and now one that fails.
 */
#include "core/paths.h"
#include "campaign.h"

char helper_path[4096];
const char *const paths_helper = helper_path;
const char *const paths_net_module = "";
const char *const paths_keyring_module = "";
const char *const paths_providers = "";
const char *const paths_credentials = "";
