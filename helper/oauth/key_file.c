/* SPDX-License-Identifier: MIT */
/*
 * key_file.c - see key_file.h. Opened once and judged through the descriptor,
 * so that what was judged is what is read. No part of the content gets into a
 * problem's text.
 */
#include "key_file.h"

#include <valetkey.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEY_FILE_MAX 65536

static int refuse(struct problem *problem, const char *path, const char *why)
{
	char quoted[PROBLEM_QUOTE_MAX];

	return problem_set(problem, VALETKEY_ERR_DENIED,
			   "The client's key %s %s.",
			   problem_quote(quoted, path), why);
}

/* Root may share a key of its own with a group. */
static int judge(int fd, const char *path, struct problem *problem)
{
	char quoted[PROBLEM_QUOTE_MAX];
	mode_t never = S_IRWXG | S_IRWXO;
	struct stat st;

	if (fstat(fd, &st))
		return refuse(problem, path, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return refuse(problem, path, "is not a regular file");
	if (st.st_uid != geteuid() && st.st_uid != 0)
		return refuse(problem, path,
			      "belongs to somebody else, so it is not used. It "
			      "must be yours or root's");
	if (st.st_uid == 0 && geteuid() != 0)
		never = S_IWGRP | S_IRWXO;
	if (st.st_mode & never)
		return problem_set(
		    problem, VALETKEY_ERR_DENIED,
		    "The client's key %s can be used by others, so valetkey "
		    "does not use it. Run: chmod 600 %s",
		    problem_quote(quoted, path), quoted);
	if (st.st_size > KEY_FILE_MAX)
		return refuse(problem, path, "is larger than 64 KiB");
	return VALETKEY_OK;
}

static int read_all(int fd, const char *path, struct buf *pem,
		    struct problem *problem)
{
	ssize_t n;

	do {
		if (buf_reserve(pem, 4096))
			return problem_set(problem, VALETKEY_ERR_NOMEM,
					   "Out of memory.");
		n = read(fd, pem->data + pem->len, 4096);
		if (n > 0)
			pem->len += (size_t)n;
		if (pem->len > KEY_FILE_MAX)
			return refuse(problem, path, "is larger than 64 KiB");
	} while (n > 0 || (n < 0 && errno == EINTR));
	pem->data[pem->len] = '\0';
	return n < 0 ? refuse(problem, path, "cannot be read") : VALETKEY_OK;
}

static int judge_text(const char *path, const struct buf *pem,
		      struct problem *problem)
{
	if (!memmem(pem->data, pem->len, "-----BEGIN ", 11))
		return refuse(problem, path,
			      "is not PEM: it has no line \"-----BEGIN ...\". "
			      "Convert it: openssl pkey -inform DER");
	if (!memmem(pem->data, pem->len, "PRIVATE KEY-----", 16))
		return refuse(problem, path,
			      "contains no private key (is it the certificate "
			      "or the public key?)");
	if (memmem(pem->data, pem->len, "ENCRYPTED", 9))
		return refuse(problem, path,
			      "is encrypted, and there is nobody to ask for "
			      "its passphrase. Store it without one: openssl "
			      "pkey -in OLD -out NEW, on an encrypted disk");
	return VALETKEY_OK;
}

int key_file_read(const char *path, struct buf *pem, struct problem *problem)
{
	char quoted[PROBLEM_QUOTE_MAX];
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	int rc;

	if (fd < 0)
		return problem_set(problem, VALETKEY_ERR_DENIED,
				   "The client's key %s cannot be opened: %s. "
				   "Check client_key in the account's file.",
				   problem_quote(quoted, path),
				   strerror(errno));
	rc = judge(fd, path, problem);
	if (!rc)
		rc = read_all(fd, path, pem, problem);
	if (!rc)
		rc = judge_text(path, pem, problem);
	close(fd);
	return rc;
}
