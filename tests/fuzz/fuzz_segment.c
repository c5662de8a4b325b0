/* SPDX-License-Identifier: MIT */
/*
 * fuzz_segment.c - any bytes as a segment of this user, and as an address. What is
 * read of a segment is what is in it, and ends where that does.
 */
#include "core/segment.h"

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/shm.h>

#define HEAD 96
#define WORD_AT 24 /* in it */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Negative: the machine has none. */
static int make_any(const uint8_t *data, size_t size)
{
	int id =
	    shmget(IPC_PRIVATE, size > HEAD ? size : HEAD, IPC_CREAT | 0600);
	void *at = id < 0 ? (void *)-1 : shmat(id, NULL, 0);

	if (at == (void *)-1)
		return -1;
	memcpy(at, data, size);
	shmdt(at);
	return id;
}

static bool nobody(const char *owner, const char *address)
{
	(void)owner, (void)address;
	return true;
}

static void read_any(int id, const uint8_t *data, size_t size)
{
	struct buf payload = {0};
	char address[64];
	uint64_t word = 0;

	if (size >= WORD_AT + sizeof(word))
		memcpy(&word, data + WORD_AT, sizeof(word));
	snprintf(address, sizeof(address), "%x.%016" PRIx64, (unsigned)id,
		 word);
	if (segment_read(address, &payload)) {
		if (payload.len > (size > HEAD ? size - HEAD : 0) ||
		    (payload.len &&
		     memcmp(payload.data, data + HEAD, payload.len) != 0))
			abort();
	} else if (payload.len) {
		abort();
	}
	buf_free(&payload);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf text = {0}, payload = {0};
	int id = make_any(data, size);

	if (id >= 0) {
		read_any(id, data, size);
		segment_sweep(NULL, nobody);
		shmctl(id, IPC_RMID, NULL);
	}
	if (buf_add(&text, data, size) == 0 &&
	    segment_read(buf_text(&text), &payload))
		abort();
	buf_free(&text);
	buf_free(&payload);
	return 0;
}
