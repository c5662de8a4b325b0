/* SPDX-License-Identifier: MIT */
/*
 * complete.c - `valetkey complete`: what a shell may put behind a word of
 * ours, a name a line. For helper/completions alone, which is why --help does
 * not list it. Names are of [A-Za-z0-9._@-]: none that a shell would have to
 * quote is an account, a provider, an instance or a kind of client.
 */
#include "client/provider.h"
#include "command.h"
#include "core/account.h"

#include <stdio.h>
#include <string.h>

static const struct cmd_option options[] = {
    {NULL, NULL, NULL},
};

static int complete_run_words(int argc, char **argv);

const struct cmd_verb cmd_complete = {
    .name = "complete",
    .usage = "complete accounts | providers | instances NAME | clients [NAME]",
    .about = "Prints names for shell completion, one per line: accounts, "
	     "providers, or a provider's instances or kinds of client.",
    .options = options,
    .examples = "  valetkey complete instances gitlab\n",
    .run_words = complete_run_words,
};

static int print_name(const char *name, void *data)
{
	(void)data;
	puts(name);
	return VALETKEY_OK;
}

/* The result of account_each() or provider_each(). */
static int tell_if_failed(int rc)
{
	return rc ? cmd_fail(rc, "%s.", valetkey_strerror(rc)) : rc;
}

static int print_of_provider(const char *what, const char *name)
{
	struct record provider = {0};
	struct problem problem = {0};
	const char *line = NULL;
	int rc = provider_load(name, &provider, &problem);

	if (rc)
		return cmd_fail_provider(name, &problem);
	while ((line = record_next(&provider, what, line)))
		printf("%.*s\n", (int)strcspn(line, " "), line);
	record_free(&provider);
	return VALETKEY_OK;
}

static int complete_what(const char *what, const char *name)
{
	if (strcmp(what, "accounts") == 0 && !name)
		return tell_if_failed(account_each(print_name, NULL));
	if (strcmp(what, "providers") == 0 && !name)
		return tell_if_failed(provider_each(print_name, NULL));
	if (strcmp(what, "instances") == 0 && name)
		return print_of_provider("instance[]", name);
	if (strcmp(what, "clients") == 0 && name)
		return print_of_provider("client[]", name);
	if (strcmp(what, "clients") != 0)
		return cmd_fail(VALETKEY_ERR_ARG, "Usage: valetkey %s",
				cmd_complete.usage);
	puts("authorization_code\nclient_credentials");
	return VALETKEY_OK;
}

static int complete_run_words(int argc, char **argv)
{
	struct cmd_words words;
	bool run;
	int rc = cmd_words_read(&cmd_complete, argc, argv, &words, &run);

	if (!rc && run && (!words.count || words.count > 2))
		rc = cmd_fail(VALETKEY_ERR_ARG, "Usage: valetkey %s",
			      cmd_complete.usage);
	else if (!rc && run)
		rc = complete_what(words.words[0], words.words[1]);
	cmd_words_free(&words);
	return rc ? rc : cmd_flush();
}
