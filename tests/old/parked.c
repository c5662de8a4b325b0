/* SPDX-License-Identifier: MIT */
/*
 * parked - parks a grant as the first versions did, for test_old_data.sh. Their
 * format is written out here by hand, because the program's own code may change:
 * nonce (12 bytes), tag (16) and text, by AES-256-GCM with the SHA-256 of the
 * grant's "seal" as the key; in a file the length stands before it, four bytes in
 * this machine's order.
 *
 *	parked seal SEAL_FILE <TEXT >SEALED
 *	parked open SEAL_FILE <SEALED >TEXT
 *	parked file FILE <SEALED       as that file
 *	parked key NAME <SEALED        as that key of the user's keyring
 *	parked read NAME >SEALED       what that key has
 *
 * Exits with 1 if that fails.
 */
#include "core/kernel.h"

#include <fcntl.h>
#include <gcrypt.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#define NONCE 12
#define TAG 16
#define HEAD (NONCE + TAG)
#define MOST 65536
#define KEEP_S 600

static char text[HEAD + MOST]; /* HEAD bytes are for nonce and tag */

static gcry_cipher_hd_t cipher_of(const char *seal_file, const char *nonce)
{
	char seal[1024] = {0}, key[32];
	FILE *in = fopen(seal_file, "re");
	gcry_cipher_hd_t cipher;

	if (!in || !fgets(seal, sizeof(seal), in))
		return NULL;
	fclose(in);
	seal[strcspn(seal, "\n")] = '\0';
	gcry_check_version(NULL);
	gcry_md_hash_buffer(GCRY_MD_SHA256, key, seal, strlen(seal));
	if (gcry_cipher_open(&cipher, GCRY_CIPHER_AES256, GCRY_CIPHER_MODE_GCM,
			     0) ||
	    gcry_cipher_setkey(cipher, key, sizeof(key)) ||
	    gcry_cipher_setiv(cipher, nonce, NONCE))
		return NULL;
	return cipher;
}

static int print(const char *data, size_t len)
{
	return fwrite(data, 1, len, stdout) == len && !fflush(stdout) ? 0 : 1;
}

static int seal(const char *seal_file)
{
	size_t len = fread(text + HEAD, 1, MOST, stdin);
	gcry_cipher_hd_t cipher;
	int rc = 1;

	if (getrandom(text, NONCE, 0) != NONCE)
		return 1;
	cipher = cipher_of(seal_file, text);
	if (cipher && !gcry_cipher_encrypt(cipher, text + HEAD, len, NULL, 0) &&
	    !gcry_cipher_gettag(cipher, text + NONCE, TAG))
		rc = print(text, HEAD + len);
	gcry_cipher_close(cipher);
	return rc;
}

static int unseal(const char *seal_file)
{
	size_t len = fread(text, 1, sizeof(text), stdin);
	gcry_cipher_hd_t cipher = cipher_of(seal_file, text);
	int rc = 1;

	if (cipher && len > HEAD &&
	    !gcry_cipher_decrypt(cipher, text + HEAD, len - HEAD, NULL, 0) &&
	    !gcry_cipher_checktag(cipher, text + NONCE, TAG))
		rc = print(text + HEAD, len - HEAD);
	gcry_cipher_close(cipher);
	return rc;
}

static int to_file(const char *path)
{
	uint32_t len = (uint32_t)fread(text, 1, sizeof(text), stdin);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	int rc = fd >= 0 && write(fd, &len, sizeof(len)) == sizeof(len) &&
			 write(fd, text, len) == (ssize_t)len
		     ? 0
		     : 1;

	if (fd >= 0)
		close(fd);
	return rc;
}

static int to_key(const char *name)
{
	size_t len = fread(text, 1, sizeof(text), stdin);
	struct buf payload = {0};
	int rc =
	    buf_add(&payload, text, len) || !keyctl_put(name, &payload, KEEP_S);

	buf_free(&payload);
	return rc;
}

static int from_key(const char *name)
{
	struct buf payload = {0};
	int rc = keyctl_read(keyctl_find(name), &payload)
		     ? print(payload.data, payload.len)
		     : 1;

	buf_free(&payload);
	return rc;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)(const char *argument);
	} commands[] = {{"seal", seal},
			{"open", unseal},
			{"file", to_file},
			{"key", to_key},
			{"read", from_key}};

	for (size_t i = 0;
	     argc == 3 && i < sizeof(commands) / sizeof(*commands); i++)
		if (strcmp(commands[i].name, argv[1]) == 0)
			return commands[i].run(argv[2]);
	fputs("usage: parked seal|open|file|key|read ARGUMENT\n", stderr);
	return 2;
}
