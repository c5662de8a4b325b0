/* SPDX-License-Identifier: MIT */
/*
 * secret.c - takes the client secret: typed without echo, or read from a
 * descriptor. Never from argv or the environment, where others can read it.
 */
#include "command.h"
#include "terminal.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SECRET_MAX 4096

int cmd_secret_source(const struct cmd_args *args, int *fd)
{
	const char *text = cmd_option(args, "secret-fd");
	char *end;
	long number;

	*fd = cmd_option(args, "secret-stdin") ? STDIN_FILENO : -1;
	if (cmd_option(args, "client-secret"))
		return cmd_fail(VALETKEY_ERR_ARG,
				"A secret on the command line can be read by "
				"every user of this computer, so it is not "
				"taken. Use --secret-stdin, and change the "
				"secret that was just shown.");
	if (!text)
		return VALETKEY_OK;
	number = strtol(text, &end, 10);
	if (!*text || *end || number < 0 || number > INT_MAX)
		return cmd_fail(VALETKEY_ERR_ARG,
				"--secret-fd needs the number of a "
				"descriptor.");
	*fd = (int)number;
	return VALETKEY_OK;
}

/* Everything up to the end, without the newline at it. */
static int read_secret(int fd, struct buf *secret)
{
	ssize_t n;

	do {
		if (buf_reserve(secret, SECRET_MAX))
			return cmd_fail(VALETKEY_ERR_NOMEM, "Out of memory.");
		n = read(fd, secret->data + secret->len, SECRET_MAX);
		if (n > 0)
			secret->len += (size_t)n;
		if (secret->len > SECRET_MAX)
			return cmd_fail(VALETKEY_ERR_ARG,
					"The client secret is longer than %d "
					"bytes.",
					SECRET_MAX);
	} while (n > 0 || (n < 0 && errno == EINTR));
	if (n < 0)
		return cmd_fail(VALETKEY_ERR_ARG,
				"The client secret cannot be read: %s.",
				strerror(errno));
	secret->data[secret->len] = '\0';
	while (secret->len && strchr("\r\n", secret->data[secret->len - 1]))
		secret->data[--secret->len] = '\0';
	return VALETKEY_OK;
}

static int check(const struct buf *secret)
{
	if (!secret->len)
		return cmd_fail(VALETKEY_ERR_ARG,
				"The client secret is empty.");
	for (size_t i = 0; i < secret->len; i++)
		if ((unsigned char)secret->data[i] < 0x20 ||
		    secret->data[i] == 0x7f)
			return cmd_fail(VALETKEY_ERR_ARG,
					"The client secret must be one line "
					"without control characters.");
	return VALETKEY_OK;
}

/* A slip of the fingers costs another question, not the whole walk. */
static int ask_secret(int fd, struct buf *secret)
{
	int rc;

	do
		rc = terminal_ask_secret(fd, "Client secret (not shown)",
					 secret);
	while (!rc && check(secret));
	return rc;
}

int cmd_secret_take(const struct cmd_adding *adding, int fd, struct buf *secret)
{
	int rc;

	buf_clear(secret);
	if (adding->no_secret)
		return VALETKEY_OK;
	if (fd < 0 && adding->person)
		return ask_secret(STDIN_FILENO, secret);
	if (fd >= 0 && isatty(fd))
		return ask_secret(fd, secret);
	if (fd < 0)
		return cmd_fail(VALETKEY_ERR_ARG,
				"The client secret is missing. Give it with "
				"--secret-stdin or --secret-fd N.");
	rc = read_secret(fd, secret);
	return rc ? rc : check(secret);
}
