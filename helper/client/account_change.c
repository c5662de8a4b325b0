/* SPDX-License-Identifier: MIT */
/*
 * account_change.c - see account_change.h.
 */
#include "account_change.h"

#include "core/account.h"
#include <valetkey.h>

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MAX (64 << 10)
#define TRIES 8

static int read_account_text(const char *path, struct buf *text)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = -1;

	if (fd >= 0 && buf_reserve(text, FILE_MAX + 1) == 0)
		n = read(fd, text->data, FILE_MAX + 1);
	if (fd >= 0)
		close(fd);
	if (n < 0 || n > FILE_MAX)
		return -1;
	text->len = (size_t)n;
	text->data[n] = '\0';
	return 0;
}

/* The key of a line that sets a plain one: *len 0: it sets none. */
static const char *key_of_line(const char *line, size_t line_len, size_t *len)
{
	const char *start = line + strspn(line, " \t");
	const char *equals = memchr(line, '=', line_len);

	*len = equals && *start != '#' ? (size_t)(equals - start) : 0;
	while (*len && strchr(" \t", start[*len - 1]))
		--*len;
	return start;
}

static int add_change(struct buf *out, struct record *left, const char *key)
{
	const char *value = NULL;
	int rc = 0;

	while (!rc && (value = record_next(left, key, value)))
		rc = *value ? buf_fmt(out, "%s=%s\n", key, value) : 0;
	record_remove(left, key);
	return rc;
}

/* A changed key gets its line where it was, and no other one. */
static int rewrite_lines(const struct buf *old, const struct record *changes,
			 struct buf *out)
{
	struct record left = {0};
	const char *at = buf_text(old), *key, *value;
	size_t pair = 0;
	int rc = record_append(&left, changes);

	while (!rc && *at) {
		size_t len = strcspn(at, "\n"), key_len;
		const char *start = key_of_line(at, len, &key_len);
		struct buf name = {0};

		rc = buf_add(&name, start, key_len);
		if (!rc && !record_get(changes, buf_text(&name)))
			rc = buf_add(out, at, len) || buf_char(out, '\n');
		else if (!rc)
			rc = add_change(out, &left, buf_text(&name));
		buf_free(&name);
		at += len + (at[len] != '\0');
	}
	while (!rc && (key = record_each(&left, &pair, &value)))
		if (*value)
			rc = buf_fmt(out, "%s=%s\n", key, value);
	record_free(&left);
	return rc;
}

static int open_temporary(struct buf *name, const char *path)
{
	struct stat status;
	int fd = -1;

	for (int i = 0; i < TRIES && fd < 0; i++) {
		buf_clear(name);
		if (buf_fmt(name, "%s.new-XXXXXX", path))
			return -1;
		fd = mkostemp(name->data, O_CLOEXEC);
		if (fd < 0)
			return -1;
		if (flock(fd, LOCK_EX | LOCK_NB) == 0 &&
		    fstat(fd, &status) == 0 && status.st_nlink)
			return fd;
		close(fd);
		fd = -1;
	}
	return fd;
}

int account_write(const char *path, const struct buf *text, mode_t mode,
		  int (*place)(const char *from, const char *to))
{
	struct buf temporary = {0};
	int fd = open_temporary(&temporary, path);
	int error, rc = -1;

	if (fd >= 0 && fchmod(fd, mode) == 0 &&
	    write(fd, text->data, text->len) == (ssize_t)text->len &&
	    fsync(fd) == 0)
		rc = place(temporary.data, path);
	error = errno;
	if (fd >= 0) {
		if (rc)
			unlink(temporary.data);
		close(fd);
	}
	buf_free(&temporary);
	errno = error;
	return rc;
}

static int replace_account_file(const char *path, const struct buf *text)
{
	struct stat status;

	return stat(path, &status) == 0
		   ? account_write(path, text, status.st_mode & 0777, rename)
		   : -1;
}

/* Two changes at once: the second one begins with what the first one has left. */
static int lock_folder(const char *path)
{
	char *copy = strdup(path);
	int fd =
	    copy ? open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

	while (fd >= 0 && flock(fd, LOCK_EX) != 0 && errno == EINTR)
		;
	free(copy);
	return fd;
}

int account_change(const char *account, const struct record *changes)
{
	struct buf path = {0}, old = {0}, text = {0};
	char *real = NULL;
	int folder = -1;
	int rc = account_path(&path, account) || buf_str(&path, ".conf");

	if (!rc)
		real = realpath(path.data, NULL);
	if (real)
		folder = lock_folder(real);
	if (folder < 0 || read_account_text(real, &old) ||
	    rewrite_lines(&old, changes, &text) ||
	    replace_account_file(real, &text))
		rc = -1;
	if (folder >= 0)
		close(folder);
	free(real);
	buf_free(&path);
	buf_free(&old);
	buf_free(&text);
	return rc ? VALETKEY_ERR_DENIED : VALETKEY_OK;
}

/* Some file systems do not know it for folders. */
static int sync_path(const char *path, int flags)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | flags);
	int rc = fd < 0 ? -1 : fsync(fd);

	if (rc && fd >= 0 && errno == EINVAL)
		rc = 0;
	if (fd >= 0)
		close(fd);
	return rc;
}

int account_sync(const char *account)
{
	struct buf path = {0};
	char *real = NULL;
	int rc = account_path(&path, account) || buf_str(&path, ".conf");

	if (!rc)
		real = realpath(path.data, NULL);
	rc = !real || sync_path(real, 0) ||
	     sync_path(dirname(real), O_DIRECTORY);
	free(real);
	buf_free(&path);
	return rc ? VALETKEY_ERR_DENIED : VALETKEY_OK;
}

int account_delete(const char *account, struct problem *problem)
{
	struct buf path = {0};
	int rc = VALETKEY_OK;

	if (account_path(&path, account) || buf_str(&path, ".conf"))
		rc = problem_no_memory(problem);
	else if (unlink(path.data) != 0)
		rc = problem_set(problem, VALETKEY_ERR_DENIED,
				 "Cannot delete %s: %s.", path.data,
				 strerror(errno));
	buf_free(&path);
	return rc;
}
