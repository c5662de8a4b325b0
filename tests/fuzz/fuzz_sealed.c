/* SPDX-License-Identifier: MIT */
/*
 * fuzz_sealed.c - any bytes as a file of the sealed store, and as its file `key`. What
 * opens was made with the key: it is made once more and must open again. Of a key
 * file whatever is taken has an id, a holder and something that it holds.
 */
#include "store/sealed_file.h"
#include "store/sealed_key.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void fuzz_item(const struct buf *file)
{
	const struct sealed_name name = {"0123456789abcdef0123456789abcdef",
					 STORE_GRANT};
	struct sealed_data_key key = {0};
	struct record record = {0}, again = {0};
	struct buf made = {0};
	int rc;

	if (buf_str(&key.text, "a key that everybody may know") ||
	    sealed_key_name(&key))
		abort();
	rc = sealed_file_open(&key, &name, file, &record);
	if (rc && record.pairs.len)
		abort();
	if (!rc && (sealed_file_make(&key, &name, &record, &made) ||
		    sealed_file_open(&key, &name, &made, &again) ||
		    again.pairs.len != record.pairs.len))
		abort();
	record_free(&record);
	record_free(&again);
	buf_free(&made);
	sealed_key_free(&key);
}

static void fuzz_key_file(const struct buf *text)
{
	struct sealed_key_file file;
	struct buf bytes = {0};

	if (sealed_key_parse(text, &file)) {
		if (file.holder || file.lines.pairs.len)
			abort();
		return;
	}
	if (!file.holder || !file.wrapped || strlen(file.id) != SEALED_KEY_ID)
		abort();
	if (sealed_hex_read(file.wrapped, &bytes) == 0 &&
	    bytes.len * 2 != strlen(file.wrapped))
		abort();
	buf_free(&bytes);
	sealed_key_file_free(&file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf file = {0};

	if (buf_add(&file, data, size) == 0) {
		fuzz_item(&file);
		fuzz_key_file(&file);
	}
	buf_free(&file);
	return 0;
}
