/* SPDX-License-Identifier: MIT */
/*
 * relay_bytes.c - the queue of bytes and its blocks, see relay_bytes.h.
 */
#include "relay_bytes.h"

#include <stdlib.h>
#include <string.h>

#define BLOCKS_KEPT 64u

static void *block_take(struct relay_blocks *blocks, size_t size)
{
	void *block = size == RELAY_BLOCK   ? blocks->first
		      : size == RELAY_LARGE ? blocks->large
					    : NULL;

	if (!block)
		return malloc(size);
	if (size == RELAY_LARGE) {
		blocks->large = NULL;
		return block;
	}
	memcpy(&blocks->first, block, sizeof(void *));
	blocks->count--;
	return block;
}

static void block_give(struct relay_blocks *blocks, void *block, size_t size)
{
	if (size == RELAY_LARGE && !blocks->large) {
		blocks->large = block;
		return;
	}
	if (size != RELAY_BLOCK || blocks->count >= BLOCKS_KEPT) {
		free(block);
		return;
	}
	memcpy(block, &blocks->first, sizeof(void *));
	blocks->first = block;
	blocks->count++;
}

void relay_blocks_free(struct relay_blocks *blocks)
{
	while (blocks->first)
		free(block_take(blocks, RELAY_BLOCK));
	free(blocks->large);
	blocks->large = NULL;
}

int relay_bytes_room(struct relay_blocks *blocks, struct relay_bytes *bytes,
		     size_t more)
{
	size_t left = relay_bytes_left(bytes);
	size_t cap = bytes->cap ? bytes->cap : RELAY_BLOCK;
	char *data;

	if (bytes->cap - bytes->len >= more)
		return 0;
	if (bytes->cap - left >= more) {
		memmove(bytes->data, bytes->data + bytes->at, left);
		bytes->at = 0;
		bytes->len = left;
		return 0;
	}
	while (cap - left < more)
		cap = cap < RELAY_LARGE ? RELAY_LARGE : 2 * cap;
	data = block_take(blocks, cap);
	if (!data)
		return -1;
	if (left)
		memcpy(data, bytes->data + bytes->at, left);
	relay_bytes_free(blocks, bytes);
	*bytes = (struct relay_bytes){.data = data, .len = left, .cap = cap};
	return 0;
}

int relay_bytes_add(struct relay_blocks *blocks, struct relay_bytes *bytes,
		    const void *data, size_t len)
{
	if (!len)
		return 0;
	if (relay_bytes_room(blocks, bytes, len))
		return -1;
	memcpy(bytes->data + bytes->len, data, len);
	bytes->len += len;
	return 0;
}

void relay_bytes_eat(struct relay_bytes *bytes, size_t len)
{
	bytes->at += len;
	if (bytes->at == bytes->len)
		bytes->at = bytes->len = 0;
}

void relay_bytes_free(struct relay_blocks *blocks, struct relay_bytes *bytes)
{
	if (!bytes->data)
		return;
	explicit_bzero(bytes->data, bytes->len);
	block_give(blocks, bytes->data, bytes->cap);
	*bytes = (struct relay_bytes){0};
}

void relay_bytes_rest(struct relay_blocks *blocks, struct relay_bytes *bytes)
{
	if (bytes->data && !relay_bytes_left(bytes))
		relay_bytes_free(blocks, bytes);
}
