/* SPDX-License-Identifier: MIT */
/*
 * account_file.c - makes the file of an account that has no secret here (of others
 * the helper does).
 */
#include "client/account_change.h"
#include "command.h"
#include "core/account.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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
	return account_write(path, text, 0600, put_in_place)
		   ? fail_creating(path)
		   : VALETKEY_OK;
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
