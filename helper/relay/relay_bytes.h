/* SPDX-License-Identifier: MIT */
/*
 * relay_bytes.h - what has come and has not been used, or must go out and could
 * not yet: a queue of bytes whose memory is taken from blocks that others have
 * given back, so that a connection at rest has none. Called by the relay's files.
 * For secrets there is struct buf; only what has been used is wiped here.
 */
#ifndef VALETKEY_RELAY_BYTES_H
#define VALETKEY_RELAY_BYTES_H

#include <stddef.h>

#define RELAY_BLOCK 16384u
#define RELAY_LARGE (4 * RELAY_BLOCK) /* the next size */

/* Blocks that are free, and one large one; all zero at first. */
struct relay_blocks {
	void *first;
	size_t count;
	void *large;
};

/* data[at] to data[len - 1]; all zero: empty, and no memory. */
struct relay_bytes {
	char *data;
	size_t at, len, cap;
};

static inline size_t relay_bytes_left(const struct relay_bytes *bytes)
{
	return bytes->len - bytes->at;
}

static inline char *relay_bytes_text(const struct relay_bytes *bytes)
{
	return bytes->data + bytes->at;
}

/* Makes room behind data[len]. 0 or -1. */
int relay_bytes_room(struct relay_blocks *blocks, struct relay_bytes *bytes,
		     size_t more);

/* 0 or -1. */
int relay_bytes_add(struct relay_blocks *blocks, struct relay_bytes *bytes,
		    const void *data, size_t len);

/* Takes the first bytes off. */
void relay_bytes_eat(struct relay_bytes *bytes, size_t len);

/* Wipes what is there and gives the memory back. */
void relay_bytes_free(struct relay_blocks *blocks, struct relay_bytes *bytes);

/* Gives it back if nothing is there. */
void relay_bytes_rest(struct relay_blocks *blocks, struct relay_bytes *bytes);

/* Returns all free blocks to the system's allocator. */
void relay_blocks_free(struct relay_blocks *blocks);

#endif
