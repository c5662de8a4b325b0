/* SPDX-License-Identifier: MIT */
/*
 * sealed_folder.c - see sealed_folder.h. A new text is written into .NAME.new, by
 * one process at a time (the folder is locked meanwhile); what a process that was
 * killed has left there is written over by the next.
 */
#include "sealed_folder.h"

#include "client/unusable.h"
#include "core/account.h"
#include "sealed_file.h"
#include <valetkey.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define FOLDER "/sealed"

static int sealed_path(struct buf *path, struct problem *problem)
{
	int rc = unusable_folder(NULL, problem);

	if (rc)
		return rc;
	return account_path(path, NULL) || buf_str(path, FOLDER)
		   ? problem_no_memory(problem)
		   : VALETKEY_OK;
}

static int check_folder(int fd, const char *path, struct problem *problem)
{
	struct stat st;

	if (fstat(fd, &st) != 0 || st.st_uid != geteuid() ||
	    (st.st_mode & 07777) != 0700)
		return problem_set(
		    problem, VALETKEY_ERR_ACCOUNT,
		    "The folder %s is not used: it must be yours alone. Run: "
		    "chmod 700 %s (and chown, if it is another user's)",
		    path, path);
	return VALETKEY_OK;
}

int sealed_folder_open(bool make, int *folder, struct problem *problem)
{
	struct buf path = {0};
	int rc = sealed_path(&path, problem);

	*folder = -1;
	if (rc)
		goto out;
	if (make && mkdir(path.data, 0700) == 0)
		chmod(path.data, 0700);
	*folder =
	    open(path.data, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (*folder >= 0)
		rc = check_folder(*folder, path.data, problem);
	else if (make || errno != ENOENT)
		rc = problem_set(problem, VALETKEY_ERR_ACCOUNT,
				 "The folder %s cannot be opened: %s.",
				 path.data, strerror(errno));
	if (rc && *folder >= 0) {
		close(*folder);
		*folder = -1;
	}
out:
	buf_free(&path);
	return rc;
}

/* ---- reading ---- */

static int read_whole(int fd, struct buf *text)
{
	ssize_t n;

	do {
		if (text->len > SEALED_FILE_MAX || buf_reserve(text, 8192)) {
			errno = EFBIG;
			return -1;
		}
		n = read(fd, text->data + text->len, 8192);
		if (n > 0)
			text->len += (size_t)n;
	} while (n > 0 || (n < 0 && errno == EINTR));
	if (!n)
		text->data[text->len] = '\0';
	return n < 0 ? -1 : 0;
}

static int refuse_file(struct problem *problem, const char *name,
		       const char *why)
{
	return problem_set(problem, VALETKEY_ERR_DENIED,
			   "The file %s of the sealed store cannot be used: "
			   "%s.",
			   name, why);
}

int sealed_folder_read(int folder, const char *name, struct buf *text,
		       bool *found, struct problem *problem)
{
	int fd = openat(folder, name,
			O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat st;
	int rc = VALETKEY_OK;

	*found = fd >= 0;
	if (fd < 0)
		return errno == ENOENT
			   ? VALETKEY_OK
			   : refuse_file(problem, name, strerror(errno));
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) ||
	    st.st_uid != geteuid() || (st.st_mode & 077))
		rc = refuse_file(problem, name,
				 "it must be yours alone (chmod 600)");
	else if (read_whole(fd, text) != 0)
		rc = refuse_file(problem, name, strerror(errno));
	close(fd);
	return rc;
}

/* ---- writing ---- */

struct replacing {
	int folder;
	const char *name;
	struct buf temporary; /* its name */
};

static int cannot_keep(struct problem *problem, const char *what)
{
	return problem_set(problem, VALETKEY_ERR_DENIED,
			   "The sealed store cannot be written (%s: %s). "
			   "Nothing in it has changed.",
			   what, strerror(errno));
}

static int write_temporary(const struct replacing *at, const struct buf *text)
{
	int fd = openat(at->folder, at->temporary.data,
			O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW |
			    O_NONBLOCK,
			0600);
	size_t done = 0;
	int rc = fd < 0 ? -1 : fchmod(fd, 0600);

	while (!rc && done < text->len) {
		ssize_t n = write(fd, text->data + done, text->len - done);

		if (n < 0 && errno != EINTR)
			rc = -1;
		done += n > 0 ? (size_t)n : 0;
	}
	if (!rc)
		rc = fsync(fd);
	if (fd >= 0)
		close(fd);
	return rc;
}

static int replace_locked(const struct replacing *at, const struct buf *text,
			  struct problem *problem)
{
	struct buf back = {0};
	bool found = false;
	int rc = VALETKEY_OK;

	if (write_temporary(at, text) != 0)
		rc = cannot_keep(problem, "writing");
	else if (renameat(at->folder, at->temporary.data, at->folder,
			  at->name) != 0)
		rc = cannot_keep(problem, "renaming");
	if (rc) {
		unlinkat(at->folder, at->temporary.data, 0);
		return rc;
	}
	/* (Some file systems do not know it for folders.) */
	if (fsync(at->folder) != 0 && errno != EINVAL)
		return refuse_file(problem, at->name, strerror(errno));
	rc = sealed_folder_read(at->folder, at->name, &back, &found, problem);
	if (!rc && (!found || back.len != text->len ||
		    memcmp(buf_text(&back), buf_text(text), text->len) != 0))
		rc = refuse_file(problem, at->name,
				 "it does not have what was just written");
	buf_free(&back);
	return rc;
}

static int begin_replacing(struct replacing *at, struct problem *problem)
{
	if (buf_fmt(&at->temporary, ".%s.new", at->name))
		return problem_no_memory(problem);
	/* If it takes no lock, the account's must do. */
	while (flock(at->folder, LOCK_EX) != 0 && errno == EINTR)
		;
	return VALETKEY_OK;
}

int sealed_folder_write(int folder, const char *name, const struct buf *text,
			struct problem *problem)
{
	struct replacing at = {.folder = folder, .name = name};
	int rc = begin_replacing(&at, problem);

	if (!rc)
		rc = replace_locked(&at, text, problem);
	flock(folder, LOCK_UN);
	buf_free(&at.temporary);
	return rc;
}

int sealed_folder_room(int folder, size_t size, struct problem *problem)
{
	struct replacing at = {.folder = folder, .name = "room"};
	int rc = begin_replacing(&at, problem);
	int fd = -1, error;

	if (rc)
		return rc;
	fd = openat(folder, at.temporary.data,
		    O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK,
		    0600);
	error = fd < 0 ? errno : posix_fallocate(fd, 0, (off_t)size);
	if (fd >= 0) {
		unlinkat(folder, at.temporary.data, 0);
		close(fd);
	}
	flock(folder, LOCK_UN);
	errno = error;
	if (error)
		rc = cannot_keep(problem, "making room");
	buf_free(&at.temporary);
	return rc;
}

/* And what a process that was killed has left of it. */
int sealed_folder_delete(int folder, const char *name, struct problem *problem)
{
	struct buf half = {0};

	if (buf_fmt(&half, ".%s.new", name) == 0)
		unlinkat(folder, half.data, 0);
	buf_free(&half);
	if (unlinkat(folder, name, 0) == 0) {
		fsync(folder);
		return VALETKEY_OK;
	}
	return errno == ENOENT ? VALETKEY_OK : cannot_keep(problem, "deleting");
}

int sealed_folder_each(int folder, int (*see)(const char *name, void *data),
		       void *data, struct problem *problem)
{
	int fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	int rc = VALETKEY_OK;

	if (!dir) {
		if (fd >= 0)
			close(fd);
		return problem_set(problem, VALETKEY_ERR_DENIED,
				   "The folder of the sealed store cannot be "
				   "read: %s.",
				   strerror(errno));
	}
	while (!rc && (entry = readdir(dir)))
		rc = see(entry->d_name, data);
	closedir(dir);
	return rc;
}
