/* SPDX-License-Identifier: MIT */
/*
 * The two things that the provider takes from its crypto library: the
 * SHA-256 of PKCE and the base64 of HTTP Basic authentication.
 */
#ifndef PROVIDER_HASH_H
#define PROVIDER_HASH_H

#include "util.h"

/* Does BASE64URL(SHA256(verifier)) equal the challenge (RFC 7636, 4.6)? */
bool hash_matches_challenge(const char *verifier, const char *challenge);

/* Decodes base64 to text without zero bytes; -1 when it is anything else. */
int hash_base64_decode(const char *text, char **out);

#endif
