/* SPDX-License-Identifier: MIT */
/*
 * SHA-256 and base64 by GnuTLS, which libmicrohttpd uses for TLS anyway:
 * see hash.h. Nothing of GnuTLS leaves this file.
 */
#include "hash.h"

#include "encode.h"

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <string.h>

#define SHA256_BYTES 32

bool hash_matches_challenge(const char *verifier, const char *challenge)
{
	unsigned char digest[SHA256_BYTES];
	struct buf encoded = {0};
	bool same;

	if (gnutls_hash_fast(GNUTLS_DIG_SHA256, verifier, strlen(verifier),
			     digest))
		return false;
	encode_base64url(&encoded, digest, sizeof(digest));
	same = util_same(buf_text(&encoded), challenge);
	buf_clear(&encoded);
	return same;
}

int hash_base64_decode(const char *text, char **out)
{
	gnutls_datum_t in = {(unsigned char *)text, (unsigned)strlen(text)};
	gnutls_datum_t decoded = {NULL, 0};
	int rc = -1;

	*out = NULL;
	if (!in.size || gnutls_base64_decode2(&in, &decoded))
		return -1;
	if (!memchr(decoded.data, 0, decoded.size)) {
		*out = util_strndup((char *)decoded.data, decoded.size);
		rc = 0;
	}
	gnutls_free(decoded.data);
	return rc;
}
