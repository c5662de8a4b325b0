/* SPDX-License-Identifier: MIT */
/*
 * seal.h - a text that only the holder of a key can read or make (AES-256-GCM
 * by libgcrypt, which libsecret brings).
 */
#ifndef VALETKEY_SEAL_H
#define VALETKEY_SEAL_H

#include "buf.h"

#define SEAL_OVERHEAD 28 /* what a sealed text is longer by */

/* Gets the library ready: done before there is something to lose. 0 or -1. */
int seal_prepare(void);

/* Seals plain under the key, any text of 256 bits of entropy. 0 or -1. */
int seal_close(const char *key, const struct buf *plain, struct buf *sealed);

/* Opens it; -1 where it was not made with this key. */
int seal_open(const char *key, const struct buf *sealed, struct buf *plain);

/* Adds a text's SHA-256 in hex. 0 or -1. */
int seal_digest(const char *text, struct buf *digest);

#endif
