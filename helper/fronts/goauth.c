/* SPDX-License-Identifier: MIT */
/*
 * goauth.c - go's GOAUTH: `GOAUTH='valetkey front goauth ACCOUNT'` for modules. go
 * runs it once at its start, and after each 4xx with the URL as the last argument
 * and the response's head on standard input; then it asks the server once more.
 *
 * go keeps what is said here to itself, so that is said on the terminal as well.
 */
#include "front.h"

#include "command/terminal.h"
#include "git_message.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

struct goauth {
	char **accounts;
	int count;
	const char *url; /* NULL: the first call */
	enum front_refusal refused;
	struct buf out;
	int failed; /* the last failure */
};

static int fail_goauth(struct goauth *goauth, const struct problem *problem)
{
	int terminal = -1;

	goauth->failed = cmd_fail_problem(problem);
	if (goauth->url && !isatty(STDERR_FILENO))
		terminal = open("/dev/tty", O_WRONLY | O_NOCTTY | O_CLOEXEC);
	if (terminal >= 0) {
		dprintf(terminal, "valetkey: %s\n", problem->text);
		close(terminal);
	}
	return problem->result;
}

/* The headers for the hosts of the account, or for the one that go asks for. Up to
 * 1.24 go takes no host with a slash behind it, whatever its manual says. */
static int write_goauth(const struct front_token *token, struct buf *out)
{
	struct record keys = {0};
	const char *host = NULL;
	size_t before = out->len;
	int rc = 0;

	if (*token->origin)
		rc = buf_fmt(out, "%s\n", token->origin);
	else if (account_read(token->token->account, &keys, NULL))
		return VALETKEY_OK;
	while (!rc && (host = record_next(&keys, "hosts[]", host)))
		if (strncmp(host, "https://", 8) == 0)
			rc = buf_fmt(out, "%s\n", host);
	record_free(&keys);
	if (out->len == before)
		return rc;
	return rc || buf_str(out, "\nAuthorization: Bearer ") ||
	       buf_str(out, token->token->access_token) || buf_str(out, "\n\n");
}

/* For the URL, if there is one; ERR_RESOURCE: it is not the account's. */
static int answer_one(struct goauth *goauth, const char *name)
{
	const struct front_asking asking = {"go", name, goauth->url,
					    goauth->refused};
	struct front_token token = {0};
	int rc = front_token_get(&asking, &token);

	if (token.problem.result && rc)
		rc = fail_goauth(goauth, &token.problem);
	else if (!rc && write_goauth(&token, &goauth->out))
		rc = VALETKEY_ERR_NOMEM;
	front_token_close(&token);
	return rc;
}

/* ---- the response ---- */

/*
 * 401 to a token: surely if the account is named, since go has had its token from
 * the start; else perhaps, if the server says so.
 */
static int read_response(struct goauth *goauth)
{
	struct buf head = {0};
	char *line, *rest;
	bool unauthorized = false, invalid = false;
	int rc = isatty(STDIN_FILENO) ? VALETKEY_OK : front_read(&head, "\n\n");

	if (rc)
		rc = cmd_fail(rc, "The server's answer is too long.");
	for (line = head.data; !rc && line; line = rest) {
		rest = strchr(line, '\n');
		if (rest)
			*rest++ = '\0';
		if (line == head.data)
			unauthorized = strncmp(line, "HTTP/", 5) == 0 &&
				       strstr(line, " 401");
		else if (strncasecmp(line, "WWW-Authenticate:", 17) == 0 &&
			 git_challenge_refuses(line + 17))
			invalid = true;
	}
	if (unauthorized && goauth->count > 0)
		goauth->refused = FRONT_REFUSED;
	else if (unauthorized && invalid)
		goauth->refused = FRONT_PERHAPS_REFUSED;
	buf_free(&head);
	return rc;
}

/* ---- both calls ---- */

static int answer_goauth(struct goauth *goauth)
{
	int rc = goauth->url ? read_response(goauth) : VALETKEY_OK;

	if (rc)
		return rc;
	if (goauth->url && !goauth->count)
		answer_one(goauth, NULL);
	for (int i = 0; i < goauth->count; i++)
		if (answer_one(goauth, goauth->accounts[i]) == VALETKEY_OK &&
		    goauth->url)
			break;
	/* go takes nothing from a command that fails. */
	return goauth->out.len ? front_write(&goauth->out) : goauth->failed;
}

static int fail_goauth_usage(int rc)
{
	terminal_say(TERMINAL_PLAIN,
		     "go runs this: go env -w GOAUTH='valetkey front goauth "
		     "ACCOUNT'\n"
		     "Usage: valetkey front goauth [ACCOUNT...] [URL]\n"
		     "See: man valetkey-fronts\n");
	return rc;
}

static int run_goauth(int argc, char **argv)
{
	struct goauth goauth = {.accounts = argv + 1, .count = argc - 1};
	int rc;

	if (argc > 1 && strstr(argv[argc - 1], "://")) {
		goauth.url = argv[argc - 1];
		goauth.count--;
	}
	for (int i = 0; i < goauth.count; i++) {
		if (strcmp(goauth.accounts[i], "--help") == 0)
			return fail_goauth_usage(VALETKEY_OK);
		if (!account_name_ok(goauth.accounts[i]))
			return fail_goauth_usage(VALETKEY_ERR_ARG);
	}
	rc = answer_goauth(&goauth);
	buf_free(&goauth.out);
	return cmd_end(rc);
}

const struct front front_goauth = {
    .name = "goauth",
    .program = NULL,
    .summary = "go, for modules: GOAUTH",
    .run = run_goauth,
};
