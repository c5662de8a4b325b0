/* SPDX-License-Identifier: MIT */
/*
 * scope.c - see scope.h.
 */
#include "scope.h"

#include <string.h>

/* The next word from *at on, its length in *len; NULL at the end. */
static const char *next_word(const char **at, size_t *len)
{
	const char *word = *at ? *at + strspn(*at, " ") : "";

	*len = strcspn(word, " ");
	*at = word + *len;
	return *len ? word : NULL;
}

static bool scope_has_word(const char *list, const char *wanted,
			   size_t wanted_len)
{
	const char *word;
	size_t len;

	while ((word = next_word(&list, &len)))
		if (len == wanted_len && memcmp(word, wanted, len) == 0)
			return true;
	return false;
}

bool scope_covers(const char *list, const char *wanted)
{
	const char *word;
	size_t len;

	while ((word = next_word(&wanted, &len)))
		if (!scope_has_word(list, word, len))
			return false;
	return true;
}

int scope_add(struct buf *list, const char *more)
{
	const char *word;
	size_t len;

	while ((word = next_word(&more, &len)))
		if (!scope_has_word(buf_text(list), word, len) &&
		    ((list->len && buf_char(list, ' ')) ||
		     buf_add(list, word, len)))
			return -1;
	return 0;
}
