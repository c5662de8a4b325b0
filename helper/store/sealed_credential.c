/* SPDX-License-Identifier: MIT */
/*
 * sealed_credential.c - the data key wrapped by a credential of the service that runs
 * us (systemd.exec(5), "Credentials"): the file `valetkey` in the folder that
 * CREDENTIALS_DIRECTORY names, which plugin/launch.c lets through. Its bytes are
 * random, so one SHA-256 makes the key that wraps. Lines: wrapped (hex).
 */
#include "sealed_key.h"

#include "core/text.h"
#include "crypto/crypto.h"
#include <valetkey.h>

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CREDENTIAL "valetkey"
#define SHORTEST 32
#define LONGEST 4096
#define PURPOSE "valetkey-sealed-credential 1 "

/* A folder of credentials, or -1. */
static int open_credentials(void)
{
	const char *path = getenv("CREDENTIALS_DIRECTORY");

	return path && *path == '/'
		   ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
		   : -1;
}

static int refuse_credential(struct problem *problem)
{
	return problem_set(
	    problem, VALETKEY_ERR_DENIED,
	    "The credential valetkey is not used: it must be a file of %d to "
	    "%d bytes, root's or yours, that nobody else can write. To make "
	    "one, as root: head -c 32 /dev/urandom | base64 | systemd-creds "
	    "encrypt --name=valetkey - FILE",
	    SHORTEST, LONGEST);
}

/* Without the newlines at its end, which come and go when it is copied. */
static int read_credential(int fd, struct buf *secret, struct problem *problem)
{
	char bytes[LONGEST + 1];
	struct stat st;
	ssize_t got = -1;
	int rc;

	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    (st.st_uid == 0 || st.st_uid == geteuid()) &&
	    !(st.st_mode & (S_IWGRP | S_IWOTH)))
		got = read(fd, bytes, sizeof(bytes));
	while (got > 0 && got <= LONGEST && bytes[got - 1] == '\n')
		got--;
	if (got < SHORTEST || got > LONGEST)
		rc = refuse_credential(problem);
	else
		rc = buf_add(secret, bytes, (size_t)got)
			 ? problem_no_memory(problem)
			 : VALETKEY_OK;
	explicit_bzero(bytes, sizeof(bytes));
	return rc;
}

static int load_credential(struct buf *secret, struct problem *problem)
{
	int folder = open_credentials(), fd = -1, rc;

	if (folder >= 0)
		fd = openat(folder, CREDENTIAL,
			    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd >= 0)
		rc = read_credential(fd, secret, problem);
	else
		rc = problem_set(
		    problem, VALETKEY_ERR_LOCKED,
		    "The key of the sealed store is held by a credential that "
		    "this program was not given. Run it in the service that "
		    "has LoadCredentialEncrypted=valetkey, or with systemd-run "
		    "--pty, see: man valetkey-headless");
	if (fd >= 0)
		close(fd);
	if (folder >= 0)
		close(folder);
	return rc;
}

static bool credential_offered(void)
{
	int folder = open_credentials();
	bool offered =
	    folder >= 0 && faccessat(folder, CREDENTIAL, R_OK, 0) == 0;

	if (folder >= 0)
		close(folder);
	return offered;
}

static int credential_key(struct buf *key, struct problem *problem)
{
	struct buf secret = {0}, named = {0};
	int rc = load_credential(&secret, problem);

	if (!rc &&
	    (buf_str(&named, PURPOSE) || sealed_hex_add(&named, &secret) ||
	     crypto_digest(named.data, key)))
		rc = problem_no_memory(problem);
	buf_free(&secret);
	buf_free(&named);
	return rc;
}

static int wrap_by_credential(const struct sealed_wrapping *wrapping,
			      const struct buf *data_key, struct record *lines,
			      struct problem *problem)
{
	struct buf key = {0};
	int rc = credential_key(&key, problem);

	if (!rc && sealed_wrap(key.data, wrapping->about, data_key, lines))
		rc = problem_no_memory(problem);
	buf_free(&key);
	return rc;
}

static int unwrap_by_credential(const struct sealed_wrapping *wrapping,
				const struct record *lines,
				struct buf *data_key, struct problem *problem)
{
	struct buf key = {0};
	int rc = credential_key(&key, problem);

	if (!rc && sealed_unwrap(key.data, wrapping->about, lines, data_key))
		rc = problem_set(problem, VALETKEY_ERR_DENIED,
				 "The credential valetkey is not the one that "
				 "holds the key of the sealed store, or the "
				 "file `key` was altered. Put back the one "
				 "that belongs to the other.");
	buf_free(&key);
	return rc;
}

const struct sealed_holder sealed_credential = {
    .name = "credential",
    .asks = false,
    .offered = credential_offered,
    .wrap = wrap_by_credential,
    .unwrap = unwrap_by_credential,
};
