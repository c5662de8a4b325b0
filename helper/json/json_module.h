/* SPDX-License-Identifier: MIT */
/*
 * json_module.h - valetkey-json.so: json.h for the command, which loads it only to
 * read JSON, because yajl costs a tenth of what starting a program costs.
 */
#ifndef VALETKEY_JSON_MODULE_H
#define VALETKEY_JSON_MODULE_H

#include "json.h"

/* Its one symbol is valetkey_json. */
struct json_module {
	int (*parse)(const char *text, size_t len, struct json *json);
};

#endif
