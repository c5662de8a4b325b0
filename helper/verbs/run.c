/* SPDX-License-Identifier: MIT */
/*
 * run.c - `valetkey run`: starts a program that wants a token in its
 * environment, or reads one from a descriptor. It becomes that program, so
 * signals, exit status and terminal are the program's own, and the token is in
 * no other process.
 */
#include "command/child.h"
#include "command/command.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct cmd_option options[] = {
    {"fd", NULL,
     "Put the token into a descriptor that the command can read, and its "
     "number into the variable (VALETKEY_TOKEN_FD)."},
    {"resource", "URL",
     "What the tokens are for: an error if that is not one of the account's "
     "hosts. Without ACCOUNT it is the account that has this host."},
    {"min-valid", "SECONDS",
     "The token must be good for at least this long (default 60)."},
    {NULL, NULL, NULL},
};

static bool begins_command(const struct cmd_words *words, const char *word);
static int run_command(const struct cmd_words *words);

const struct cmd_verb cmd_run = {
    .name = "run",
    .summary = "run a command with a token in its environment",
    .usage = "run [ACCOUNT][:VARIABLE]... [--fd] [--] COMMAND [ARGUMENT...]",
    .about = "Runs the command with a valid access token in VARIABLE "
	     "(VALETKEY_TOKEN), for that command and its children only. "
	     "Without ACCOUNT it is the only one there is, or the one of "
	     "--resource; then the command comes after --, as it does if it "
	     "has a -- itself.\n\n"
	     "A variable lives as long as the command, the token usually for "
	     "an hour: a program that runs longer must ask for one itself, "
	     "before each request, through the library or valetkey token. Give "
	     "the token only to the account's hosts (valetkey status shows "
	     "them): valetkey cannot see where the command sends it, but "
	     "--resource checks what you intend.",
    .options = options,
    .examples = "  valetkey run work ./report.sh\n"
		"  valetkey run work:NINJA_TOKEN -- ./report.sh\n"
		"  valetkey run work:A other:B --min-valid 600 -- make sync\n"
		"  valetkey run work --fd -- \\\n"
		"      sh -c 'read -r token <\"/dev/fd/$VALETKEY_TOKEN_FD\"; "
		"...'\n",
    .run_words = run_command,
    .begins = begins_command,
};

static bool variable_ok(const char *name)
{
	if (!isalpha((unsigned char)*name) && *name != '_')
		return false;
	for (; *name; name++)
		if (!isalnum((unsigned char)*name) && *name != '_')
			return false;
	return true;
}

/* A token there would break the command, or be run or loaded by it. */
static bool variable_taken(const char *name)
{
	static const char *const taken[] = {"PATH", "HOME",	"IFS",	"ENV",
					    "USER", "BASH_ENV", "SHELL"};

	for (size_t i = 0; i < sizeof(taken) / sizeof(*taken); i++)
		if (strcmp(name, taken[i]) == 0)
			return true;
	return strncmp(name, "LD_", 3) == 0 || strncmp(name, "DYLD_", 5) == 0;
}

int cmd_check_variable(const char *name)
{
	if (!variable_ok(name))
		return cmd_fail(
		    VALETKEY_ERR_ARG,
		    "\"%s\" is not a VARIABLE: it must begin with a letter or "
		    "_, and go on with letters, digits and _.",
		    name);
	if (variable_taken(name))
		return cmd_fail(VALETKEY_ERR_ARG,
				"\"%s\" means something to the system, and a "
				"token there would break the command. Take "
				"another name, such as MY_TOKEN.",
				name);
	return VALETKEY_OK;
}

/* [ACCOUNT][:VARIABLE], cut in place. */
static int take_word(char *word, bool by_descriptor, const char **variable)
{
	char *colon = strchr(word, ':');

	*variable = by_descriptor ? "VALETKEY_TOKEN_FD" : "VALETKEY_TOKEN";
	if (colon) {
		*colon = '\0';
		*variable = colon + 1;
	}
	if (*word && !account_name_ok(word))
		return cmd_fail(VALETKEY_ERR_ARG,
				"\"%s:%s\" is not ACCOUNT:VARIABLE.", word,
				*variable);
	return cmd_check_variable(*variable);
}

/* After the account, without "--": whatever is not ACCOUNT:VARIABLE. */
static bool begins_command(const struct cmd_words *words, const char *word)
{
	const char *colon = strchr(word, ':');

	return words->count && *word != '-' &&
	       !(colon && variable_ok(colon + 1));
}

static const char *variable_of(const char *word)
{
	const char *colon = strchr(word, ':');

	return colon ? colon + 1 : "";
}

/* Two tokens in one variable: one would get lost. */
static int check_words(const struct cmd_words *words)
{
	for (size_t i = 1; i < words->count; i++)
		for (size_t k = 0; k < i; k++)
			if (strcmp(variable_of(words->words[i]),
				   variable_of(words->words[k])) == 0)
				return cmd_fail(
				    VALETKEY_ERR_ARG,
				    "\"%s\" and \"%s\" would share one "
				    "variable. Name them: ACCOUNT:VARIABLE.",
				    words->words[k], words->words[i]);
	return VALETKEY_OK;
}

static int hand_over(const struct valetkey_token *token, const char *variable,
		     bool by_descriptor)
{
	const char *value = token->access_token;
	char number[16];
	int fd = -1;

	if (by_descriptor) {
		fd = cmd_child_memory(token->access_token, token->length);
		if (fd < 0)
			return cmd_fail(VALETKEY_ERR_DENIED,
					"No descriptor for the token: %s.",
					strerror(errno));
		snprintf(number, sizeof(number), "%d", fd);
		value = number;
	}
	return setenv(variable, value, 1) ? VALETKEY_ERR_NOMEM : VALETKEY_OK;
}

static int take_token(const struct cmd_words *words, char *word,
		      uint32_t min_valid_s)
{
	char account[ACCOUNT_NAME_MAX + 1];
	const struct valetkey_request request = {
	    .size = sizeof(request),
	    .account = account,
	    .resource = cmd_option(&words->args, "resource"),
	    .min_valid_s = min_valid_s,
	};
	const struct cmd_target target = {
	    .account = *word && *word != ':' ? word : NULL,
	    .resource = request.resource,
	    .verb = "run",
	    .before_url = " --resource ",
	    .after = " -- COMMAND"};
	bool by_descriptor = cmd_option(&words->args, "fd") != NULL;
	const struct valetkey_token *token = NULL;
	struct valetkey *handle = NULL;
	const char *variable;
	int rc = take_word(word, by_descriptor, &variable);

	if (!rc)
		rc = cmd_account_choose(&target, account);
	if (!rc)
		rc = cmd_get_token("valetkey run", &request, &handle, &token);
	if (!rc)
		rc = hand_over(token, variable, by_descriptor);
	valetkey_token_free(token);
	valetkey_close(handle);
	return rc;
}

/* It is an account, or meant for a command. */
static int fail_one_word(const char *word)
{
	struct record keys = {0};
	char name[ACCOUNT_NAME_MAX + 1];
	bool known;

	snprintf(name, sizeof(name), "%.*s", (int)strcspn(word, ":"), word);
	known = !*name || (account_name_ok(name) &&
			   account_read(name, &keys, NULL) == VALETKEY_OK);
	record_free(&keys);
	if (known)
		return cmd_fail(VALETKEY_ERR_ARG,
				"Which command? Usage: valetkey run %s COMMAND",
				word);
	return cmd_fail(VALETKEY_ERR_ARG,
			"There is no account \"%s\". If that is the command, "
			"run: valetkey run -- %s",
			word, word);
}

static int run_command(const struct cmd_words *words)
{
	char none[] = "";
	uint32_t min_valid_s;
	int rc = cmd_option_min_valid(&words->args, &min_valid_s);

	if (!rc && words->count && !words->command)
		return fail_one_word(words->words[0]);
	if (!rc && (!words->command || !*words->command))
		return cmd_fail(VALETKEY_ERR_ARG,
				"Which account, and which command? Usage: "
				"valetkey %s",
				cmd_run.usage);
	if (!rc)
		rc = check_words(words);
	if (!rc && !words->count)
		rc = take_token(words, none, min_valid_s);
	for (size_t i = 0; !rc && i < words->count; i++)
		rc = take_token(words, words->words[i], min_valid_s);
	if (rc)
		return rc;
	execvp(*words->command, words->command);
	return cmd_child_failed(*words->command);
}
