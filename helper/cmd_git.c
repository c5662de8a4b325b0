/* SPDX-License-Identifier: MIT */
/*
 * cmd_git.c - git-credential-valetkey, a credential helper of git
 * (gitcredentials(7)): for a host of an account it answers with a valid token
 * as password. For any other host it answers nothing, and git goes on to its
 * next helper. It never asks anybody: git runs in the background too.
 *
 * A failure is told on standard error and in the exit status. git ignores the
 * status and would ask for a password next, so the message is what counts.
 */
#include "cmd.h"
#include "account.h"
#include "client.h"
#include "origin.h"
#include "terminal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define INPUT_MAX (1u << 20)

struct git_request {
	char origin[ORIGIN_MAX];
	const char *username; /* NULL: any */
};

/* To the blank line or the end; other verbs' input may hold a password. */
static int read_input(struct buf *input)
{
	ssize_t n;

	do {
		if (input->len > INPUT_MAX)
			return cmd_fail(VALETKEY_ERR_ARG,
					"git's request is too long.");
		if (buf_reserve(input, 4096))
			return cmd_fail(VALETKEY_ERR_NOMEM, "Out of memory.");
		n = read(STDIN_FILENO, input->data + input->len, 4096);
		if (n > 0) {
			input->len += (size_t)n;
			input->data[input->len] = '\0';
		}
	} while ((n > 0 && !strstr(input->data, "\n\n")) ||
		 (n < 0 && errno == EINTR));
	return VALETKEY_OK;
}

static bool wanted(const char *line, size_t len)
{
	static const char *const keys[] = {
	    "protocol=", "host=", "path=", "username="};

	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
		if (len >= strlen(keys[i]) &&
		    strncmp(line, keys[i], strlen(keys[i])) == 0)
			return true;
	return false;
}

/* Only what counts here is taken; a control character in it is refused. */
static int parse(const struct buf *input, struct record *request)
{
	size_t at = 0;

	if (memchr(buf_text(input), '\0', input->len))
		return -1;
	while (at < input->len) {
		const char *line = input->data + at;
		size_t len = strcspn(line, "\n");

		if (!len)
			return 0;
		if (len > RECORD_LINE_MAX || !memchr(line, '=', len))
			return -1;
		if (wanted(line, len) &&
		    record_parse_line(request, line, len) != 0)
			return -1;
		at += len + (line[len] == '\n');
	}
	return 0;
}

/* The origin that git asks for. The path plays no part: an account's hosts are
 * origins. False: not a host that could be anybody's here. */
static bool take_origin(const struct record *request, char *origin)
{
	const char *protocol = record_get(request, "protocol");
	const char *host = record_get(request, "host");
	struct buf url = {0};
	bool ok;

	if (!protocol || !host ||
	    host[strspn(host, "abcdefghijklmnopqrstuvwxyz"
			      "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
			      "0123456789.:[]-")] != '\0')
		return false;
	ok = buf_fmt(&url, "%s://%s", protocol, host) == 0 &&
	     origin_of(url.data, origin) == 0;
	buf_free(&url);
	return ok;
}

/* The account: the one that the user name names, else the host's only one. */
static int find_account(const struct git_request *git,
			char name[ACCOUNT_NAME_MAX + 1])
{
	struct record account = {0};
	const char *user = git->username;
	int rc = VALETKEY_ERR_RESOURCE;

	if (user && account_read(user, &account, NULL) == VALETKEY_OK &&
	    account_has_origin(&account, git->origin)) {
		strcpy(name, user);
		rc = VALETKEY_OK;
	}
	if (rc) {
		record_free(&account);
		rc = account_find(git->origin, name, &account);
	}
	record_free(&account);
	if (rc == VALETKEY_ERR_ACCOUNT)
		cmd_fail(rc,
			 "Several accounts have the host %s. Say which one: "
			 "git config --global credential.%s.username ACCOUNT",
			 git->origin, git->origin);
	return rc;
}

static int print(const char *username, const struct valetkey_token *token)
{
	struct buf out = {0};
	int rc = buf_fmt(&out, "username=%s\npassword=", username) ||
		 buf_str(&out, token->access_token) || buf_char(&out, '\n');

	if (!rc && token->expires_at)
		rc = buf_fmt(&out, "password_expiry_utc=%lld\n",
			     (long long)token->expires_at);
	if (rc)
		rc = cmd_fail(VALETKEY_ERR_NOMEM, "Out of memory.");
	setvbuf(stdout, NULL, _IONBF, 0);
	if (!rc)
		fwrite(out.data, 1, out.len, stdout);
	buf_free(&out);
	return rc ? rc : cmd_flush();
}

static int answer(const struct git_request *git, const char *account,
		  const char *username)
{
	struct cmd_talk talk = {.account = account};
	const struct valetkey_options options = {.size = sizeof(options),
						 .program = "git",
						 .converse = cmd_converse,
						 .data = &talk};
	const struct valetkey_request request = {.size = sizeof(request),
						 .account = account,
						 .resource = git->origin};
	const struct valetkey_token *token = NULL;
	struct valetkey *handle = NULL;
	int rc = valetkey_open(&options, &handle);

	if (!rc)
		rc = valetkey_get(handle, &request, &token);
	if (rc)
		cmd_tell_failure(rc, &talk);
	else
		rc = print(username, token);
	valetkey_token_free(token);
	valetkey_close(handle);
	return rc;
}

/* For another user than the account's the token would be the wrong answer. */
static int answer_as(const struct git_request *git, const char *account)
{
	struct client client = {0};
	struct problem problem;
	const char *username;
	int rc = client_load(account, &client, &problem);

	if (rc)
		return cmd_fail_problem(&problem);
	username = record_get(&client.config, "git_username");
	if (!username)
		username = "oauth2";
	if (!git->username || strcmp(git->username, account) == 0 ||
	    strcmp(git->username, username) == 0)
		rc = answer(git, account, username);
	client_free(&client);
	return rc;
}

static int get(const struct buf *input)
{
	char account[ACCOUNT_NAME_MAX + 1];
	struct record request = {0};
	struct git_request git;
	int rc = VALETKEY_OK;

	if (parse(input, &request) != 0) {
		rc = cmd_fail(VALETKEY_ERR_ARG,
			      "This is not a request of git's.");
	} else if (take_origin(&request, git.origin)) {
		git.username = record_get(&request, "username");
		rc = find_account(&git, account);
		if (!rc)
			rc = answer_as(&git, account);
		else if (rc == VALETKEY_ERR_RESOURCE)
			rc = VALETKEY_OK; /* not ours */
	}
	record_free(&request);
	return rc;
}

int cmd_git(int argc, char **argv)
{
	struct buf input = {0};
	int rc;

	if (argc != 1 || strcmp(argv[0], "--help") == 0 ||
	    isatty(STDIN_FILENO)) {
		terminal_say(TERMINAL_PLAIN,
			     "git runs this: git config --global "
			     "credential.https://HOST.helper valetkey\n"
			     "See: man git-credential-valetkey\n");
		return argc == 1 && strcmp(argv[0], "--help") == 0
			   ? VALETKEY_OK
			   : VALETKEY_ERR_ARG;
	}
	rc = read_input(&input);
	if (!rc && strcmp(argv[0], "get") == 0)
		rc = get(&input);
	buf_free(&input);
	return rc;
}
