/* SPDX-License-Identifier: MIT */
/*
 * logout.c - `valetkey logout` and `valetkey remove`. The account's file
 * goes last: as long as it is there, everything can be tried again; but for what
 * git-setup had added, which does no harm.
 */
#include "command/child.h"
#include "call.h"
#include "client/client.h"
#include "command/command.h"
#include "core/account.h"
#include "core/clock.h"
#include "core/far.h"
#include "command/terminal.h"

#include <stdio.h>
#include <string.h>

#define TIMEOUT_S 90
#define ASK_MS 10000
#define GIT_KEY_MAX 400

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
	     "within 30 days. The account and its client secret stay. An "
	     "account that nobody logs in to loses its present token alone: "
	     "its client gets another one when a program asks.",
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
    .about = "Logs out, then deletes the client secret from the keyring, what "
	     "git-setup has put into git's configuration, and the account's "
	     "file; before it asks, it says what there is. If the provider "
	     "does not answer, what a later revocation needs is kept, as with "
	     "logout. A client that valetkey had registered is deleted at the "
	     "server, too; any other stays there: delete it on its pages. A "
	     "client secret that was shown once is gone for good. With an ID, "
	     "which status shows, it "
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

/* RFC 7592: what became of a client that we had registered. */
static void tell_registration(const char *end)
{
	if (end && strcmp(end, "deleted") == 0)
		terminal_say(TERMINAL_PLAIN,
			     "The client was deleted at the server.\n");
	else if (end)
		terminal_say(TERMINAL_WARNING,
			     "The server did not delete the client that "
			     "valetkey had registered; if it has pages for "
			     "that, delete it there.\n");
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
		tell_registration(record_get(&answer, "registration"));
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

/* Whether nobody logs in to it, as far as its files tell. */
static bool is_machine(const char *account)
{
	struct problem ignored = {0};
	struct client client = {0};
	bool machine = client_load(account, &client, &ignored) == VALETKEY_OK &&
		       client.grant_type == GRANT_TYPE_CLIENT_CREDENTIALS;

	client_free(&client);
	return machine;
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
	if (!rc && is_machine(args->account))
		terminal_say(TERMINAL_PLAIN,
			     "The token of %s is deleted. Nobody logs in to "
			     "it: its client gets another one as soon as a "
			     "program asks. To end that, run: valetkey remove "
			     "%s\n",
			     args->account, args->account);
	else if (!rc)
		terminal_say(TERMINAL_GOOD, "%s is logged out.\n",
			     args->account);
	return rc;
}

/* ---- git's configuration ---- */

/* The lines that `git-setup ACCOUNT --apply` adds: an empty helper, which begins
 * the chain anew, and ours; and the account's name if another one has the host as
 * well. */

struct git_line {
	char key[GIT_KEY_MAX];
	char
	    pattern[2 * ACCOUNT_NAME_MAX + 8]; /* of the values that are ours */
	const char *value;		       /* the one that tells of us */
};

static void helper_line(const char *origin, struct git_line *line)
{
	snprintf(line->key, sizeof(line->key), "credential.%s.helper", origin);
	strcpy(line->pattern, "^(valetkey)?$");
	line->value = "valetkey";
}

static void user_line(const char *origin, const char *account,
		      struct git_line *line)
{
	char *at = line->pattern;

	snprintf(line->key, sizeof(line->key), "credential.%s.username",
		 origin);
	*at++ = '^';
	for (const char *from = account; *from; from++) {
		if (*from == '.')
			*at++ = '\\';
		*at++ = *from;
	}
	strcpy(at, "$");
	line->value = account;
}

/* Whether one of the values, a line each, is ours. */
static bool git_has(const struct git_line *line)
{
	const char *const argv[] = {"git",	 "config",  "--global",
				    "--get-all", line->key, line->pattern,
				    NULL};
	struct buf out = {0};
	size_t len = strlen(line->value);
	bool has = false;

	if (cmd_child_output(argv, &out) == 0)
		for (const char *at = buf_text(&out); *at && !has;
		     at += strcspn(at, "\n"), at += *at == '\n')
			has = strcspn(at, "\n") == len &&
			      strncmp(at, line->value, len) == 0;
	buf_free(&out);
	return has;
}

static void git_unset(const struct git_line *line)
{
	const char *const argv[] = {"git",	   "config",  "--global",
				    "--unset-all", line->key, line->pattern,
				    NULL};
	struct buf out = {0};

	if (cmd_child_output(argv, &out) == 0)
		terminal_say(TERMINAL_PLAIN,
			     "Removed from git's configuration: %s\n",
			     line->key);
	buf_free(&out);
}

/* Whether another account has this host, and git is to ask us for that. */
static bool is_needed(const char *origin, const char *account)
{
	struct record other = {0};
	char name[ACCOUNT_NAME_MAX + 1] = "";
	int rc = account_find(origin, name, &other);

	record_free(&other);
	return rc == VALETKEY_ERR_ACCOUNT ||
	       (rc == VALETKEY_OK && strcmp(name, account) != 0);
}

/* Whether there are such lines; with `unset` they go. */
static bool git_lines(const char *account, const struct record *keys,
		      bool unset)
{
	struct git_line lines[2];
	char origin[ORIGIN_MAX];
	const char *host = NULL;
	bool any = false;

	while ((host = record_next(keys, "hosts[]", host))) {
		if (origin_of(host, origin) != 0)
			continue;
		user_line(origin, account, &lines[0]);
		helper_line(origin, &lines[1]);
		for (int i = 0; i < 2; i++) {
			if ((i && is_needed(origin, account)) ||
			    !git_has(&lines[i]))
				continue;
			any = true;
			if (unset)
				git_unset(&lines[i]);
		}
	}
	return any;
}

/* ---- what goes with an account ---- */

static void tell_file(const char *account)
{
	struct buf path = {0};

	if (account_path(&path, account) == VALETKEY_OK)
		terminal_say(TERMINAL_PLAIN, "  the file %s.conf\n", path.data);
	buf_free(&path);
}

/* What the helper knows of it: nothing, of an account that it cannot read or if
 * the keyring is locked. */
static void see_kept(const char *account, struct record *status)
{
	struct record request = {0};
	const struct call call = {.request = &request,
				  .deadline = deadline_in(ASK_MS)};

	if (record_add(&request, "op", "status") == 0 &&
	    record_add(&request, "account[]", account) == 0 &&
	    record_add_int(&request, "timeout_ms", ASK_MS) == 0)
		call_helper(&call, status);
	record_free(&request);
}

static void tell_kept(const struct record *status)
{
	if (record_get(status, "0.expires_in") ||
	    record_get(status, "0.lifetime"))
		terminal_say(TERMINAL_PLAIN,
			     "  its login or token, at the provider too\n");
	if (record_is(status, "0.secret", "stored"))
		terminal_say(TERMINAL_PLAIN,
			     "  its client secret, which most providers show "
			     "only once\n");
	if (record_get_int(status, "0.registered", 0))
		terminal_say(TERMINAL_PLAIN,
			     "  its client, which valetkey has registered at "
			     "the server\n");
}

/* What only the person can delete. */
static void tell_stays(const struct record *status)
{
	const char *client_id = record_get(status, "0.client_id");

	if (client_id && !record_get_int(status, "0.registered", 0))
		terminal_say(TERMINAL_PLAIN,
			     "The client app at the provider stays (client id "
			     "%s): delete it there.\n",
			     client_id);
}

/* All that goes with it, and what does not. */
static void tell_removal(const char *account, const struct record *keys)
{
	struct record status = {0};

	see_kept(account, &status);
	terminal_say(TERMINAL_PLAIN, "To be deleted of %s:\n", account);
	tell_kept(&status);
	if (git_lines(account, keys, false))
		terminal_say(TERMINAL_PLAIN,
			     "  its lines in git's configuration\n");
	tell_file(account);
	tell_stays(&status);
	record_free(&status);
}

static int removal_agreed(const struct cmd_args *args,
			  const struct record *keys)
{
	struct buf question = {0};
	bool far = far_socket(keys) != NULL;
	int rc = VALETKEY_ERR_NOMEM;

	if (!far && terminal_person() && !cmd_option(args, "yes"))
		tell_removal(args->account, keys);
	if (buf_fmt(&question,
		    far ? "Forget %s here? The machine that keeps its login "
			  "keeps it. [y/N]"
			: "Delete all that of %s? [y/N]",
		    args->account) == 0)
		rc = cmd_answers_agreed(args, question.data);
	buf_free(&question);
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

/* The units of `share` go with the last account that is shared, as long as its file
 * says that it is. */
static void end_share(const char *account, const struct record *keys)
{
	const char *const argv[] = {"/proc/self/exe", "share", account, "--off",
				    NULL};
	struct buf said = {0};

	if (record_is(keys, "share", "yes") && !far_socket(keys))
		cmd_child_output(argv, &said);
	buf_free(&said);
}

static int run_remove(struct cmd_args *args)
{
	struct record keys = {0};
	int rc;

	if (account_id_ok(args->account) && !is_account(args->account))
		return remove_other(args);
	rc = cmd_account_exists(args->account);
	if (!rc) { /* a file that cannot be read goes as well */
		account_read(args->account, &keys, NULL);
		rc = removal_agreed(args, &keys);
	}
	if (!rc) {
		end_share(args->account, &keys);
		rc = end_login("remove", args->account);
	}
	if (!rc) {
		git_lines(args->account, &keys, true);
		terminal_say(TERMINAL_GOOD, "%s is removed.\n", args->account);
	}
	record_free(&keys);
	return rc;
}
