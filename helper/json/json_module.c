/* SPDX-License-Identifier: MIT */
/*
 * json_module.c - see json_module.h. The one visible symbol of the module.
 */
#include "json_module.h"

extern const struct json_module valetkey_json
    __attribute__((visibility("default")));

const struct json_module valetkey_json = {.parse = json_parse};
