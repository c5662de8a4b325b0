/* SPDX-License-Identifier: MIT */
/*
 * wizard.c - the first questions of `valetkey add` on a terminal, if the command
 * line leaves them open: at which provider, and how the account is called. The
 * answers become options, as if they had been typed there. The other questions
 * are in setup_steps.c and custom_provider.c.
 */
#include "client/provider.h"
#include "client/unusable.h"
#include "command/command.h"
#include "command/terminal.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define ISSUER "issuer" /* in the list: none of the files */

/* ---- at which provider ---- */

/* Of a file that cannot be used `valetkey providers` tells. */
static int note_provider(const char *name, void *data)
{
	struct record provider = {0};
	struct problem ignored = {0};
	const char *title;
	int rc = provider_load(name, &provider, &ignored);

	title = rc ? NULL : record_get(&provider, "name");
	if (!rc && record_add(data, name, title ? title : ""))
		rc = VALETKEY_ERR_NOMEM;
	record_free(&provider);
	return rc == VALETKEY_ERR_NOMEM ? rc : VALETKEY_OK;
}

/* A pair of name and title for each. */
static int list_providers(struct record *list)
{
	int rc = provider_each(note_provider, list);

	if (!rc && record_add(list, ISSUER,
			      "Another OpenID Connect or OAuth server, by its "
			      "address"))
		rc = VALETKEY_ERR_NOMEM;
	return rc;
}

static void show_providers(const struct record *list)
{
	const char *name, *title;
	struct buf text = {0};
	char number[16];
	size_t at = 0;
	unsigned n = 0;

	while ((name = record_each(list, &at, &title))) {
		snprintf(number, sizeof(number), "  %2u  ", ++n);
		buf_clear(&text);
		if (buf_fmt(&text, "%-17s  %s", name, title))
			break;
		terminal_say(TERMINAL_PLAIN, "%s", number);
		terminal_wrap((unsigned)strlen(number), text.data);
	}
	buf_free(&text);
}

/* The one of this number or name; NULL: none. */
static const char *provider_of_answer(const struct record *list,
				      const char *answer)
{
	const char *name, *title;
	size_t at = 0;
	char number[16];
	unsigned n = 0;

	while ((name = record_each(list, &at, &title))) {
		snprintf(number, sizeof(number), "%u", ++n);
		if (strcmp(answer, number) == 0 || strcmp(answer, name) == 0)
			return name;
	}
	return NULL;
}

/* What may have been meant is in near->name, and Enter takes it the next time. */
static void propose_provider(const struct record *list, const char *answer,
			     struct cmd_near *near)
{
	const char *name, *title;
	size_t at = 0;

	*near = (struct cmd_near){.word = answer};
	while ((name = record_each(list, &at, &title)))
		cmd_near_try(near, name);
	if (*near->name)
		terminal_say(TERMINAL_WARNING,
			     "There is no provider \"%s\". Did you mean %s? "
			     "Enter takes it.\n",
			     answer, near->name);
	else
		terminal_say(TERMINAL_WARNING,
			     "There is no provider \"%s\". Type a number of "
			     "the list, a name, or a server's address.\n",
			     answer);
}

static int ask_provider_once(const struct cmd_near *near, struct buf *answer)
{
	struct buf question = {0};
	int rc = VALETKEY_ERR_NOMEM;

	buf_clear(answer);
	if (buf_str(&question, "Which provider? Number or name") == 0 &&
	    (!*near->name || buf_fmt(&question, " [%s]", near->name) == 0))
		rc = terminal_ask(question.data, answer);
	if (!rc && !answer->len && buf_str(answer, near->name))
		rc = VALETKEY_ERR_NOMEM;
	if (!rc && !strstr(buf_text(answer), "://"))
		for (size_t i = 0; i < answer->len; i++)
			answer->data[i] =
			    (char)tolower((unsigned char)answer->data[i]);
	buf_free(&question);
	return rc;
}

/* Into the options: provider, or, of an address, issuer. */
static int choose_provider(struct cmd_adding *adding, struct cmd_args *args)
{
	struct cmd_near near = {0};
	struct record list = {0};
	struct buf answer = {0};
	const char *name = NULL;
	bool address = false;
	int rc = list_providers(&list);

	if (!rc)
		show_providers(&list);
	while (!rc && !name && !address) {
		rc = ask_provider_once(&near, &answer);
		address = !rc && strstr(buf_text(&answer), "://");
		name = rc ? NULL : provider_of_answer(&list, buf_text(&answer));
		if (!rc && answer.len && !name && !address)
			propose_provider(&list, answer.data, &near);
	}
	adding->asks_issuer = address || (name && strcmp(name, ISSUER) == 0);
	if (!rc && (address || !adding->asks_issuer) &&
	    record_add(&args->options, address ? "issuer" : "provider",
		       address ? answer.data : name))
		rc = VALETKEY_ERR_NOMEM;
	buf_free(&answer);
	record_free(&list);
	return rc;
}

/* ---- how it is called ---- */

/* Whether there is no account of that name; false, if memory is short. */
static bool name_is_free(const char *name)
{
	struct buf path = {0};
	bool is_free = account_path(&path, name) == 0 &&
		       buf_str(&path, ".conf") == 0 &&
		       access(path.data, F_OK) != 0;

	buf_free(&path);
	return is_free;
}

/* The provider's name, or another number of it. */
static void usual_name(const struct cmd_args *args,
		       char name[ACCOUNT_NAME_MAX + 1])
{
	const char *provider = cmd_option(args, "provider");
	unsigned n = 1;

	if (!provider || strlen(provider) + 3 > ACCOUNT_NAME_MAX)
		provider = "work";
	snprintf(name, ACCOUNT_NAME_MAX + 1, "%s", provider);
	while (!name_is_free(name) && n++ < 99)
		snprintf(name, ACCOUNT_NAME_MAX + 1, "%.*s-%u",
			 ACCOUNT_NAME_MAX - 3, provider, n);
}

static bool check_new_name(const char *name)
{
	if (!account_name_ok(name))
		terminal_say(TERMINAL_WARNING,
			     "\"%s\" cannot be an account's name: use at most "
			     "%d letters, digits and . _ @ -, and do not begin "
			     "with a dot or dash.\n",
			     name, ACCOUNT_NAME_MAX);
	else if (!name_is_free(name))
		terminal_say(TERMINAL_WARNING,
			     "There is an account \"%s\" already. Choose "
			     "another name.\n",
			     name);
	else
		return true;
	return false;
}

static int choose_name(struct cmd_args *args, char name[ACCOUNT_NAME_MAX + 1])
{
	struct buf question = {0}, answer = {0};
	bool chosen = false;
	int rc = VALETKEY_OK;

	usual_name(args, name);
	if (buf_fmt(&question, "A name of your choice for this account [%s]",
		    name))
		rc = VALETKEY_ERR_NOMEM;
	while (!rc && !chosen) {
		buf_clear(&answer);
		rc = terminal_ask(question.data, &answer);
		chosen = !rc && check_new_name(answer.len ? answer.data : name);
	}
	if (!rc && answer.len)
		snprintf(name, ACCOUNT_NAME_MAX + 1, "%s", answer.data);
	args->account = name;
	buf_free(&question);
	buf_free(&answer);
	return rc;
}

/* ---- the whole ---- */

static bool names_server(const struct cmd_args *args)
{
	static const char *const options[] = {"provider",
					      "issuer",
					      "mcp",
					      "far",
					      "socket",
					      "authorization-endpoint",
					      "token-endpoint",
					      "device-authorization-endpoint",
					      "revocation-endpoint",
					      NULL};
	const char *const *option = options;

	while (*option && !cmd_option(args, *option))
		option++;
	return *option;
}

int cmd_wizard_begin(struct cmd_adding *adding, struct cmd_args *args,
		     char name[ACCOUNT_NAME_MAX + 1])
{
	struct problem problem = {0};
	int rc = VALETKEY_OK;

	if (!args->account && !adding->person)
		return cmd_fail(VALETKEY_ERR_ARG,
				"Which account? Usage: valetkey add ACCOUNT "
				"--provider NAME [OPTIONS]");
	if (!args->account && unusable_folder(NULL, &problem))
		return cmd_fail_problem(&problem);
	if (adding->person && !names_server(args))
		rc = choose_provider(adding, args);
	if (!rc && !args->account)
		rc = choose_name(args, name);
	adding->account = args->account;
	return rc;
}
