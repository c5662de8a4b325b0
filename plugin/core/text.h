/* SPDX-License-Identifier: MIT */
/*
 * text.h - whether text from outside has only characters that it may have; eight
 * bytes at a time, because tokens are long and checked wherever they pass.
 */
#ifndef VALETKEY_TEXT_H
#define VALETKEY_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* Printable ASCII without blanks. */
bool text_visible(const char *text, size_t len);

/* No control characters; anything else, beyond ASCII too. */
bool text_plain(const char *text, size_t len);

#endif
