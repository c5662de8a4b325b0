/* SPDX-License-Identifier: MIT */
/*
 * random.h - what must not be guessed: state and code verifier.
 */
#ifndef VALETKEY_RANDOM_H
#define VALETKEY_RANDOM_H

#include "core/buf.h"

#define RANDOM_LENGTH 43 /* base64url of 256 bits, RFC 7636 4.1 */

/* Adds 43 unreserved characters with 256 bits of entropy. 0 or -1. */
int random_text(struct buf *out);

/* Adds base64url without padding (RFC 7515 2). 0 or -1. */
int random_base64url(struct buf *out, const void *data, size_t len);

/* Adds the S256 challenge of a code verifier (RFC 7636 4.2). 0 or -1. */
int random_challenge(const char *verifier, struct buf *out);

#endif
