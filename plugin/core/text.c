/* SPDX-License-Identifier: MIT */
/*
 * text.c - see text.h. A bit of HIGH is set where one of eight bytes is bad; the
 * last eight overlap with those before.
 */
#include "text.h"

#include <stdint.h>
#include <string.h>

#define ONES 0x0101010101010101u
#define HIGH (ONES << 7)

static uint64_t eight(const char *text)
{
	uint64_t word;

	memcpy(&word, text, sizeof(word));
	return word;
}

/* Below 0x21, 0x7f, or 0x80 and more. */
static uint64_t not_visible(uint64_t word)
{
	return ((word - ONES * 0x21) | word | (word + ONES)) & HIGH;
}

/* Below 0x20, or 0x7f. */
static uint64_t not_plain(uint64_t word)
{
	uint64_t delete = word ^ ONES * 0x7f;

	return (((word - ONES * 0x20) & ~word) | ((delete - ONES) & ~delete)) &
	       HIGH;
}

bool text_visible(const char *text, size_t len)
{
	uint64_t bad = 0;

	if (len >= 8) {
		for (size_t at = 0; at < len - 8; at += 8)
			bad |= not_visible(eight(text + at));
		return !(bad | not_visible(eight(text + len - 8)));
	}
	while (len--)
		bad |= (unsigned char)text[len] <= 0x20 ||
		       (unsigned char)text[len] >= 0x7f;
	return !bad;
}

bool text_plain(const char *text, size_t len)
{
	uint64_t bad = 0;

	if (len >= 8) {
		for (size_t at = 0; at < len - 8; at += 8)
			bad |= not_plain(eight(text + at));
		return !(bad | not_plain(eight(text + len - 8)));
	}
	while (len--)
		bad |= (unsigned char)text[len] < 0x20 || text[len] == 0x7f;
	return !bad;
}
