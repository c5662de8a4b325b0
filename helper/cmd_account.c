/* SPDX-License-Identifier: MIT */
/*
 * cmd_account.c - writes an account's file. A new one appears under its name at
 * once and whole, or not at all, and never in place of another.
 */
#include "account.h"
#include "cmd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int cannot(const char *what, const struct buf *path)
{
	return cmd_fail(VALETKEY_ERR_DENIED, "%s %s: %s.", what, buf_text(path),
			strerror(errno));
}

/* The directory and its parent, where they are missing. */
static int make_directory(void)
{
	struct buf path = {0};
	int rc = account_config_home(&path);

	if (!rc && mkdir(path.data, 0700) != 0 && errno != EEXIST)
		rc = cannot("Cannot make the directory", &path);
	else if (!rc && buf_str(&path, "/valetkey"))
		rc = VALETKEY_ERR_NOMEM;
	if (!rc && mkdir(path.data, 0700) != 0 && errno != EEXIST)
		rc = cannot("Cannot make the directory", &path);
	buf_free(&path);
	return rc;
}

static int write_all(int fd, const struct buf *text)
{
	size_t done = 0;

	while (done < text->len) {
		ssize_t n = write(fd, text->data + done, text->len - done);

		if (n < 0 && errno != EINTR)
			return -1;
		done += n > 0 ? (size_t)n : 0;
	}
	return fsync(fd);
}

static int make_text(const char *account, const struct record *keys,
		     struct buf *text)
{
	return buf_fmt(text,
		       "# valetkey account %s, see valetkey(1). No secrets "
		       "here.\n",
		       account) ||
	       record_write(keys, text);
}

int cmd_account_prepare(const char *account, const struct record *keys,
			struct cmd_account_file *file)
{
	struct buf text = {0};
	int rc = make_directory();
	int fd = -1;

	if (!rc && (account_path(&file->final, account) ||
		    buf_str(&file->final, ".conf") ||
		    account_path(&file->temporary, ".new-XXXXXX") ||
		    make_text(account, keys, &text)))
		rc = cmd_fail(VALETKEY_ERR_NOMEM, "Out of memory.");
	if (!rc) {
		fd = mkostemp(file->temporary.data, O_CLOEXEC);
		if (fd < 0 || write_all(fd, &text) != 0)
			rc = cannot("Cannot write", &file->temporary);
	}
	if (fd >= 0)
		close(fd);
	if (rc)
		cmd_account_discard(file);
	buf_free(&text);
	return rc;
}

int cmd_account_publish(struct cmd_account_file *file)
{
	int rc = VALETKEY_OK;

	if (link(file->temporary.data, file->final.data) != 0)
		rc = cannot("Cannot write", &file->final);
	cmd_account_discard(file);
	return rc;
}

void cmd_account_discard(struct cmd_account_file *file)
{
	if (file->temporary.len)
		unlink(file->temporary.data);
	buf_free(&file->temporary);
	buf_free(&file->final);
}
