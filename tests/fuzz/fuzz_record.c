/* SPDX-License-Identifier: MIT */
/*
 * fuzz_record.c - any bytes into record_parse_text(); what it took is written
 * and read again, which must give the same.
 */
#include "core/record.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_values(const struct record *record)
{
	const char *key, *value;
	size_t at = 0;

	while ((key = record_each(record, &at, &value))) {
		if (!record_get(record, key) || !record_next(record, key, NULL))
			abort();
		record_get_int(record, key, 0);
		for (; *value; value++)
			if ((unsigned char)*value < 0x20 || *value == 0x7f)
				abort();
	}
}

static void write_and_read(const struct record *record)
{
	struct record again = {0};
	struct buf out = {0};

	if (record_write(record, &out) == 0 &&
	    (record_parse_text(&again, buf_text(&out), out.len, NULL) != 0 ||
	     again.pairs.len > record->pairs.len))
		abort();
	record_free(&again);
	buf_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct record record = {0};
	unsigned bad_line = 0;
	char *text = malloc(size ? size : 1); /* its end is watched */

	if (!text)
		return 0;
	if (size)
		memcpy(text, data, size);
	if (record_parse_text(&record, text, size, &bad_line) == 0)
		write_and_read(&record);
	else if (!bad_line && size <= RECORD_TEXT_MAX)
		abort();
	check_values(&record);
	record_free(&record);
	free(text);
	return 0;
}
