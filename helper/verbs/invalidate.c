/* SPDX-License-Identifier: MIT */
/*
 * invalidate.c - `valetkey invalidate`: a server has refused the token on
 * standard input, whatever its expiry says. For programs that only run a command
 * and cannot call valetkey_invalidate(). Only if it is still the current one is
 * anything done, so it is safe to call late or twice; the token comes by no
 * argument, which others could read.
 */
#include "command/command.h"
#include "command/terminal.h"

#include <string.h>
#include <unistd.h>

#define TOKEN_MAX 32000 /* none is longer */
#define WHITE " \t\r\n"
#define TIMEOUT_S 30

static const struct cmd_option options[] = {
    {"resource", "URL",
     "What the token was for, and who refused it: one of the account's hosts. "
     "Without ACCOUNT it is the account that has this host."},
    {NULL, NULL, NULL},
};

static int run_invalidate(struct cmd_args *args);

const struct cmd_verb cmd_invalidate = {
    .name = "invalidate",
    .summary = "tell that a server refused a token",
    .usage = "invalidate [ACCOUNT] [--resource URL]",
    .about =
	"Reads a token from standard input that a server has refused "
	"(401), and forgets it if it is the account's current one: the "
	"next one is new then. If it is not, nothing is done, because "
	"somebody has got a new one already; that is no error.\n\n"
	"Once a server has refused three new tokens within a minute, there "
	"is no other one for it until a minute has passed or somebody "
	"logs in. To have a new token without naming the old one: valetkey "
	"token ACCOUNT --new",
    .options = options,
    .examples = "  printf %s \"$TOKEN\" | valetkey invalidate work\n"
		"  valetkey invalidate --resource "
		"https://eu.ninjarmm.com/v2/devices <token-file\n",
    .account = true,
    .account_optional = true,
    .run = run_invalidate,
};

static void trim_token(struct buf *token)
{
	size_t front;

	while (token->len && strchr(WHITE, token->data[token->len - 1]))
		token->data[--token->len] = '\0';
	front = token->len ? strspn(token->data, WHITE) : 0;
	if (!front)
		return;
	token->len -= front;
	memmove(token->data, token->data + front, token->len + 1);
}

static int read_refused_token(struct buf *token)
{
	int rc =
	    isatty(STDIN_FILENO)
		? terminal_ask_secret(STDIN_FILENO,
				      "The token that was refused (not shown)",
				      token)
		: cmd_secret_read(STDIN_FILENO, "The token", TOKEN_MAX, token);

	if (rc)
		return rc;
	trim_token(token);
	if (!token->len)
		return cmd_fail(VALETKEY_ERR_ARG,
				"Which token? It is read from standard input, "
				"which is empty.");
	if (!text_word(token->data, TOKEN_MAX))
		return cmd_fail(VALETKEY_ERR_ARG,
				"What came on standard input is not a token: "
				"it must be one word of printable characters, "
				"and not longer than %d bytes.",
				TOKEN_MAX);
	return VALETKEY_OK;
}

static int refuse_token(const struct cmd_target *target, const char *account,
			const struct buf *token)
{
	struct record request = {0}, answer = {0};
	struct cmd_call call = {.request = &request,
				.answer = &answer,
				.timeout_s = TIMEOUT_S,
				.interactive = terminal_person(),
				.talk = {.account = account}};
	int rc = VALETKEY_ERR_NOMEM;

	if (record_add(&request, "op", "invalidate") == 0 &&
	    record_add(&request, "account", account) == 0 &&
	    record_add(&request, "resource", target->resource) == 0 &&
	    record_add(&request, "access_token", token->data) == 0)
		rc = cmd_call(&call);
	if (!rc && record_get_int(&answer, "invalidated", 0))
		terminal_say(TERMINAL_GOOD,
			     "The token of %s is invalidated; the next one is "
			     "new.\n",
			     account);
	else if (!rc)
		terminal_say(TERMINAL_PLAIN,
			     "That is not the current token of %s, so nothing "
			     "was done. The current one: valetkey token %s\n",
			     account, account);
	record_free(&request);
	record_free(&answer);
	return rc;
}

static int run_invalidate(struct cmd_args *args)
{
	const struct cmd_target target = {.account = args->account,
					  .resource =
					      cmd_option(args, "resource"),
					  .verb = "invalidate",
					  .before_url = " --resource "};
	char account[ACCOUNT_NAME_MAX + 1];
	struct buf token = {0};
	int rc = cmd_account_choose(&target, account);

	if (!rc)
		rc = read_refused_token(&token);
	if (!rc)
		rc = refuse_token(&target, account, &token);
	buf_free(&token);
	return rc;
}
