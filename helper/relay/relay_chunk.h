/* SPDX-License-Identifier: MIT */
/*
 * relay_chunk.h - a request's body that comes in chunks (RFC 9112 7.1), undone
 * bit by bit. Called by relay_client.c; a pure function over the bytes.
 * Extensions and trailers are dropped.
 */
#ifndef VALETKEY_RELAY_CHUNK_H
#define VALETKEY_RELAY_CHUNK_H

#include <stddef.h>
#include <stdint.h>

enum relay_chunk_place {
	RELAY_CHUNK_SIZE = 0,	   /* at the first digit of a chunk's size */
	RELAY_CHUNK_DIGITS = 1,	   /* at a further one, or behind them */
	RELAY_CHUNK_EXTENSION = 2, /* what follows ';' */
	RELAY_CHUNK_SIZE_END = 3,  /* at the LF of this line */
	RELAY_CHUNK_DATA = 4,
	RELAY_CHUNK_DATA_CR = 5,
	RELAY_CHUNK_DATA_LF = 6,
	RELAY_CHUNK_TRAILER = 7,      /* at the begin of a line */
	RELAY_CHUNK_TRAILER_LINE = 8, /* in it */
	RELAY_CHUNK_TRAILER_LF = 9,   /* at its LF */
	RELAY_CHUNK_LAST_LF = 10,     /* at the LF of the blank line */
	RELAY_CHUNK_END = 11,
	RELAY_CHUNK_BAD = 12
};

/* All zero at first. */
struct relay_chunk {
	enum relay_chunk_place place;
	unsigned digits; /* of the size */
	unsigned extra; /* bytes of this line's extension, or of the trailers */
	uint64_t left;	/* of the chunk's data */
};

/*
 * Reads from in, and writes the data to out; both lengths say how much there is
 * and then how much was used. Stops at the end of either, and at the END and at
 * what is BAD.
 */
void relay_chunk_read(struct relay_chunk *chunk, const char *in, size_t *in_len,
		      char *out, size_t *out_len);

#endif
