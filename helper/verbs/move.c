/* SPDX-License-Identifier: MIT */
/*
 * move.c - `valetkey move`: takes what is kept of an account from the keyring to the
 * sealed store, or back. The helper does it (grant/move.h); that both stores are open
 * is seen to here, before, because it may need the person.
 */
#include "command/command.h"
#include "core/far.h"
#include "command/terminal.h"

#include <string.h>

#define MOVE_S 120

static const struct cmd_option options[] = {
    {"store", "WHERE", "keyring or sealed."},
    {NULL, NULL, NULL},
};

static int run_move(struct cmd_args *args);

const struct cmd_verb cmd_move = {
    .name = "move",
    .summary = "take an account to the sealed store, or to the keyring",
    .usage = "move ACCOUNT --store keyring|sealed",
    .about =
	"Takes what is kept of the account to the other store: client secret, "
	"login, and revocations that wait. Nobody has to log in again, tokens "
	"that programs have stay good, and whatever ends this in between, the "
	"account goes on working. What git has stored stays in the keyring.",
    .options = options,
    .examples = "  valetkey move work --store sealed\n"
		"  valetkey move work --store keyring\n",
    .account = true,
    .run = run_move,
};

static const char *name_of_store(const char *store)
{
	return strcmp(store, "sealed") == 0 ? "sealed store" : "keyring";
}

/* The one that it is in first: if that does not open, nothing is asked for the
 * other. */
static int open_stores(const struct record *account, const char *to)
{
	const char *from = record_get(account, "store");
	bool person = terminal_person();
	int rc = VALETKEY_OK;

	if (!from)
		from = "keyring";
	if (far_socket(account) || strcmp(from, to) == 0)
		return VALETKEY_OK;
	rc = cmd_store_ready(from, person);
	return rc ? rc : cmd_store_ready(to, person);
}

static int ask_for_move(const char *account, const char *to,
			struct record *answer)
{
	struct record request = {0};
	struct cmd_call call = {
	    .request = &request, .answer = answer, .timeout_s = MOVE_S};
	int rc = VALETKEY_ERR_NOMEM;

	if (record_add(&request, "op", "move") == 0 &&
	    record_add(&request, "account", account) == 0 &&
	    record_add(&request, "store", to) == 0)
		rc = cmd_call(&call);
	record_free(&request);
	return rc;
}

static void tell_moved(const char *account, const char *to,
		       const struct record *answer)
{
	const char *left = record_get(answer, "left_text");

	terminal_say(TERMINAL_GOOD, "%s is in the %s%s.\n", account,
		     name_of_store(to),
		     record_is(answer, "moved", "1") ? " now" : " already");
	if (left)
		terminal_say(TERMINAL_WARNING,
			     "The copy in the other store is deleted by the "
			     "next command that can do so: now it could not. "
			     "%s\n",
			     left);
}

static int run_move(struct cmd_args *args)
{
	const char *to = cmd_option(args, "store");
	struct record account = {0}, answer = {0};
	int rc;

	if (!to || (strcmp(to, "keyring") != 0 && strcmp(to, "sealed") != 0))
		return cmd_fail(VALETKEY_ERR_ARG,
				"Where to? --store keyring or --store sealed");
	rc = cmd_account_read(args->account, &account);
	if (!rc)
		rc = open_stores(&account, to);
	if (!rc)
		rc = ask_for_move(args->account, to, &answer);
	if (!rc)
		tell_moved(args->account, to, &answer);
	record_free(&account);
	record_free(&answer);
	return rc;
}
