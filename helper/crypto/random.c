/* SPDX-License-Identifier: MIT */
/*
 * random.c - see random.h. GLib (which libsecret brings) does SHA-256 and
 * base64, the kernel the randomness.
 */
#include "random.h"

#include <glib.h>
#include <string.h>
#include <sys/random.h>

/* base64url without padding, RFC 7636 appendix A. */
int random_base64url(struct buf *out, const void *data, size_t len)
{
	gchar *text = g_base64_encode(data, len);
	int rc = 0;

	for (gchar *c = text; *c && *c != '=' && !rc; c++)
		rc = buf_char(out, (char)(*c == '+'   ? '-'
					  : *c == '/' ? '_'
						      : *c));
	explicit_bzero(text, strlen(text));
	g_free(text);
	return rc;
}

int random_text(struct buf *out)
{
	guchar bytes[32];
	int rc = -1;

	if (getrandom(bytes, sizeof(bytes), 0) == sizeof(bytes))
		rc = random_base64url(out, bytes, sizeof(bytes));
	explicit_bzero(bytes, sizeof(bytes));
	return rc;
}

int random_challenge(const char *verifier, struct buf *out)
{
	GChecksum *checksum = g_checksum_new(G_CHECKSUM_SHA256);
	guchar digest[32];
	gsize len = sizeof(digest);
	int rc;

	g_checksum_update(checksum, (const guchar *)verifier, -1);
	g_checksum_get_digest(checksum, digest, &len);
	rc = random_base64url(out, digest, len);
	g_checksum_free(checksum);
	return rc;
}
