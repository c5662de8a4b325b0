/* SPDX-License-Identifier: MIT */
/*
 * account_file.c - changes single keys of an account's file and leaves all other
 * lines as the person wrote them. The file is the old one or the new one, never
 * half of both; a link to it stays a link. And makes the file of an account that
 * has no secret here (of others the helper does).
 */
#include "command.h"
#include "core/account.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MAX (64u << 10)
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

/* The lock says that somebody writes it: one that nobody has locked was left by a
 * run that was killed, and the helper deletes it, maybe just before we lock. */
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

static int replace_account_file(const char *path, const struct buf *text)
{
	struct buf temporary = {0};
	struct stat status;
	int fd = -1, rc = -1;

	if (stat(path, &status) == 0)
		fd = open_temporary(&temporary, path);
	if (fd >= 0 && fchmod(fd, status.st_mode & 0777) == 0 &&
	    write(fd, text->data, text->len) == (ssize_t)text->len &&
	    fsync(fd) == 0)
		rc = rename(temporary.data, path);
	if (fd >= 0) {
		if (rc)
			unlink(temporary.data);
		close(fd);
	}
	buf_free(&temporary);
	return rc;
}

int cmd_account_change(const char *account, const struct record *changes)
{
	struct buf path = {0}, old = {0}, text = {0};
	char *real = NULL;
	int rc = account_path(&path, account) || buf_str(&path, ".conf");

	if (!rc)
		real = realpath(path.data, NULL);
	if (!real || read_account_text(real, &old) ||
	    rewrite_lines(&old, changes, &text) ||
	    replace_account_file(real, &text))
		rc = -1;
	free(real);
	buf_free(&path);
	buf_free(&old);
	buf_free(&text);
	return rc ? VALETKEY_ERR_DENIED : VALETKEY_OK;
}

/* ---- a new one ---- */

static int fail_creating(const char *path)
{
	return cmd_fail(VALETKEY_ERR_ACCOUNT,
			"Cannot write %s: %s. Make sure that you can write to "
			"the folder and that the disk is not full.",
			path, strerror(errno));
}

static int make_account_folder(void)
{
	struct buf path = {0};
	int rc = account_config_home(&path);

	if (!rc && mkdir(path.data, 0700) != 0 && errno != EEXIST)
		rc = fail_creating(path.data);
	if (!rc && buf_str(&path, "/valetkey"))
		rc = VALETKEY_ERR_NOMEM;
	if (!rc && mkdir(path.data, 0700) != 0 && errno != EEXIST)
		rc = fail_creating(path.data);
	buf_free(&path);
	return rc;
}

/* A link, which not every file system has, does not replace what is there; a
 * rename may be told not to. */
static int put_in_place(const char *from, const char *to)
{
	if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS && errno != EOPNOTSUPP)
		return -1;
	return link(from, to) || unlink(from) ? -1 : 0;
}

static int create_account_file(const char *path, const struct buf *text)
{
	struct buf temporary = {0};
	int fd = open_temporary(&temporary, path);
	int rc = -1;

	if (fd >= 0 && write(fd, text->data, text->len) == (ssize_t)text->len &&
	    fsync(fd) == 0)
		rc = put_in_place(temporary.data, path);
	if (rc)
		rc = fail_creating(path);
	if (fd >= 0) {
		if (rc)
			unlink(temporary.data);
		close(fd);
	}
	buf_free(&temporary);
	return rc;
}

int cmd_account_create(const char *account, const struct record *keys)
{
	struct buf path = {0}, text = {0};
	int rc = make_account_folder();

	if (!rc)
		rc = account_path(&path, account);
	if (!rc &&
	    (buf_str(&path, ".conf") ||
	     buf_fmt(&text,
		     "# valetkey account %s, see valetkey(1). No secrets "
		     "here.\n",
		     account) ||
	     record_write(keys, &text)))
		rc = VALETKEY_ERR_NOMEM;
	if (!rc)
		rc = create_account_file(path.data, &text);
	buf_free(&path);
	buf_free(&text);
	return rc;
}
