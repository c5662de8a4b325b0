/* SPDX-License-Identifier: MIT */
/*
 * seal.h - a text that only the holder of a key can read or make (AES-256-GCM
 * by libgcrypt, which libsecret brings).
 */
#ifndef VALETKEY_SEAL_H
#define VALETKEY_SEAL_H

#include "core/buf.h"

#define SEAL_OVERHEAD 28 /* what a sealed text is longer by */

/*
 * A key, any text of 256 bits of entropy, made ready before there is something to
 * lose: then sealing needs no memory (but what `sealed` may lack) and little time.
 * 0 or -1.
 */
struct sealer;
int sealer_open(const char *key, struct sealer **sealer);

/* Seals plain. 0 or -1. */
int sealer_seal(struct sealer *sealer, const struct buf *plain,
		struct buf *sealed);

/* NULL is fine. */
void sealer_close(struct sealer *sealer);

/* Opens it; -1 where it was not made with this key. */
int seal_open(const char *key, const struct buf *sealed, struct buf *plain);

/* Adds a text's SHA-256 in hex. 0 or -1. */
int seal_digest(const char *text, struct buf *digest);

#endif
