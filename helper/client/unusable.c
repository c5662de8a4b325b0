/* SPDX-License-Identifier: MIT */
/*
 * unusable.c - see unusable.h.
 */
#include "unusable.h"

#include "core/account.h"
#include <valetkey.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define RULE "it must be yours or root's and writable by nobody else"

static int not_found(const char *path, const char *name,
		     struct problem *problem)
{
	const int rc = VALETKEY_ERR_ACCOUNT, error = errno;
	struct stat st;

	if (error != ENOENT)
		return problem_set(problem, rc, "%s cannot be read: %s.", name,
				   strerror(error));
	return problem_set(problem, rc, "%s is not used: it is %s.", name,
			   lstat(path, &st) == 0 ? "a link to nothing"
						 : "not there");
}

int unusable_because(const char *path, bool folder, struct problem *problem)
{
	const int rc = VALETKEY_ERR_ACCOUNT;
	char name[PROBLEM_QUOTE_MAX];
	struct stat st;

	problem_quote(name, path);
	if (stat(path, &st) != 0)
		return not_found(path, name, problem);
	if (folder ? !S_ISDIR(st.st_mode) : !S_ISREG(st.st_mode))
		return problem_set(problem, rc,
				   "%s is not used: it is not a %s.", name,
				   folder ? "folder" : "plain file");
	if (st.st_uid != geteuid() && st.st_uid != 0)
		return problem_set(problem, rc,
				   "%s is not used: " RULE
				   ", and it belongs to user %lu.",
				   name, (unsigned long)st.st_uid);
	if (st.st_mode & (S_IWGRP | S_IWOTH))
		return problem_set(problem, rc,
				   "%s is not used: " RULE
				   ", nor by a group (chmod go-w %s).",
				   name, name);
	if (access(path, folder ? R_OK | X_OK : R_OK) != 0)
		return problem_set(problem, rc, "%s cannot be read: %s.", name,
				   strerror(errno));
	return problem_set(problem, rc, "%s is not used: it is too long.",
			   name);
}

static bool can_be_listed(const char *path)
{
	return access(path, R_OK | X_OK) == 0 || errno == ENOENT;
}

int unusable_folder(const char *name, struct problem *problem)
{
	struct buf path = {0};
	int rc = name ? unusable_folder(NULL, problem) : VALETKEY_OK;

	if (rc)
		return rc;
	rc = account_path(&path, name);
	if (rc == VALETKEY_ERR_NOMEM)
		problem_no_memory(problem);
	else if (rc && !path.len)
		problem_set(problem, rc,
			    "There is no home directory: $HOME is not set, and "
			    "no user has the number %lu. Set HOME.",
			    (unsigned long)geteuid());
	else if (rc || !account_directory_ok(path.data) ||
		 !can_be_listed(path.data))
		rc = unusable_because(path.data, true, problem);
	buf_free(&path);
	return rc;
}

int unusable_account(const char *account, struct problem *problem)
{
	struct buf path = {0};
	struct stat st;
	int rc = unusable_folder(NULL, problem);

	if (rc || !account_name_ok(account))
		return rc;
	if (account_path(&path, account) || buf_str(&path, ".conf"))
		rc = problem_no_memory(problem);
	else if (lstat(path.data, &st) == 0)
		rc = unusable_because(path.data, false, problem);
	buf_free(&path);
	return rc;
}

/* XDG_CONFIG_HOME was found not to count. If HOME does not either, the user database
 * mostly has the same. */
static const char *ignored_variable(const struct buf *used)
{
	const char *config = getenv("XDG_CONFIG_HOME");
	const char *home = getenv("HOME");
	size_t len = home ? strlen(home) : 0;

	if (config && *config)
		return "XDG_CONFIG_HOME";
	return len && (strncmp(used->data, home, len) != 0 ||
		       strcmp(used->data + len, "/.config") != 0)
		   ? "HOME"
		   : NULL;
}

int unusable_environment(struct problem *problem)
{
	char quoted[PROBLEM_QUOTE_MAX];
	struct problem why = {0};
	struct buf used = {0};
	const char *name = NULL, *path = getenv("XDG_CONFIG_HOME");
	int rc = VALETKEY_OK;

	if (path && account_directory_ok(path))
		return rc;
	if (account_config_home(&used) == VALETKEY_OK)
		name = ignored_variable(&used);
	path = name ? getenv(name) : NULL;
	if (path && *path != '/')
		problem_set(&why, 0,
			    "%s is not used: it does not begin with /.",
			    problem_quote(quoted, path));
	else if (path)
		unusable_because(path, true, &why);
	if (path)
		rc = problem_set(problem, VALETKEY_ERR_ACCOUNT,
				 "%s It is $%s; %s is used instead.", why.text,
				 name, problem_quote(quoted, used.data));
	buf_free(&used);
	return rc;
}
