/* SPDX-License-Identifier: MIT */
/*
 * list.c - `valetkey list`: the accounts, a line each, from their files alone;
 * and `valetkey complete`: what a shell may put after a word of ours, a name a
 * line. That is for helper/completions alone, which is why --help does not list
 * it. Names are of [A-Za-z0-9._@-]: none that a shell would have to quote is an
 * account, a provider, an instance or a kind of client.
 */
#include "client/provider.h"
#include "command/command.h"
#include "core/account.h"
#include "command/terminal.h"

#include <stdio.h>
#include <string.h>

static const struct cmd_option options[] = {
    {NULL, NULL, NULL},
};

/* ---- the accounts ---- */

static int list_accounts(struct cmd_args *args);

const struct cmd_verb cmd_list = {
    .name = "list",
    .summary = "name the accounts, their providers and hosts",
    .usage = "list",
    .about = "Prints a line for each account: its name, its provider, and the "
	     "hosts that its tokens are for. Reads the accounts' files and "
	     "nothing else; valetkey status tells more.",
    .options = options,
    .examples = "  valetkey list\n"
		"  valetkey list | cut -d ' ' -f 1\n",
    .run = list_accounts,
};

/* Of an account without a provider's file: where its tokens come from. */
static void print_provider(const struct record *keys)
{
	static const char *const names[] = {"provider", "mcp", "issuer",
					    "token_endpoint"};
	const char *from = NULL;

	for (size_t i = 0; !from && i < sizeof(names) / sizeof(*names); i++)
		from = record_get(keys, names[i]);
	if (from)
		terminal_put(stdout, from, strlen(from));
}

static int print_account(const char *name, void *data)
{
	unsigned *count = data;
	struct record keys = {0};
	const char *host = NULL;

	++*count;
	printf("%-15s ", name);
	if (account_read(name, &keys, NULL) != VALETKEY_OK) {
		printf("cannot be used; see: valetkey status %s\n", name);
		record_free(&keys);
		return VALETKEY_OK;
	}
	print_provider(&keys);
	while ((host = record_next(&keys, "hosts[]", host))) {
		putchar(' ');
		terminal_put(stdout, host, strlen(host));
	}
	putchar('\n');
	record_free(&keys);
	return VALETKEY_OK;
}

static int list_accounts(struct cmd_args *args)
{
	unsigned count = 0;
	int rc = account_each(print_account, &count);

	(void)args;
	if ((!rc || rc == VALETKEY_ERR_ACCOUNT) && !count)
		rc = cmd_tell_unusable();
	if (!rc && !count)
		cmd_fail(0, "There are no accounts yet. Add one: valetkey add "
			    "NAME --provider PROVIDER");
	return rc ? rc : cmd_flush();
}

/* ---- for shells ---- */

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
