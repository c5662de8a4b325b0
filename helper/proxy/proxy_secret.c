/* SPDX-License-Identifier: MIT */
/*
 * proxy_secret.c - see proxy_secret.h.
 */
#include "proxy_secret.h"

#include "command/command.h"
#include "core/account.h"
#include "service/private_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

int proxy_secret_make(char secret[PROXY_SECRET_LENGTH + 1])
{
	unsigned char bytes[PROXY_SECRET_LENGTH / 2];

	if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
		return cmd_fail(VALETKEY_ERR_DENIED,
				"The system gives no random numbers: %s.",
				strerror(errno));
	for (size_t i = 0; i < sizeof(bytes); i++)
		snprintf(secret + 2 * i, 3, "%02x", bytes[i]);
	explicit_bzero(bytes, sizeof(bytes));
	return VALETKEY_OK;
}

/* ---- kept in a file ---- */

int proxy_secret_path(const char *account, struct buf *path)
{
	int rc = account_state_home(path);

	if (!rc && buf_str(path, "/valetkey"))
		rc = VALETKEY_ERR_NOMEM;
	if (!rc && !account_directory_ok(path->data))
		return cmd_fail(VALETKEY_ERR_DENIED,
				"%s is not used: it must be a folder of yours "
				"that nobody else can write.",
				path->data);
	if (!rc && buf_fmt(path, "/proxy-%s", account))
		rc = VALETKEY_ERR_NOMEM;
	return rc;
}

static bool is_secret(const char *text)
{
	return strspn(text, "0123456789abcdef") == PROXY_SECRET_LENGTH &&
	       strcmp(text + PROXY_SECRET_LENGTH, "\n") == 0;
}

/* Whether it is there and as we have made it; only the user may have read it. */
static bool read_kept_secret(const char *path,
			     char secret[PROXY_SECRET_LENGTH + 1])
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	char text[PROXY_SECRET_LENGTH + 3] = "";
	struct stat st;
	bool good;

	if (fd < 0)
		return false;
	good = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	       st.st_uid == geteuid() && !(st.st_mode & 077) &&
	       read(fd, text, sizeof(text) - 1) == PROXY_SECRET_LENGTH + 1 &&
	       is_secret(text);
	close(fd);
	if (good)
		memcpy(secret, text, PROXY_SECRET_LENGTH);
	secret[good ? PROXY_SECRET_LENGTH : 0] = '\0';
	explicit_bzero(text, sizeof(text));
	return good;
}

/* A service that starts meanwhile reads the old or the new one. */
static int write_kept_secret(const char *path, const char *secret)
{
	struct buf text = {0};
	int rc = buf_fmt(&text, "%s\n", secret)
		     ? VALETKEY_ERR_NOMEM
		     : private_file_write(path, &text);

	buf_free(&text);
	return rc;
}

int proxy_secret_keep(const char *account, bool renew,
		      char secret[PROXY_SECRET_LENGTH + 1])
{
	struct buf path = {0};
	int rc = proxy_secret_path(account, &path);

	if (!rc && (renew || !read_kept_secret(path.data, secret))) {
		rc = proxy_secret_make(secret);
		if (!rc)
			rc = write_kept_secret(path.data, secret);
	}
	buf_free(&path);
	return rc;
}

void proxy_secret_forget(const char *account)
{
	struct buf path = {0};

	if (proxy_secret_path(account, &path) == VALETKEY_OK)
		unlink(path.data);
	buf_free(&path);
}
