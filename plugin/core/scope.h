/* SPDX-License-Identifier: MIT */
/*
 * scope.h - lists of scopes: words with spaces between (RFC 6749 3.3).
 */
#ifndef VALETKEY_SCOPE_H
#define VALETKEY_SCOPE_H

#include "buf.h"

#include <stdbool.h>

/* Whether every word of `wanted` is in `list`; NULL is the empty list. */
bool scope_covers(const char *list, const char *wanted);

/* Adds the words of `more` (NULL: none) that are not there yet. 0 or -1. */
int scope_add(struct buf *list, const char *more);

#endif
