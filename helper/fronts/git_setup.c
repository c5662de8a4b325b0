/* SPDX-License-Identifier: MIT */
/*
 * git_setup.c - `valetkey git-setup`: shows, and with --apply makes, the lines
 * of git's configuration that let git ask us, and says which other helper in the
 * chain would answer first or be given our tokens to keep.
 *
 * It only ever adds lines (an empty helper, which begins the chain anew, and
 * ours), so that taking them out again is the way back.
 */
#include "doctor.h"

#include "command/child.h"
#include "command/command.h"
#include "core/account.h"
#include "core/origin.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define HELPER "valetkey"
#define KEY_MAX 400

static const struct cmd_option options[] = {
    {"apply", NULL, "Change git's configuration instead of only showing it."},
    {NULL, NULL, NULL},
};

static int run_setup(struct cmd_args *args);

const struct cmd_verb cmd_git_setup = {
    .name = "git-setup",
    .summary = "show or change git's configuration",
    .usage = "git-setup [ACCOUNT] [--apply]",
    .about =
	"With ACCOUNT: git asks valetkey, and nobody else, for the account's "
	"hosts. Without: git asks valetkey for everything; valetkey gives "
	"tokens for the accounts' hosts, and keeps git's other passwords in "
	"the keyring, where git-credential-libsecret would.\n\n"
	"Warns of other helpers that git would ask first, or would give our "
	"tokens to.",
    .options = options,
    .examples = "  valetkey git-setup work\n"
		"  valetkey git-setup work --apply\n"
		"  valetkey git-setup --apply\n",
    .account = true,
    .account_optional = true,
    .run = run_setup,
};

/* ---- the chain of helpers as it is ---- */

struct chain {
	const char *origin;	/* NULL: for hosts without lines of their own */
	unsigned before, after; /* other helpers, by their place */
	bool ours;
	bool tell;
};

/* Whether `credential.URL.helper` or `credential.helper` is for the origin. A
 * line with a path counts too: git may come there. */
static bool is_for(const char *key, const char *origin)
{
	static const char prefix[] = "credential.", suffix[] = ".helper";
	size_t len = strlen(key);
	char url[KEY_MAX];

	if (strcasecmp(key, "credential.helper") == 0)
		return true;
	if (!origin || len <= strlen(prefix) + strlen(suffix) ||
	    len >= sizeof(url))
		return false;
	snprintf(url, sizeof(url), "%.*s",
		 (int)(len - strlen(prefix) - strlen(suffix)),
		 key + strlen(prefix));
	return origin_is(url, origin);
}

static bool is_ours(const char *helper)
{
	const char *name = strrchr(helper, '/');
	size_t len;

	name = name ? name + 1 : helper;
	if (strncmp(name, "git-credential-", 15) == 0)
		name += 15;
	len = strcspn(name, " ");
	return len == strlen(HELPER) && strncmp(name, HELPER, len) == 0;
}

static void warn_of_helper(const struct chain *chain, const char *helper)
{
	if (!chain->tell)
		return;
	if (chain->ours)
		cmd_fail(0,
			 "Warning: git also gives the helper \"%s\" each of "
			 "our tokens%s%s, and the helper may keep them.",
			 helper, chain->origin ? " for " : "",
			 chain->origin ? chain->origin : "");
	else
		cmd_fail(
		    0,
		    "Warning: git asks the helper \"%s\" first%s%s. What "
		    "it has stored there shadows valetkey's tokens, and it "
		    "may keep those that git has used.",
		    helper, chain->origin ? " for " : "",
		    chain->origin ? chain->origin : "");
}

/* `key LF value NUL` for each line, in git's order; an empty value starts the
 * chain anew, which is why the last word is only known at the end. */
static void walk_chain(const char *config, size_t len, struct chain *chain)
{
	size_t at = 0, begin = 0;
	bool tell = chain->tell;

	for (int pass = 0; pass < 2; pass++) {
		chain->before = chain->after = 0;
		chain->ours = false;
		chain->tell = tell && pass == 1;
		for (at = pass ? begin : 0; at < len;
		     at += strlen(config + at) + 1) {
			char key[KEY_MAX];
			size_t end = strcspn(config + at, "\n");
			const char *value = config + at + end;

			snprintf(key, sizeof(key), "%.*s",
				 (int)(end < KEY_MAX ? end : 0), config + at);
			if (!*value || !is_for(key, chain->origin))
				continue;
			value++;
			if (!*value) {
				begin = at;
				chain->before = chain->after = 0;
				chain->ours = false;
			} else if (is_ours(value)) {
				chain->ours = true;
			} else {
				warn_of_helper(chain, value);
				chain->before += !chain->ours;
				chain->after += chain->ours;
			}
		}
	}
}

/* What git config says: 0 and 1 (there are no helpers) are fine. */
static int read_chain(struct chain *chain)
{
	static const char *const argv[] = {"git",
					   "config",
					   "-z",
					   "--get-regexp",
					   "^credential\\.(.*\\.)?helper$",
					   NULL};
	struct buf out = {0};
	int status = cmd_child_output(argv, &out);

	if (status == 0)
		walk_chain(buf_text(&out), out.len, chain);
	buf_free(&out);
	return status;
}

static int look_at_chain(struct chain *chain)
{
	int status = read_chain(chain);

	return status == 0 || status == 1
		   ? VALETKEY_OK
		   : cmd_fail(VALETKEY_ERR_DENIED, "git config does not work.");
}

static void look_at_host(struct doctor *doctor, const char *account,
			 const char *origin)
{
	struct chain chain = {.origin = origin};

	if (read_chain(&chain) != 0 || !chain.ours)
		return; /* it is not set up, or there is no git */
	if (chain.before)
		doctor_found_text(
		    doctor, "git", FOUND_PROBLEM, VALETKEY_ERR_DENIED,
		    "git asks another helper first for %s, and what that has "
		    "stored shadows the tokens. Run: valetkey git-setup %s "
		    "--apply",
		    origin, account);
	else if (chain.after)
		doctor_found_text(doctor, "git", FOUND_NOTE, 0,
				  "git also gives another helper each token "
				  "for %s, and that may keep them. To see "
				  "which, run: valetkey git-setup %s",
				  origin, account);
	else
		doctor_found_text(doctor, "git", FOUND_OK, 0,
				  "git asks valetkey, and nobody else, for %s.",
				  origin);
}

void doctor_look_at_git(struct doctor *doctor, const char *account)
{
	struct record keys = {0};
	char origin[ORIGIN_MAX];
	const char *host = NULL;

	if (account_read(account, &keys, NULL) == VALETKEY_OK)
		while ((host = record_next(&keys, "hosts[]", host)))
			if (origin_of(host, origin) == 0)
				look_at_host(doctor, account, origin);
	record_free(&keys);
}

/* ---- the lines ---- */

/* What a shell needs around a key: an IPv6 address would be a glob. */
static const char *key_quote(const char *key)
{
	return strchr(key, '[') ? "'" : "";
}

struct setup {
	bool apply; /* else the lines are only shown */
	bool lines; /* there were some */
};

static int add_config_line(const char *key, const char *value,
			   struct setup *setup)
{
	const char *const argv[] = {"git", "config", "--global", "--add",
				    key,   value,    NULL};
	struct buf out = {0};
	int status = 0;

	setup->lines = true;
	if (!setup->apply)
		printf("git config --global --add %s%s%s %s\n", key_quote(key),
		       key, key_quote(key), *value ? value : "''");
	else
		status = cmd_child_output(argv, &out);
	buf_free(&out);
	return status
		   ? cmd_fail(VALETKEY_ERR_DENIED, "git could not set %s.", key)
		   : VALETKEY_OK;
}

/* Only what is ours is removed then: an empty helper, and this value. */
static void tell_applied(const char *what, const char *key, const char *pattern)
{
	cmd_fail(0,
		 "git now asks valetkey for %s. To undo that, run: git config "
		 "--global --unset-all %s%s%s '%s'",
		 what, key_quote(key), key, key_quote(key), pattern);
}

/* Whether git takes this value: the last one. */
static bool is_value(const char *key, const char *value)
{
	const char *const argv[] = {"git",   "config", "--global",
				    "--get", key,      NULL};
	struct buf out = {0};
	bool same = cmd_child_output(argv, &out) == 0 &&
		    strncmp(buf_text(&out), value, strlen(value)) == 0 &&
		    strcmp(buf_text(&out) + strlen(value), "\n") == 0;

	buf_free(&out);
	return same;
}

static int set_up(const char *origin, const char *user, struct setup *setup)
{
	struct chain chain = {.origin = origin};
	const char *what = origin ? origin : "everything";
	char key[KEY_MAX], name[KEY_MAX], pattern[ACCOUNT_NAME_MAX + 3];
	int rc = look_at_chain(&chain);
	bool asked = chain.ours && !chain.before && !chain.after, named;

	snprintf(key, sizeof(key), "credential.%s%shelper",
		 origin ? origin : "", origin ? "." : "");
	snprintf(name, sizeof(name), "credential.%s.username", what);
	named = !user || is_value(name, user);
	if (!rc && !asked) {
		rc = add_config_line(key, "", setup);
		if (!rc)
			rc = add_config_line(key, HELPER, setup);
		if (!rc && setup->apply)
			tell_applied(what, key, "^(" HELPER ")?$");
	}
	if (!rc && !named) {
		rc = add_config_line(name, user, setup);
		snprintf(pattern, sizeof(pattern), "^%s$", user);
		if (!rc && setup->apply)
			tell_applied(what, name, pattern);
	}
	if (rc)
		return rc;
	if (asked && named)
		cmd_fail(0, "git already asks valetkey for %s.", what);
	/* What is there now, or, of what was only shown, what it is against. */
	chain = (struct chain){.origin = origin, .tell = true};
	return look_at_chain(&chain);
}

/* Whether another account has the host as well. */
static bool is_shared(const char *origin)
{
	struct record other = {0};
	char name[ACCOUNT_NAME_MAX + 1];
	bool shared =
	    account_find(origin, name, &other) == VALETKEY_ERR_ACCOUNT;

	record_free(&other);
	return shared;
}

static int set_up_account(const char *name, struct setup *setup)
{
	struct record account = {0};
	const char *url = NULL;
	char origin[ORIGIN_MAX];
	bool any = false;
	int rc = cmd_account_read(name, &account);

	while (!rc && (url = record_next(&account, "hosts[]", url)))
		if (origin_of(url, origin) == 0) {
			any = true;
			rc = set_up(origin, is_shared(origin) ? name : NULL,
				    setup);
		}
	record_free(&account);
	if (!rc && !any)
		rc = cmd_fail(VALETKEY_ERR_RESOURCE,
			      "The account's hosts have no git: none is an "
			      "https server. For git send-email and git "
			      "imap-send run: valetkey git-setup --apply");
	return rc;
}

static int run_setup(struct cmd_args *args)
{
	struct setup setup = {.apply = cmd_option(args, "apply") != NULL};
	int rc = args->account ? set_up_account(args->account, &setup)
			       : set_up(NULL, NULL, &setup);

	if (!rc && !setup.apply && setup.lines)
		cmd_fail(0, "Nothing was changed; to do it, add --apply.");
	return rc ? rc : cmd_flush();
}
