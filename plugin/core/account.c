/* SPDX-License-Identifier: MIT */
/*
 * account.c - see account.h. Knows files and directories, not the meaning of
 * an account's keys, but for the hosts.
 */
#include "account.h"

#include "descriptor.h"
#include "origin.h"
#include <valetkey.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SUFFIX ".conf"
#define FILE_MAX (64u << 10)

bool account_name_ok(const char *name)
{
	size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyz"
				  "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				  "0123456789._@-");

	return len && len <= ACCOUNT_NAME_MAX && !name[len] && *name != '.' &&
	       *name != '-';
}

bool account_id_ok(const char *id)
{
	return strlen(id) == ACCOUNT_ID_LENGTH &&
	       strspn(id, "0123456789abcdef") == ACCOUNT_ID_LENGTH;
}

static bool account_ours(const struct stat *st)
{
	return (st->st_uid == geteuid() || st->st_uid == 0) &&
	       !(st->st_mode & (S_IWGRP | S_IWOTH));
}

bool account_directory_ok(const char *path)
{
	struct stat st;

	if (*path != '/')
		return false;
	if (stat(path, &st) != 0) /* a link to nothing is something */
		return errno == ENOENT && lstat(path, &st) != 0;
	return S_ISDIR(st.st_mode) && account_ours(&st);
}

static int home_of_user(struct buf *path)
{
	struct passwd entry, *found = NULL;
	struct buf space = {0};
	int rc = VALETKEY_ERR_NOMEM;

	if (buf_reserve(&space, 16384))
		goto out;
	getpwuid_r(geteuid(), &entry, space.data, 16384, &found);
	rc = VALETKEY_ERR_ACCOUNT;
	if (!found || !found->pw_dir || *found->pw_dir != '/')
		goto out;
	rc = buf_str(path, found->pw_dir) ? VALETKEY_ERR_NOMEM : VALETKEY_OK;
out:
	buf_free(&space);
	return rc;
}

/* The folder that the variable names, else `usual` in the user's home. */
static int account_home(const char *variable, const char *usual,
			struct buf *path)
{
	const char *named = getenv(variable);
	const char *home = getenv("HOME");
	struct stat st;
	int rc = VALETKEY_OK;

	if (named && account_directory_ok(named))
		return buf_str(path, named) ? VALETKEY_ERR_NOMEM : VALETKEY_OK;
	if (home && *home == '/' && stat(home, &st) == 0 && account_ours(&st))
		rc = buf_str(path, home) ? VALETKEY_ERR_NOMEM : VALETKEY_OK;
	else
		rc = home_of_user(path);
	if (!rc && buf_str(path, usual))
		rc = VALETKEY_ERR_NOMEM;
	return rc;
}

int account_config_home(struct buf *path)
{
	return account_home("XDG_CONFIG_HOME", "/.config", path);
}

int account_state_home(struct buf *path)
{
	return account_home("XDG_STATE_HOME", "/.local/state", path);
}

int account_path(struct buf *path, const char *file)
{
	int rc = account_config_home(path);

	if (!rc && buf_str(path, "/valetkey"))
		rc = VALETKEY_ERR_NOMEM;
	if (!rc && !account_directory_ok(path->data))
		rc = VALETKEY_ERR_ACCOUNT;
	if (!rc && file && (buf_char(path, '/') || buf_str(path, file)))
		rc = VALETKEY_ERR_NOMEM;
	return rc;
}

/* A read of a file that brings less than it could has come to the end. */
static int account_read_all(int fd, off_t size, struct buf *text)
{
	size_t room = (size_t)size + 1;
	ssize_t n;

	if (size > (off_t)FILE_MAX)
		return VALETKEY_ERR_ACCOUNT;
	do {
		if (text->len > FILE_MAX)
			return VALETKEY_ERR_ACCOUNT;
		if (buf_reserve(text, room))
			return VALETKEY_ERR_NOMEM;
		n = read(fd, text->data + text->len, room);
		if (n > 0)
			text->len += (size_t)n;
	} while (n == (ssize_t)room || (n < 0 && errno == EINTR));
	return n < 0 ? VALETKEY_ERR_ACCOUNT : VALETKEY_OK;
}

/* A file that is not there, or a process that can open no more. */
static int open_failure(void)
{
	return errno == EMFILE || errno == ENFILE ? VALETKEY_ERR_DENIED
	       : errno == ENOMEM		  ? VALETKEY_ERR_NOMEM
						  : VALETKEY_ERR_ACCOUNT;
}

int account_read_file(const char *path, bool installed, struct record *record,
		      unsigned *bad_line)
{
	int fd = descriptor_lift(
	    open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
	struct buf text = {0};
	struct stat st;
	int rc = VALETKEY_ERR_ACCOUNT;

	if (fd < 0)
		return open_failure();
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    (installed || account_ours(&st)))
		rc = account_read_all(fd, st.st_size, &text);
	close(fd);
	if (rc == VALETKEY_OK) {
		rc = record_parse_text(record, buf_text(&text), text.len,
				       bad_line);
		rc = rc == RECORD_NOMEM	      ? VALETKEY_ERR_NOMEM
		     : rc == RECORD_MALFORMED ? VALETKEY_ERR_ARG
					      : VALETKEY_OK;
	}
	buf_free(&text);
	return rc;
}

int account_read(const char *name, struct record *account, unsigned *bad_line)
{
	struct buf path = {0};
	int rc = VALETKEY_ERR_ACCOUNT;

	if (!account_name_ok(name))
		return rc;
	rc = account_path(&path, name);
	if (!rc && buf_str(&path, SUFFIX))
		rc = VALETKEY_ERR_NOMEM;
	if (!rc)
		rc = account_read_file(path.data, false, account, bad_line);
	buf_free(&path);
	return rc;
}

/* The account's name if the file is an account's, cut in place. */
static const char *account_of_file(char *file)
{
	size_t len = strlen(file);

	if (len <= strlen(SUFFIX) ||
	    strcmp(file + len - strlen(SUFFIX), SUFFIX) != 0)
		return NULL;
	file[len - strlen(SUFFIX)] = '\0';
	return account_name_ok(file) ? file : NULL;
}

bool account_unusable(const char *name)
{
	struct buf path = {0};
	struct stat st;
	int rc = account_path(&path, name);
	bool there =
	    rc == VALETKEY_ERR_ACCOUNT ||
	    (!rc && buf_str(&path, SUFFIX) == 0 && lstat(path.data, &st) == 0);

	buf_free(&path);
	return there;
}

/* *dir NULL: there are none. */
static int open_accounts(DIR **dir)
{
	struct buf path = {0};
	int fd = -1, rc = account_path(&path, NULL);

	*dir = NULL;
	if (!rc) {
		fd = descriptor_lift(
		    open(path.data, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
		if (fd >= 0)
			*dir = fdopendir(fd);
		if (!*dir && errno != ENOENT)
			rc = open_failure();
		if (!*dir && fd >= 0)
			close(fd);
	}
	buf_free(&path);
	return rc;
}

static int account_compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int list_accounts(DIR *dir, char ***names, size_t *count)
{
	struct dirent *entry;
	size_t room = 0;

	while ((entry = readdir(dir))) {
		const char *name = account_of_file(entry->d_name);

		if (!name)
			continue;
		if (*count == room) {
			char **more =
			    reallocarray(*names, room + 16, sizeof(**names));

			if (!more)
				return VALETKEY_ERR_NOMEM;
			*names = more;
			room += 16;
		}
		(*names)[*count] = strdup(name);
		if (!(*names)[*count])
			return VALETKEY_ERR_NOMEM;
		++*count;
	}
	return VALETKEY_OK;
}

int account_each(int (*see)(const char *name, void *data), void *data)
{
	DIR *dir;
	char **names = NULL;
	size_t count = 0, i;
	int rc = open_accounts(&dir);

	if (!dir)
		return rc;
	rc = list_accounts(dir, &names, &count);
	closedir(dir);
	if (count)
		qsort(names, count, sizeof(*names), account_compare_names);
	for (i = 0; i < count; i++) {
		if (!rc)
			rc = see(names[i], data);
		free(names[i]);
	}
	free(names);
	return rc;
}

bool account_has_origin(const struct record *account, const char *origin)
{
	const char *host = NULL;

	while ((host = record_next(account, "hosts[]", host)))
		if (origin_is(host, origin))
			return true;
	return false;
}

struct search {
	const char *origin;
	char *name;
	struct record *account;
	unsigned found;
};

static int see_account(const char *name, void *data)
{
	struct search *search = data;
	struct record account = {0};
	int rc = account_read(name, &account, NULL);

	if (rc == VALETKEY_OK && account_has_origin(&account, search->origin) &&
	    search->found++ == 0) {
		strcpy(search->name, name);
		*search->account = account;
		return 0;
	}
	record_free(&account);
	return rc == VALETKEY_ERR_NOMEM || rc == VALETKEY_ERR_DENIED ? rc : 0;
}

int account_find(const char *origin, char name[ACCOUNT_NAME_MAX + 1],
		 struct record *account)
{
	struct search search = {origin, name, account, 0};
	int rc = account_each(see_account, &search);

	if (!rc && search.found != 1)
		rc =
		    search.found ? VALETKEY_ERR_ACCOUNT : VALETKEY_ERR_RESOURCE;
	return rc;
}
