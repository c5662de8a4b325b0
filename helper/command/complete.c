/* SPDX-License-Identifier: MIT */
/*
 * complete.c - `valetkey complete`: what a shell may put after a word of
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

static int complete_words(const struct cmd_words *words);

const struct cmd_verb cmd_complete = {
    .name = "complete",
    .usage = "complete accounts | providers | instances NAME | clients [NAME]",
    .about = "Prints names for shell completion, one per line: accounts, "
	     "providers, or a provider's instances or kinds of client.",
    .options = options,
    .examples = "  valetkey complete instances gitlab\n",
    .run_words = complete_words,
};

static int print_name(const char *name, void *data)
{
	(void)data;
	puts(name);
	return VALETKEY_OK;
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

static int fail_usage(void)
{
	return cmd_fail(VALETKEY_ERR_ARG, "Usage: valetkey %s",
			cmd_complete.usage);
}

static int print_what(const char *what, const char *name)
{
	if (strcmp(what, "accounts") == 0 && !name)
		return account_each(print_name, NULL);
	if (strcmp(what, "providers") == 0 && !name)
		return provider_each(print_name, NULL);
	if (strcmp(what, "instances") == 0 && name)
		return print_of_provider("instance[]", name);
	if (strcmp(what, "clients") == 0 && name)
		return print_of_provider("client[]", name);
	if (strcmp(what, "clients") != 0)
		return fail_usage();
	puts("authorization_code\nclient_credentials");
	return VALETKEY_OK;
}

static int complete_words(const struct cmd_words *words)
{
	int rc;

	if (!words->count || words->count > 2)
		return fail_usage();
	rc = print_what(words->words[0], words->words[1]);
	return rc ? rc : cmd_flush();
}
