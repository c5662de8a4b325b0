/* SPDX-License-Identifier: MIT */
/*
 * private_file.c - see private_file.h.
 */
#include "private_file.h"

#include "command/command.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int fail_write(const char *path)
{
	return cmd_fail(VALETKEY_ERR_DENIED, "Cannot write %s: %s.", path,
			strerror(errno));
}

static int make_folders(char *path)
{
	int rc = VALETKEY_OK;

	for (char *slash = strchr(path + 1, '/'); !rc && slash;
	     slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(path, 0700) != 0 && errno != EEXIST)
			rc = fail_write(path);
		*slash = '/';
	}
	return rc;
}

/* Under another name first. */
static bool write_new(const char *name, const struct buf *text)
{
	int fd = open(
	    name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	bool good = fd >= 0 &&
		    write(fd, text->data, text->len) == (ssize_t)text->len &&
		    fsync(fd) == 0;

	if (fd >= 0)
		close(fd);
	return good;
}

int private_file_write(const char *path, const struct buf *text)
{
	struct buf new = {0};
	int rc = VALETKEY_OK;

	if (buf_fmt(&new, "%s.%ld", path, (long)getpid()))
		rc = VALETKEY_ERR_NOMEM;
	else
		rc = make_folders(new.data);
	if (!rc &&
	    (!write_new(new.data, text) || rename(new.data, path) != 0)) {
		rc = fail_write(path);
		unlink(new.data);
	}
	buf_free(&new);
	return rc;
}
