/* SPDX-License-Identifier: MIT */
/*
 * fuzz_relay_chunk.c - any bytes as chunks into relay_chunk_read(), once as a
 * whole and once in small parts into little room, which the first byte chooses:
 * the data, the end and the verdict must be the same.
 */
#include "relay/relay_chunk.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct outcome {
	struct relay_chunk chunk;
	size_t used, made;
	char *out;
};

/* In parts of that size; returns when nothing moves any more. */
static void run(struct outcome *outcome, const char *in, size_t size,
		size_t part)
{
	memset(outcome, 0, sizeof(*outcome));
	outcome->out = malloc(size + 1);
	if (!outcome->out)
		exit(0);
	for (;;) {
		size_t used =
		    size - outcome->used < part ? size - outcome->used : part;
		size_t made =
		    size - outcome->made < part ? size - outcome->made : part;

		relay_chunk_read(&outcome->chunk, in + outcome->used, &used,
				 outcome->out + outcome->made, &made);
		outcome->used += used;
		outcome->made += made;
		if (!used)
			return;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct outcome whole, parts;

	if (!size)
		return 0;
	run(&whole, (const char *)data + 1, size - 1, size);
	run(&parts, (const char *)data + 1, size - 1, 1 + data[0] % 7);
	if (whole.used != parts.used || whole.made != parts.made ||
	    whole.chunk.place != parts.chunk.place ||
	    memcmp(whole.out, parts.out, whole.made) != 0)
		abort();
	if (whole.made > whole.used ||
	    (whole.used < size - 1 && whole.chunk.place < RELAY_CHUNK_END))
		abort();
	free(whole.out);
	free(parts.out);
	return 0;
}
