/* SPDX-License-Identifier: MIT */
/*
 * seal.c - see seal.h. A sealed text is nonce (12 bytes), tag (16), ciphertext;
 * the AES key is the SHA-256 of the key text.
 */
#include "seal.h"

#include <gcrypt.h>
#include <string.h>
#include <sys/random.h>

#define NONCE 12
#define TAG 16
#define KEY 32

/* Made beforehand: without memory libgcrypt, as libsecret sets it up, ends the
 * process. */
static gcry_cipher_hd_t spare;

static int make_cipher(gcry_cipher_hd_t *cipher)
{
	return gcry_cipher_open(cipher, GCRY_CIPHER_AES256,
				GCRY_CIPHER_MODE_GCM, 0)
		   ? -1
		   : 0;
}

int seal_prepare(void)
{
	if (!gcry_control(GCRYCTL_INITIALIZATION_FINISHED_P)) {
		if (!gcry_check_version(NULL))
			return -1;
		gcry_control(GCRYCTL_DISABLE_SECMEM, 0);
		gcry_control(GCRYCTL_INITIALIZATION_FINISHED, 0);
	}
	return spare ? 0 : make_cipher(&spare);
}

static int open_cipher(const char *key_text, const char *nonce,
		       gcry_cipher_hd_t *cipher)
{
	unsigned char key[KEY];
	int rc = -1;

	gcry_md_hash_buffer(GCRY_MD_SHA256, key, key_text, strlen(key_text));
	*cipher = spare;
	spare = NULL;
	if (*cipher || make_cipher(cipher) == 0) {
		rc = gcry_cipher_setkey(*cipher, key, KEY) ||
			     gcry_cipher_setiv(*cipher, nonce, NONCE)
			 ? -1
			 : 0;
		if (rc)
			gcry_cipher_close(*cipher);
	}
	explicit_bzero(key, sizeof(key));
	return rc;
}

int seal_close(const char *key, const struct buf *plain, struct buf *sealed)
{
	char nonce[NONCE], tag[TAG] = {0};
	gcry_cipher_hd_t cipher;
	char *body;
	int rc = -1;

	if (getrandom(nonce, NONCE, 0) != NONCE ||
	    buf_reserve(sealed, NONCE + TAG + plain->len) ||
	    open_cipher(key, nonce, &cipher))
		return -1;
	body = sealed->data + sealed->len + NONCE + TAG;
	if (gcry_cipher_encrypt(cipher, body, plain->len, plain->data,
				plain->len) == 0 &&
	    gcry_cipher_gettag(cipher, tag, TAG) == 0) {
		memcpy(body - TAG - NONCE, nonce, NONCE);
		memcpy(body - TAG, tag, TAG);
		sealed->len += NONCE + TAG + plain->len;
		rc = 0;
	}
	gcry_cipher_close(cipher);
	return rc;
}

int seal_open(const char *key, const struct buf *sealed, struct buf *plain)
{
	const char *body = sealed->data + NONCE + TAG;
	gcry_cipher_hd_t cipher;
	size_t len;
	int rc = -1;

	if (sealed->len < NONCE + TAG)
		return -1;
	len = sealed->len - NONCE - TAG;
	if (buf_reserve(plain, len) || open_cipher(key, sealed->data, &cipher))
		return -1;
	if (gcry_cipher_decrypt(cipher, plain->data, len, body, len) == 0 &&
	    gcry_cipher_checktag(cipher, sealed->data + NONCE, TAG) == 0) {
		plain->len = len;
		plain->data[len] = '\0';
		rc = 0;
	}
	gcry_cipher_close(cipher);
	return rc;
}

int seal_digest(const char *text, struct buf *digest)
{
	static const char hex[] = "0123456789abcdef";
	unsigned char bytes[32];
	int rc = 0;

	gcry_md_hash_buffer(GCRY_MD_SHA256, bytes, text, strlen(text));
	for (size_t i = 0; i < sizeof(bytes) && !rc; i++)
		rc = buf_char(digest, hex[bytes[i] >> 4]) ||
		     buf_char(digest, hex[bytes[i] & 15]);
	return rc;
}
