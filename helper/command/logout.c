/* SPDX-License-Identifier: MIT */
/*
 * logout.c - `valetkey logout` and `valetkey remove`. The account's file
 * goes last: as long as it is there, everything can be tried again.
 */
#include "command.h"
#include "core/account.h"
#include "core/far.h"
#include "terminal.h"

#define TIMEOUT_S 90

static const struct cmd_option logout_options[] = {
    {"drop-revocations", NULL,
     "Log nobody out; forget the revocations that wait to be sent, also for "
     "removed accounts, with the tokens and client secrets kept for them."},
    {"yes", NULL, "Do not ask before they are dropped."},
    {NULL, NULL, NULL},
};
static const struct cmd_option remove_options[] = {
    {"yes", NULL, "Do not ask; needed if there is no terminal."},
    {NULL, NULL, NULL},
};

static int run_logout(struct cmd_args *args);
static int run_remove(struct cmd_args *args);

const struct cmd_verb cmd_logout = {
    .name = "logout",
    .summary = "end the login, at the provider and here",
    .usage = "logout ACCOUNT | --drop-revocations [--yes]",
    .about = "Revokes the grant at the provider (RFC 7009) and deletes it from "
	     "the keyring, even if the provider does not answer: then the "
	     "revocation is kept in the keyring, and sent by a later command "
	     "within 30 days. The account and its client secret stay.",
    .options = logout_options,
    .examples = "  valetkey logout work\n"
		"  valetkey logout --drop-revocations\n",
    .account = true,
    .account_optional = true,
    .run = run_logout,
};

const struct cmd_verb cmd_remove = {
    .name = "remove",
    .summary = "log out and forget the account",
    .usage = "remove ACCOUNT|ID [--yes]",
    .about = "Logs out, then deletes the client secret from the keyring and "
	     "the account's file. If the provider does not answer, what a "
	     "later revocation needs is kept, as with logout. The registration "
	     "at the provider stays: delete it there. A client secret that was "
	     "shown once is gone for good. With an ID, which status shows, it "
	     "deletes items of the keyring that have no account here.",
    .options = remove_options,
    .examples = "  valetkey remove work\n",
    .account = true,
    .run = run_remove,
};

/* One request to the helper, about an account, an ID or neither. */
static int ask_helper(const char *op, const char *account, const char *id,
		      struct record *answer)
{
	struct record request = {0};
	struct cmd_call call = {.request = &request,
				.answer = answer,
				.timeout_s = TIMEOUT_S,
				.interactive = terminal_person(),
				.talk = {.account = account}};
	int rc = VALETKEY_ERR_NOMEM;

	if (record_add(&request, "op", op) == 0 &&
	    record_add(&request, "account", account) == 0 &&
	    record_add(&request, "id", id) == 0)
		rc = cmd_call(&call);
	record_free(&request);
	return rc;
}

/* op logout or remove. */
static int end_login(const char *op, const char *account)
{
	struct record answer = {0};
	const char *text;
	int rc = ask_helper(op, account, NULL, &answer);

	if (!rc) {
		text = record_get(&answer, "revoked_text");
		if (record_get_int(&answer, "revoked", 0))
			terminal_say(
			    TERMINAL_PLAIN,
			    "The grant was revoked at the provider.\n");
		else if (text && *text)
			terminal_say(TERMINAL_WARNING,
				     "Nothing was revoked at the provider. "
				     "%s\n",
				     text);
	}
	record_free(&answer);
	return rc;
}

/* What would have ended the logins is gone then: nobody may do it by mistake. */
static int may_drop(const struct cmd_args *args)
{
	if (args->account)
		return cmd_fail(VALETKEY_ERR_ARG,
				"--drop-revocations drops all revocations that "
				"wait, and takes no account.");
	if (!cmd_option(args, "yes") && !terminal_person())
		return cmd_fail(VALETKEY_ERR_ARG,
				"Nobody can be asked here. To drop the "
				"revocations that wait, add --yes.");
	return cmd_answers_agreed(
	    args, "Forget the revocations that wait? The logins stay valid at "
		  "their providers. [y/N]");
}

static int drop_revocations(const struct cmd_args *args)
{
	struct record answer = {0};
	int rc = may_drop(args);

	if (!rc)
		rc = ask_helper("drop_revocations", NULL, NULL, &answer);
	if (!rc)
		terminal_say(TERMINAL_PLAIN, "Revocations dropped: %lld.\n",
			     (long long)record_get_int(&answer, "dropped", 0));
	record_free(&answer);
	return rc;
}

static int run_logout(struct cmd_args *args)
{
	int rc;

	if (cmd_option(args, "drop-revocations"))
		return drop_revocations(args);
	if (!args->account)
		return cmd_fail(VALETKEY_ERR_ARG,
				"Which account? Usage: valetkey %s",
				cmd_logout.usage);
	rc = cmd_account_exists(args->account);
	if (!rc)
		rc = end_login("logout", args->account);
	if (!rc)
		terminal_say(TERMINAL_GOOD, "%s is logged out.\n",
			     args->account);
	return rc;
}

static int removal_agreed(const struct cmd_args *args)
{
	struct buf question = {0};
	struct record keys = {0};
	int rc = VALETKEY_ERR_NOMEM;
	bool far = account_read(args->account, &keys, NULL) == VALETKEY_OK &&
		   far_socket(&keys);

	if (buf_fmt(&question,
		    far ? "Forget %s here? The machine that keeps its login "
			  "keeps it. [y/N]"
			: "Log out of %s and delete its client secret? [y/N]",
		    args->account) == 0)
		rc = cmd_answers_agreed(args, question.data);
	buf_free(&question);
	record_free(&keys);
	return rc;
}

static bool is_account(const char *name)
{
	struct record keys = {0};
	int rc = account_read(name, &keys, NULL);

	record_free(&keys);
	return rc != VALETKEY_ERR_ACCOUNT;
}

/* Items of an account that has no file here. They may be another machine's: they
 * are never deleted without asking. */
static int remove_other(struct cmd_args *args)
{
	struct record answer = {0};
	int rc = cmd_answers_agreed(
	    args, "Delete the items of the keyring that have this ID? An "
		  "account of another machine or folder may need them. [y/N]");

	if (!rc)
		rc = ask_helper("forget", NULL, args->account, &answer);
	if (!rc)
		terminal_say(TERMINAL_GOOD,
			     "%s is removed. The provider was not told: end "
			     "the login there.\n",
			     args->account);
	record_free(&answer);
	return rc;
}

static int run_remove(struct cmd_args *args)
{
	int rc;

	if (account_id_ok(args->account) && !is_account(args->account))
		return remove_other(args);
	rc = cmd_account_exists(args->account);
	if (!rc)
		rc = removal_agreed(args);
	if (!rc)
		rc = end_login("remove", args->account);
	if (!rc)
		terminal_say(TERMINAL_GOOD, "%s is removed.\n", args->account);
	return rc;
}
