/* SPDX-License-Identifier: MIT */
/*
 * crypto.c - see crypto.h. A sealed text is nonce (12 bytes), tag (16), ciphertext;
 * the AES key is the SHA-256 of the key text.
 */
#include "crypto.h"

#include <gcrypt.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define NONCE 12
#define TAG 16
#define KEY 32

struct sealer {
	gcry_cipher_hd_t cipher;
	char nonce[NONCE];
	bool ready; /* the nonce is set, and was never used */
};

static int prepare_library(void)
{
	if (gcry_control(GCRYCTL_INITIALIZATION_FINISHED_P))
		return 0;
	if (!gcry_check_version(NULL))
		return -1;
	gcry_control(GCRYCTL_DISABLE_SECMEM, 0);
	gcry_control(GCRYCTL_INITIALIZATION_FINISHED, 0);
	return 0;
}

int crypto_random(struct buf *out)
{
	unsigned char bytes[32];
	int rc = -1;

	if (getrandom(bytes, sizeof(bytes), 0) == sizeof(bytes))
		rc = buf_base64url(out, bytes, sizeof(bytes));
	explicit_bzero(bytes, sizeof(bytes));
	return rc;
}

int crypto_challenge(const char *verifier, struct buf *out)
{
	unsigned char digest[32];

	if (prepare_library())
		return -1;
	gcry_md_hash_buffer(GCRY_MD_SHA256, digest, verifier, strlen(verifier));
	return buf_base64url(out, digest, sizeof(digest));
}

static int open_cipher(const char *key_text, gcry_cipher_hd_t *cipher)
{
	unsigned char key[KEY];
	int rc;

	/* What everybody knows seals nothing. */
	if (!*key_text)
		return -1;
	if (gcry_cipher_open(cipher, GCRY_CIPHER_AES256, GCRY_CIPHER_MODE_GCM,
			     0))
		return -1;
	gcry_md_hash_buffer(GCRY_MD_SHA256, key, key_text, strlen(key_text));
	rc = gcry_cipher_setkey(*cipher, key, KEY) ? -1 : 0;
	if (rc)
		gcry_cipher_close(*cipher);
	explicit_bzero(key, sizeof(key));
	return rc;
}

static bool set_new_nonce(struct sealer *sealer)
{
	sealer->ready =
	    getrandom(sealer->nonce, NONCE, 0) == NONCE &&
	    gcry_cipher_setiv(sealer->cipher, sealer->nonce, NONCE) == 0;
	return sealer->ready;
}

/* The code is in the processor's cache once it has run. */
static bool rehearse(struct sealer *sealer)
{
	char text[64] = {0}, tag[TAG];

	return set_new_nonce(sealer) &&
	       gcry_cipher_encrypt(sealer->cipher, text, sizeof(text), NULL,
				   0) == 0 &&
	       gcry_cipher_gettag(sealer->cipher, tag, TAG) == 0;
}

int sealer_open(const char *key, struct sealer **sealer)
{
	struct sealer *new = calloc(1, sizeof(*new));

	*sealer = NULL;
	if (!new || prepare_library() || open_cipher(key, &new->cipher)) {
		free(new);
		return -1;
	}
	if (!rehearse(new) || !set_new_nonce(new)) {
		sealer_close(new);
		return -1;
	}
	*sealer = new;
	return 0;
}

int sealer_seal(struct sealer *sealer, const struct buf *plain,
		struct buf *sealed)
{
	char *start, *body;

	if (buf_reserve(sealed, NONCE + TAG + plain->len) ||
	    (!sealer->ready && !set_new_nonce(sealer)))
		return -1;
	sealer->ready = false;
	start = sealed->data + sealed->len;
	body = start + NONCE + TAG;
	if (gcry_cipher_encrypt(sealer->cipher, body, plain->len, plain->data,
				plain->len) ||
	    gcry_cipher_gettag(sealer->cipher, start + NONCE, TAG))
		return -1;
	memcpy(start, sealer->nonce, NONCE);
	sealed->len += NONCE + TAG + plain->len;
	return 0;
}

void sealer_close(struct sealer *sealer)
{
	if (sealer)
		gcry_cipher_close(sealer->cipher);
	free(sealer);
}

static int bind_about(gcry_cipher_hd_t cipher, const char *about)
{
	return about && gcry_cipher_authenticate(cipher, about, strlen(about))
		   ? -1
		   : 0;
}

int crypto_seal(const char *key, const char *about, const struct buf *plain,
		struct buf *sealed)
{
	gcry_cipher_hd_t cipher;
	char nonce[NONCE];
	char *start, *body;
	int rc = -1;

	if (prepare_library() || open_cipher(key, &cipher))
		return -1;
	if (buf_reserve(sealed, NONCE + TAG + plain->len))
		goto out;
	start = sealed->data + sealed->len;
	body = start + NONCE + TAG;
	if (getrandom(nonce, NONCE, 0) != NONCE ||
	    gcry_cipher_setiv(cipher, nonce, NONCE) ||
	    bind_about(cipher, about) ||
	    gcry_cipher_encrypt(cipher, body, plain->len, buf_text(plain),
				plain->len) ||
	    gcry_cipher_gettag(cipher, start + NONCE, TAG))
		goto out;
	memcpy(start, nonce, NONCE);
	sealed->len += NONCE + TAG + plain->len;
	sealed->data[sealed->len] = '\0';
	rc = 0;
out:
	gcry_cipher_close(cipher);
	return rc;
}

int crypto_unseal(const char *key, const char *about, const struct buf *sealed,
		  struct buf *plain)
{
	const char *body = sealed->data + NONCE + TAG;
	gcry_cipher_hd_t cipher;
	size_t len;
	int rc = -1;

	if (sealed->len < NONCE + TAG)
		return -1;
	len = sealed->len - NONCE - TAG;
	if (prepare_library() || buf_reserve(plain, len) ||
	    open_cipher(key, &cipher))
		return -1;
	if (gcry_cipher_setiv(cipher, sealed->data, NONCE) == 0 &&
	    bind_about(cipher, about) == 0 &&
	    gcry_cipher_decrypt(cipher, plain->data, len, body, len) == 0) {
		plain->len = len;
		plain->data[len] = '\0';
		rc = gcry_cipher_checktag(cipher, sealed->data + NONCE, TAG)
			 ? -1
			 : 0;
	}
	/* Nobody sees what another has made up. */
	if (rc)
		buf_clear(plain);
	gcry_cipher_close(cipher);
	return rc;
}

int seal_open(const char *key, const struct buf *sealed, struct buf *plain)
{
	return crypto_unseal(key, NULL, sealed, plain);
}

int crypto_stretch(const char *passphrase, const struct crypto_stretch *how,
		   struct buf *key)
{
	const unsigned long costs[] = {KEY, how->passes, how->memory_kib, 1};
	unsigned char bytes[KEY];
	gcry_kdf_hd_t kdf;
	int rc = -1;

	if (prepare_library() ||
	    gcry_kdf_open(&kdf, GCRY_KDF_ARGON2, GCRY_KDF_ARGON2ID, costs,
			  sizeof(costs) / sizeof(*costs), passphrase,
			  strlen(passphrase), how->salt, strlen(how->salt),
			  NULL, 0, NULL, 0))
		return -1;
	if (gcry_kdf_compute(kdf, NULL) == 0 &&
	    gcry_kdf_final(kdf, sizeof(bytes), bytes) == 0)
		rc = buf_base64url(key, bytes, sizeof(bytes));
	gcry_kdf_close(kdf);
	explicit_bzero(bytes, sizeof(bytes));
	return rc;
}

int crypto_digest(const char *text, struct buf *digest)
{
	static const char hex[] = "0123456789abcdef";
	unsigned char bytes[32];
	char digits[2 * sizeof(bytes)];

	if (prepare_library())
		return -1;
	gcry_md_hash_buffer(GCRY_MD_SHA256, bytes, text, strlen(text));
	for (size_t i = 0; i < sizeof(bytes); i++) {
		digits[2 * i] = hex[bytes[i] >> 4];
		digits[2 * i + 1] = hex[bytes[i] & 15];
	}
	return buf_add(digest, digits, sizeof(digits));
}
