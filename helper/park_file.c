/* SPDX-License-Identifier: MIT */
/*
 * park_file.c - see park_file.h. The file begins with the length of what counts,
 * so that a shorter payload goes over the room that was taken without giving
 * any of it back: a full disk must not come in between. Whatever else somebody
 * has put there, no open waits for it.
 */
#include "park_file.h"
#include "account.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int path_of_file(const struct park_file *file, struct buf *path)
{
	return account_path(path, NULL) ||
	       buf_fmt(path, "/.%s.%s", file->id, file->slot);
}

static int open_file(const struct park_file *file, int flags)
{
	struct buf path = {0};
	int fd = -1;

	if (path_of_file(file, &path) == 0)
		fd = open(path.data,
			  flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
	buf_free(&path);
	return fd;
}

bool park_file_put(const struct park_file *file, const struct buf *payload)
{
	uint32_t len = (uint32_t)payload->len;
	struct buf all = {0};
	bool good = false;
	int fd;

	if (payload->len > PARK_FILE_MAX ||
	    buf_add(&all, (const char *)&len, sizeof(len)) ||
	    buf_add(&all, payload->data, payload->len))
		goto out;
	fd = open_file(file, O_WRONLY | O_CREAT);
	if (fd < 0)
		goto out;
	good = pwrite(fd, all.data, all.len, 0) == (ssize_t)all.len;
	close(fd);
out:
	buf_free(&all);
	return good;
}

bool park_file_read(const struct park_file *file, struct buf *payload)
{
	int fd = open_file(file, O_RDONLY);
	struct stat st;
	uint32_t len;
	bool good;

	if (fd < 0)
		return false;
	good = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	       st.st_uid == geteuid() &&
	       read(fd, &len, sizeof(len)) == (ssize_t)sizeof(len) &&
	       len <= PARK_FILE_MAX && buf_reserve(payload, len) == 0 &&
	       read(fd, payload->data, len) == (ssize_t)len;
	close(fd);
	if (good) {
		payload->len = len;
		payload->data[len] = '\0';
	}
	return good;
}

void park_file_remove(const struct park_file *file)
{
	struct buf path = {0};

	if (path_of_file(file, &path) == 0)
		unlink(path.data);
	buf_free(&path);
}
