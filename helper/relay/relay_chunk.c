/* SPDX-License-Identifier: MIT */
/*
 * relay_chunk.c - undoes chunks, see relay_chunk.h. Strict: a size is 1 to 15
 * hexadecimal digits, lines end with CRLF.
 */
#include "relay_chunk.h"

#include "core/text.h"

#include <stdbool.h>
#include <string.h>

#define DIGITS_MAX 15u /* so that a size is below 2^60 */
#define EXTENSION_MAX 1024u
#define TRAILERS_MAX 8192u

static enum relay_chunk_place chunk_digit(struct relay_chunk *chunk, char c)
{
	int digit = text_hex_digit(c);

	if (digit >= 0) {
		if (chunk->digits++ == DIGITS_MAX)
			return RELAY_CHUNK_BAD;
		chunk->left = chunk->left << 4 | (unsigned)digit;
		return RELAY_CHUNK_DIGITS;
	}
	if (!chunk->digits)
		return RELAY_CHUNK_BAD;
	chunk->extra = 0;
	if (c == ';')
		return RELAY_CHUNK_EXTENSION;
	return c == '\r' ? RELAY_CHUNK_SIZE_END : RELAY_CHUNK_BAD;
}

/* Of an extension and of a trailer only the length counts, and no control byte
 * that could be taken for the end of a line. */
static enum relay_chunk_place chunk_skip(struct relay_chunk *chunk, char c,
					 unsigned max)
{
	unsigned char byte = (unsigned char)c;

	if (c == '\r')
		return chunk->place == RELAY_CHUNK_EXTENSION
			   ? RELAY_CHUNK_SIZE_END
			   : RELAY_CHUNK_TRAILER_LF;
	if (chunk->extra++ == max || (byte < ' ' && c != '\t') || byte == 0x7f)
		return RELAY_CHUNK_BAD;
	return chunk->place == RELAY_CHUNK_EXTENSION ? RELAY_CHUNK_EXTENSION
						     : RELAY_CHUNK_TRAILER_LINE;
}

static enum relay_chunk_place chunk_size_end(struct relay_chunk *chunk)
{
	chunk->digits = 0;
	chunk->extra = 0;
	return chunk->left ? RELAY_CHUNK_DATA : RELAY_CHUNK_TRAILER;
}

/* One byte that is not data. */
static enum relay_chunk_place chunk_byte(struct relay_chunk *chunk, char c)
{
	bool feed = c == '\n';

	switch (chunk->place) {
	case RELAY_CHUNK_SIZE:
	case RELAY_CHUNK_DIGITS:
		return chunk_digit(chunk, c);
	case RELAY_CHUNK_EXTENSION:
		return chunk_skip(chunk, c, EXTENSION_MAX);
	case RELAY_CHUNK_SIZE_END:
		return feed ? chunk_size_end(chunk) : RELAY_CHUNK_BAD;
	case RELAY_CHUNK_DATA_CR:
		return c == '\r' ? RELAY_CHUNK_DATA_LF : RELAY_CHUNK_BAD;
	case RELAY_CHUNK_DATA_LF:
		return feed ? RELAY_CHUNK_SIZE : RELAY_CHUNK_BAD;
	case RELAY_CHUNK_TRAILER:
		if (c == '\r')
			return RELAY_CHUNK_LAST_LF;
		return chunk_skip(chunk, c, TRAILERS_MAX);
	case RELAY_CHUNK_TRAILER_LINE:
		return chunk_skip(chunk, c, TRAILERS_MAX);
	case RELAY_CHUNK_TRAILER_LF:
		return feed ? RELAY_CHUNK_TRAILER : RELAY_CHUNK_BAD;
	case RELAY_CHUNK_LAST_LF:
		return feed ? RELAY_CHUNK_END : RELAY_CHUNK_BAD;
	default:
		return RELAY_CHUNK_BAD;
	}
}

void relay_chunk_read(struct relay_chunk *chunk, const char *in, size_t *in_len,
		      char *out, size_t *out_len)
{
	size_t used = 0, made = 0;

	while (used < *in_len && chunk->place < RELAY_CHUNK_END) {
		size_t size = *in_len - used;

		if (chunk->place != RELAY_CHUNK_DATA) {
			chunk->place = chunk_byte(chunk, in[used++]);
			continue;
		}
		if (size > chunk->left)
			size = (size_t)chunk->left;
		if (size > *out_len - made)
			size = *out_len - made;
		if (!size)
			break;
		memcpy(out + made, in + used, size);
		used += size;
		made += size;
		chunk->left -= size;
		if (!chunk->left)
			chunk->place = RELAY_CHUNK_DATA_CR;
	}
	*in_len = used;
	*out_len = made;
}
