/* SPDX-License-Identifier: MIT */
/*
 * fuzz_json.c - any bytes into json_parse(); what it took is written and read
 * again, which must succeed.
 */
#include "json/json.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void write_and_read(const struct record *record)
{
	struct json again = {0};
	struct buf out = {0};

	if (!json_write(record, NULL, &out) &&
	    json_parse(buf_text(&out), out.len, &again))
		abort();
	json_free(&again);
	buf_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct json json = {0};
	char *text = malloc(size ? size : 1); /* its end is watched */

	if (!text)
		return 0;
	if (size)
		memcpy(text, data, size);
	if (!json_parse(text, size, &json)) {
		write_and_read(&json.strings);
		write_and_read(&json.scalars);
	}
	json_free(&json);
	free(text);
	return 0;
}
