/* SPDX-License-Identifier: MIT */
/*
 * fuzz_front_json.c - any bytes into front_json(): what it takes json_parse(),
 * which is yajl's, takes too, and reads the same strings.
 */
#include "fronts/front.h"
#include "json/json.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct record strings = {0};
	struct json json = {0};
	struct buf text = {.data = malloc(size ? size : 1), .len = size};

	if (!text.data)
		return 0;
	if (size) /* its end is watched, and there is no NUL */
		memcpy(text.data, data, size);
	if (front_json(&text, &strings) == VALETKEY_OK &&
	    (json_parse(text.data, size, &json) ||
	     json.strings.pairs.len != strings.pairs.len ||
	     (strings.pairs.len &&
	      memcmp(json.strings.pairs.data, strings.pairs.data,
		     strings.pairs.len) != 0)))
		abort();
	record_free(&strings);
	json_free(&json);
	free(text.data);
	return 0;
}
