/* SPDX-License-Identifier: MIT */
/*
 * park_file.c - see park_file.h. The file begins with the length of what counts,
 * so that a shorter payload goes over the room that was taken without giving
 * any of it back: a full disk must not come in between. Whatever else somebody
 * has put there, no open waits for it.
 */
#include "park_file.h"

#include "place.h"

#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int open_file(const struct park_file *file, enum place place, int flags)
{
	struct buf path = {0};
	int fd = -1;

	if (place_path(place, file->id, file->slot, &path) == 0)
		fd = open(path.data,
			  flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
	buf_free(&path);
	return fd;
}

/* Where the folder has become read-only, what is of no use is emptied. */
static void remove_file(const struct park_file *file, enum place place)
{
	struct buf path = {0};

	if (place_path(place, file->id, file->slot, &path) == 0 &&
	    unlink(path.data) != 0)
		(void)!truncate(path.data, 0);
	buf_free(&path);
}

static bool write_file(int fd, const struct buf *all)
{
	bool good =
	    fd >= 0 && pwrite(fd, all->data, all->len, 0) == (ssize_t)all->len;

	if (fd >= 0)
		close(fd);
	return good;
}

bool park_file_put(const struct park_file *file, const struct buf *payload)
{
	uint32_t len = (uint32_t)payload->len;
	struct buf all = {0};
	bool good = false;

	if (payload->len > PARK_FILE_MAX ||
	    buf_add(&all, (const char *)&len, sizeof(len)) ||
	    buf_add(&all, payload->data, payload->len))
		goto out;
	good = write_file(open_file(file, PLACE_ACCOUNT, O_WRONLY | O_CREAT),
			  &all);
	if (good) {
		remove_file(file, PLACE_RUNTIME);
	} else {
		place_make_runtime();
		good = write_file(
		    open_file(file, PLACE_RUNTIME, O_WRONLY | O_CREAT), &all);
	}
out:
	buf_free(&all);
	return good;
}

static bool read_file(int fd, struct buf *payload)
{
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

bool park_file_read(const struct park_file *file, struct buf *payload)
{
	/* This one is there only where the other could not be written. */
	if (read_file(open_file(file, PLACE_RUNTIME, O_RDONLY), payload))
		return true;
	buf_clear(payload);
	return read_file(open_file(file, PLACE_ACCOUNT, O_RDONLY), payload);
}

void park_file_remove(const struct park_file *file)
{
	remove_file(file, PLACE_ACCOUNT);
	remove_file(file, PLACE_RUNTIME);
}
