/* SPDX-License-Identifier: MIT */
/*
 * edit_distance.h - how far two words are apart, for "did you mean".
 */
#ifndef VALETKEY_EDIT_DISTANCE_H
#define VALETKEY_EDIT_DISTANCE_H

#include <stddef.h>

/* Levenshtein's distance; to a b of 64 characters or more just its length. */
size_t edit_distance(const char *a, const char *b);

#endif
