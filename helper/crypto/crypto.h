/* SPDX-License-Identifier: MIT */
/*
 * crypto.h - what must not be guessed, and what only the holder of a key can read
 * or make (AES-256-GCM by libgcrypt).
 */
#ifndef VALETKEY_CRYPTO_H
#define VALETKEY_CRYPTO_H

#include "core/buf.h"

/* Adds 43 unreserved characters with 256 bits of entropy: state, nonce, code
 * verifier (RFC 7636 4.1). 0 or -1. */
int crypto_random(struct buf *out);

/* Adds the S256 challenge of a code verifier (RFC 7636 4.2). 0 or -1. */
int crypto_challenge(const char *verifier, struct buf *out);

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

/* Opens it; -1 if it was not made with this key. */
int seal_open(const char *key, const struct buf *sealed, struct buf *plain);

/* The same with a new nonce each time, and bound to `about`, which is not in what
 * is sealed: whoever opens it must say the same. 0 or -1. */
int crypto_seal(const char *key, const char *about, const struct buf *plain,
		struct buf *sealed);
int crypto_unseal(const char *key, const char *about, const struct buf *sealed,
		  struct buf *plain);

/* A key out of a passphrase, as costly as is said (Argon2id, RFC 9106). */
struct crypto_stretch {
	const char *salt;
	unsigned memory_kib;
	unsigned passes;
};
int crypto_stretch(const char *passphrase, const struct crypto_stretch *how,
		   struct buf *key);

/* Adds a text's SHA-256 in hex. 0 or -1. */
int crypto_digest(const char *text, struct buf *digest);

#endif
