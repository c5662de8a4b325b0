/* SPDX-License-Identifier: MIT */
/*
 * given_token.c - `valetkey add --refresh-token-stdin`: a refresh token from
 * elsewhere. What will become of it is said first, and somebody has to agree. The
 * helper proves it (grant/given_token.h).
 */
#include "command/command.h"
#include "command/terminal.h"

#include <string.h>
#include <unistd.h>

#define GIVEN_MAX 16384

int cmd_given_token_check(const struct cmd_adding *adding)
{
	const struct cmd_args *args = adding->args;

	if (!cmd_option(args, "refresh-token-stdin"))
		return VALETKEY_OK;
	if (cmd_option(args, "secret-stdin"))
		return cmd_fail(VALETKEY_ERR_ARG,
				"Standard input has the refresh token: give "
				"the client secret with --secret-fd N.");
	if (cmd_option(args, "far") || cmd_option(args, "register"))
		return cmd_fail(VALETKEY_ERR_ARG,
				"--refresh-token-stdin needs the client that "
				"the token was given to: leave out --far and "
				"--register.");
	if (cmd_option(args, "mcp") && !cmd_option(args, "client-id"))
		return cmd_fail(VALETKEY_ERR_ARG,
				"--refresh-token-stdin needs the client that "
				"the token was given to: --client-id ID.");
	return VALETKEY_OK;
}

static int agree_given(const struct cmd_adding *adding)
{
	bool yes = cmd_option(adding->args, "yes") != NULL;
	int rc = VALETKEY_OK;

	terminal_say(TERMINAL_WARNING,
		     "The refresh token is used once now, to prove it. Many "
		     "providers replace it then: only valetkey has the new "
		     "one, and any other program that uses this one will lose "
		     "its login.\n");
	if (!yes && !adding->person)
		return cmd_fail(VALETKEY_ERR_ARG,
				"Nothing was sent, and there is no terminal to "
				"ask at. If you agree, add to the command: "
				"--yes");
	if (!yes)
		rc = cmd_answers_yes("Go on? [y/N]", &yes);
	return rc || yes ? rc : VALETKEY_ERR_CANCELED;
}

int cmd_given_token_take(struct cmd_adding *adding)
{
	struct buf *token = &adding->refresh_token;
	int rc;

	if (adding->machine)
		return cmd_fail(VALETKEY_ERR_ARG,
				"Nobody logs in to this kind of client, so it "
				"has no refresh token.");
	rc = agree_given(adding);
	if (rc)
		return rc;
	if (isatty(STDIN_FILENO))
		while (!rc && !token->len)
			rc = terminal_ask_secret(
			    STDIN_FILENO, "Refresh token (not shown)", token);
	else
		rc = cmd_secret_read(STDIN_FILENO, "The refresh token",
				     GIVEN_MAX, token);
	if (!rc && (!token->len || !text_visible(token->data, token->len)))
		rc = cmd_fail(VALETKEY_ERR_ARG,
			      "Standard input has no refresh token: one word, "
			      "and nothing else.");
	return rc;
}
