/* SPDX-License-Identifier: MIT */
/*
 * status.c - `valetkey status`: what each account is, whether it works, and
 * what to do if it does not. Asks the keyring, never a provider.
 */
#include "status.h"

#include "client/client.h"
#include "command/command.h"
#include "core/account.h"
#include "command/terminal.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define TIMEOUT_S 30

static const struct cmd_option options[] = {
    {"json", NULL,
     "An array of objects, one for each account, for each removed one that is "
     "not revoked yet, and for items without an account."},
    {NULL, NULL, NULL},
};

static int run_status(struct cmd_args *args);

const struct cmd_verb cmd_status = {
    .name = "status",
    .summary = "show the accounts and what is wrong with them",
    .usage = "status [ACCOUNT] [--json]",
    .about =
	"Shows each account, or the one named: its provider, how long its "
	"token is good, when the login ends if nothing is done, and what to do "
	"next if something is wrong. All accounts are a table on a terminal; "
	"one is shown in full. Shows no secret and asks no provider. Without a "
	"name it also shows items in "
	"the keyring that have no account here, and removed accounts as long "
	"as a revocation waits to be sent; valetkey then tries to send it. "
	"With an account's name the exit status tells whether it can be used.",
    .options = options,
    .examples = "  valetkey status\n"
		"  valetkey status work && echo usable\n"
		"  valetkey status --json | jq -r '.[] | .account + \" \" + "
		".state'\n",
    .account = true,
    .account_optional = true,
    .run = run_status,
};

const char *entry_text(const struct entry *entry, const char *key)
{
	char name[64];
	const char *value;

	snprintf(name, sizeof(name), "%lld.%s", (long long)entry->number, key);
	value = record_get(entry->answer, name);
	return value ? value : "";
}

int64_t entry_number(const struct entry *entry, const char *key)
{
	char name[64];

	snprintf(name, sizeof(name), "%lld.%s", (long long)entry->number, key);
	return record_get_int(entry->answer, name, 0);
}

bool entry_is(const struct entry *entry, const char *key, const char *value)
{
	return strcmp(entry_text(entry, key), value) == 0;
}

bool entry_is_machine(const struct entry *entry)
{
	return grant_type_of(entry_text(entry, "grant")) ==
	       GRANT_TYPE_CLIENT_CREDENTIALS;
}

int entry_result(const struct entry *entry)
{
	int64_t result = entry_number(entry, "result");

	if (entry_is(entry, "state", "login") ||
	    entry_is(entry, "state", "changed") ||
	    entry_is(entry, "secret", "missing"))
		return VALETKEY_ERR_LOGIN;
	if (result > 0 && result < 126)
		return (int)result;
	return entry_is(entry, "state", "broken") ? VALETKEY_ERR_ACCOUNT
						  : VALETKEY_OK;
}

bool entry_is_refused(const struct entry *entry)
{
	return *entry_text(entry, "refusal") &&
	       entry_number(entry, "result") > 0 &&
	       entry_result(entry) == entry_number(entry, "result");
}

const char *other_label(const struct record *answer, int64_t n,
			const char *label)
{
	char name[64];

	snprintf(name, sizeof(name), "other.%lld.label[]", (long long)n);
	return record_next(answer, name, label);
}

const char *other_id(const struct record *answer, int64_t n)
{
	char name[64];
	const char *id;

	snprintf(name, sizeof(name), "other.%lld.id", (long long)n);
	id = record_get(answer, name);
	return id ? id : "";
}

const char *status_date(char date[16], int64_t when)
{
	time_t seconds = when;
	struct tm day;

	*date = '\0';
	if (localtime_r(&seconds, &day))
		strftime(date, 16, "%Y-%m-%d", &day);
	return date;
}

/* ---- asking ---- */

static void print_others(const struct record *answer)
{
	int64_t count = record_get_int(answer, "others", 0);

	if (count > 0)
		puts("\nItems in the keyring, or sealed, without an account "
		     "here; another machine or folder may have it:");
	for (int64_t n = 0; n < count; n++) {
		const char *id = other_id(answer, n), *label = NULL;

		while ((label = other_label(answer, n, label))) {
			fputs("  ", stdout);
			terminal_put(stdout, label, strlen(label));
			putchar('\n');
		}
		printf("    To delete it: valetkey remove %s\n", id);
	}
}

/* A table on a terminal, unless an account is named. */
static int print_status(const struct cmd_args *args,
			const struct record *answer)
{
	int64_t count = record_get_int(answer, "count", 0);
	bool table = !args->account && count > 0 && terminal_out_room();
	int rc = VALETKEY_OK;

	if (cmd_option(args, "json"))
		return status_json(answer, count);
	if (!count)
		puts("There are no accounts yet. Add one: valetkey add NAME "
		     "--provider ninjaone");
	for (int64_t n = 0; n < count && !table; n++) {
		const struct entry entry = {answer, n};

		if (n)
			putchar('\n');
		status_account(&entry);
	}
	if (table)
		rc = status_table(answer, count);
	if (record_get_int(answer, "revocations", 0) > 0)
		printf(
		    "\nRevocations that wait to be sent: %s. valetkey sends "
		    "them after this or a later\n"
		    "command, but leaves a provider that has failed alone for "
		    "a while; for 30 days at most.\n"
		    "To drop them: valetkey logout --drop-revocations\n",
		    record_get(answer, "revocations"));
	print_others(answer);
	return rc;
}

static int add_account_name(const char *name, void *data)
{
	return record_add(data, "account[]", name) ? VALETKEY_ERR_NOMEM : 0;
}

static int ask_for_status(const struct cmd_args *args, struct record *request,
			  struct record *answer)
{
	struct cmd_call call = {.request = request,
				.answer = answer,
				.timeout_s = TIMEOUT_S,
				.talk = {.account = args->account}};
	const struct entry first = {answer, 0};
	int rc = cmd_call(&call);

	if (!rc)
		rc = print_status(args, answer);
	if (!rc)
		rc = cmd_flush();
	if (rc || !args->account)
		return rc;
	cmd_is_told(); /* by what was printed */
	return entry_result(&first);
}

static int run_status(struct cmd_args *args)
{
	struct record request = {0}, answer = {0};
	int rc = VALETKEY_OK;

	if (args->account) {
		rc = cmd_account_exists(args->account);
		if (rc)
			return rc;
		rc = add_account_name(args->account, &request);
	} else {
		rc = account_each(add_account_name, &request);
		if ((!rc || rc == VALETKEY_ERR_ACCOUNT) && !request.pairs.len) {
			rc = cmd_tell_unusable();
			if (rc)
				return rc;
		}
		if (!rc && record_add(&request, "others", "1"))
			rc = VALETKEY_ERR_NOMEM;
	}
	if (!rc && record_add(&request, "op", "status"))
		rc = VALETKEY_ERR_NOMEM;
	if (!rc)
		rc = ask_for_status(args, &request, &answer);
	record_free(&request);
	record_free(&answer);
	return rc;
}
