/* SPDX-License-Identifier: MIT */
/*
 * sealed_passphrase.c - the data key wrapped by a passphrase: Argon2id makes the key
 * that wraps it, as costly as the file says, within limits. Lines: salt,
 * memory_kib, passes, wrapped (hex).
 */
#include "sealed_key.h"

#include "core/text.h"
#include "crypto/crypto.h"
#include <valetkey.h>

#include <string.h>

#define MEMORY_KIB 65536     /* RFC 9106 4: the second choice, in one lane */
#define MEMORY_KIB_MIN 65536 /* of files that there are: never raise it */
#define PASSES 3
#define MEMORY_KIB_MAX (1024 * 1024) /* of what somebody has put there */
#define PASSES_MAX 64
#define SHORTEST 12
#define LONGEST 1024

static bool is_continuation(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

static int check_passphrase(const char *secret, struct problem *problem)
{
	size_t len = secret ? strlen(secret) : 0, characters = 0;

	for (size_t i = 0; i < len; i++)
		characters += !is_continuation(secret[i]);
	if (characters < SHORTEST)
		return problem_set(problem, VALETKEY_ERR_DENIED,
				   "The passphrase is too short: it must have "
				   "at least %d characters. Five random words "
				   "are good.",
				   SHORTEST);
	if (len > LONGEST || !text_plain(secret, len))
		return problem_set(problem, VALETKEY_ERR_DENIED,
				   "The passphrase must be one line of at most "
				   "%d bytes without control characters.",
				   LONGEST);
	return VALETKEY_OK;
}

static int stretch_passphrase(const char *secret, const struct record *lines,
			      struct buf *key, struct problem *problem)
{
	int64_t memory = record_get_int(lines, "memory_kib", 0);
	int64_t passes = record_get_int(lines, "passes", 0);
	const char *salt = record_get(lines, "salt");
	const struct crypto_stretch how = {salt, (unsigned)memory,
					   (unsigned)passes};

	if (!salt || strlen(salt) < 16 || memory < MEMORY_KIB_MIN ||
	    memory > MEMORY_KIB_MAX || passes < 1 || passes > PASSES_MAX)
		return problem_set(problem, VALETKEY_ERR_DENIED,
				   "The key file of the sealed store is "
				   "malformed. Put it back from a backup.");
	return crypto_stretch(secret, &how, key) ? problem_no_memory(problem)
						 : VALETKEY_OK;
}

static int wrap_by_passphrase(const struct sealed_wrapping *wrapping,
			      const struct buf *data_key, struct record *lines,
			      struct problem *problem)
{
	struct buf salt = {0}, key = {0};
	int rc = check_passphrase(wrapping->secret, problem);

	if (rc)
		return rc;
	if (crypto_random(&salt) || record_set(lines, "salt", salt.data))
		rc = problem_no_memory(problem);
	record_remove(lines, "memory_kib");
	record_remove(lines, "passes");
	if (!rc && (record_add_int(lines, "memory_kib", MEMORY_KIB) ||
		    record_add_int(lines, "passes", PASSES)))
		rc = problem_no_memory(problem);
	if (!rc)
		rc = stretch_passphrase(wrapping->secret, lines, &key, problem);
	if (!rc && sealed_wrap(key.data, wrapping->about, data_key, lines))
		rc = problem_no_memory(problem);
	buf_free(&salt);
	buf_free(&key);
	return rc;
}

static int unwrap_by_passphrase(const struct sealed_wrapping *wrapping,
				const struct record *lines,
				struct buf *data_key, struct problem *problem)
{
	const char *secret = wrapping->secret;
	struct buf key = {0};
	int rc = VALETKEY_OK;

	if (secret && *secret)
		rc = stretch_passphrase(secret, lines, &key, problem);
	if (!rc && (!key.len ||
		    sealed_unwrap(key.data, wrapping->about, lines, data_key)))
		rc = problem_set(problem, VALETKEY_ERR_DENIED,
				 "The passphrase is wrong.");
	buf_free(&key);
	return rc;
}

const struct sealed_holder sealed_passphrase = {
    .name = "passphrase",
    .asks = true,
    .in_kernel = true,
    .wrap = wrap_by_passphrase,
    .unwrap = unwrap_by_passphrase,
};
