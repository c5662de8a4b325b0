/* SPDX-License-Identifier: MIT */
/*
 * add_far.c - `valetkey add --far`: an account whose login another machine keeps
 * (core/far.h). That machine is asked through its socket which provider and hosts
 * it has; nothing of it is secret, and the helper is not needed.
 */
#include "command/command.h"
#include "core/far.h"
#include "core/origin.h"
#include "command/terminal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ABOUT_S 20
#define FAR_FOLDER "/valetkey"
#define FAR_NAME "/far"

/* All the rest is of the other machine. */
static int check_far_options(const struct cmd_args *args)
{
	static const char *const mine[] = {"far", "socket", "no-prompt", NULL};
	const char *key, *value;
	size_t at = 0;

	if (!cmd_option(args, "far"))
		return cmd_fail(VALETKEY_ERR_ARG,
				"--socket is for an account of another "
				"machine: add --far.");
	while ((key = record_each(&args->options, &at, &value))) {
		const char *const *name = mine;

		while (*name && strcmp(*name, key) != 0)
			name++;
		if (!*name)
			return cmd_fail(VALETKEY_ERR_ARG,
					"With --far the other machine tells "
					"all: leave out --%s.",
					key);
	}
	return VALETKEY_OK;
}

/* Where ssh is told to bring the other machine's socket; its folder is made,
 * which ssh does not do. */
static int usual_far_place(struct buf *path)
{
	const char *runtime = cmd_environment("XDG_RUNTIME_DIR");
	int rc = runtime && *runtime == '/'
		     ? buf_str(path, runtime)
		     : buf_fmt(path, "/run/user/%u", (unsigned)geteuid());

	if (rc || buf_str(path, FAR_FOLDER))
		return VALETKEY_ERR_NOMEM;
	if (mkdir(path->data, 0700) != 0 && errno != EEXIST)
		return cmd_fail(VALETKEY_ERR_DENIED,
				"Cannot make the folder %s: %s. Name a socket: "
				"--socket PATH",
				path->data, strerror(errno));
	return buf_str(path, FAR_NAME) ? VALETKEY_ERR_NOMEM : VALETKEY_OK;
}

static int find_far_place(const struct cmd_args *args, struct buf *path)
{
	const char *given = cmd_option(args, "socket");

	if (!given)
		return usual_far_place(path);
	if (*given != '/' || strlen(given) > FAR_SOCKET_MAX)
		return cmd_fail(VALETKEY_ERR_ARG,
				"--socket needs an absolute path of at most %d "
				"bytes.",
				FAR_SOCKET_MAX);
	return buf_str(path, given) ? VALETKEY_ERR_NOMEM : VALETKEY_OK;
}

static int ask_far_about(const struct cmd_adding *adding, const char *socket,
			 struct record *about)
{
	struct record request = {0};
	struct cmd_call call = {
	    .request = &request,
	    .answer = about,
	    .timeout_s = ABOUT_S,
	    .far = socket,
	};
	int rc = VALETKEY_ERR_NOMEM;

	if (record_add(&request, "op", "about") == 0 &&
	    record_add(&request, "account", adding->account) == 0)
		rc = cmd_call(&call);
	record_free(&request);
	return rc;
}

/* What came from the other machine is written into a file here. */
static int take_about(struct cmd_adding *adding, const struct record *about)
{
	static const char *const names[] = {"provider", "name", NULL};
	const char *host = NULL;
	char origin[ORIGIN_MAX];
	int rc = 0;

	for (const char *const *name = names; !rc && *name; name++)
		rc = record_add(&adding->keys, *name, record_get(about, *name));
	while (!rc && (host = record_next(about, "hosts[]", host))) {
		if (origin_of_resource(host, origin) != 0)
			return cmd_fail(VALETKEY_ERR_HELPER,
					"The other machine names a host that "
					"is not one. Do both have the same "
					"version of valetkey?");
		rc = record_add(&adding->keys, "hosts[]", host);
	}
	return rc ? VALETKEY_ERR_NOMEM : VALETKEY_OK;
}

int cmd_add_far(struct cmd_adding *adding)
{
	struct record about = {0};
	struct buf path = {0};
	int rc = check_far_options(adding->args);

	if (!rc)
		rc = find_far_place(adding->args, &path);
	if (!rc && record_add(&adding->keys, "far", path.data))
		rc = VALETKEY_ERR_NOMEM;
	if (!rc)
		rc = ask_far_about(adding, path.data, &about);
	if (!rc)
		rc = take_about(adding, &about);
	if (!rc)
		rc = cmd_account_create(adding->account, &adding->keys);
	if (!rc) {
		terminal_say(TERMINAL_GOOD,
			     "%s is added; another machine keeps its login.\n",
			     adding->account);
		terminal_say(TERMINAL_PLAIN, "Next: valetkey token %s\n",
			     adding->account);
	}
	record_free(&about);
	buf_free(&path);
	return rc;
}
