/* SPDX-License-Identifier: MIT */
/*
 * edit.c - `valetkey edit`: changes what `add` took, in the account's file. A
 * client secret that is in the keyring stays, and goes only where it was added
 * for: for another client or server the one of that is asked for, and until it is
 * proven nothing has changed. The helper sees to the secret (op edit), then the
 * file is written; whatever ends this in between, the account is as before or as
 * it was to be.
 */
#include "client/account_change.h"
#include "client/client.h"
#include "client/provider.h"
#include "command/command.h"
#include "core/account.h"
#include "core/far.h"
#include "command/terminal.h"

#include <stdio.h>
#include <string.h>

#define EDIT_S 120

static const struct cmd_option options[] = {
    {"scope", "SCOPES", "What the tokens may do, separated by spaces."},
    {"redirect-uri", "URI", "The redirect URI that is registered there."},
    {"instance", "CODE", "Which region, or your own host."},
    {"set", "NAME=VALUE", "What else the provider asks for; may be repeated."},
    {"client-id", "ID", "Another client; its secret is asked for."},
    {"secret-stdin", NULL,
     "Read a client secret from standard input: a new one, or that of what is "
     "changed."},
    {"secret-fd", "N", "The same from descriptor N."},
    {"client-secret", "X", NULL},
    {"host", "URL",
     "A host that the tokens are for, instead of all that there are; may be "
     "repeated."},
    {"ca-file", "FILE", "Certificates to trust instead of the system's."},
    {"proxy", "URL", "Use this proxy; \"none\": use none."},
    {"auth", "METHOD", "How the client shows who it is, as for add."},
    {"client-key", "FILE", "The client's private key (PEM)."},
    {"client-key-id", "ID", "The key's name at the provider (kid)."},
    {"client-certificate", "FILE", "The client's certificate (PEM)."},
    {"resource-indicator", "URI",
     "What the tokens should be good for (RFC 8707), instead of all that there "
     "are; may be repeated."},
    {"authorization-endpoint", "URL", "Where one logs in."},
    {"token-endpoint", "URL", "Where tokens are issued."},
    {"device-authorization-endpoint", "URL", "Where short codes are issued."},
    {"revocation-endpoint", "URL", "Where tokens are revoked."},
    {"keepalive", "YES",
     "yes or no: whether valetkey keepalive refreshes it when nobody uses it."},
    {"unset", "OPTION",
     "Back to what is usual for one of these, such as redirect-uri; may be "
     "repeated."},
    {"no-prompt", NULL, "Ask nothing; what is missing is an error."},
    {NULL, NULL, NULL},
};

static int run_edit(struct cmd_args *args);

const struct cmd_verb cmd_edit = {
    .name = "edit",
    .summary = "change what add took, and keep the client secret",
    .usage = "edit ACCOUNT OPTION...",
    .about =
	"Changes the account's file and leaves everything else in it as it is. "
	"The client secret stays. It is only sent where it was added for: for "
	"another client ID, instance, endpoint or --ca-file the secret of that "
	"is asked for and tried, and until it was accepted nothing has "
	"changed. With a secret alone it replaces the one in the keyring, and "
	"the login stays. Says what to do next: some changes take effect with "
	"the next login only, others with login --accept-change.",
    .options = options,
    .examples = "  valetkey edit work --redirect-uri "
		"http://127.0.0.1:21847/callback\n"
		"  valetkey edit work --scope \"monitoring management\"\n"
		"  valetkey edit work --secret-stdin\n"
		"  valetkey edit work --unset proxy\n",
    .account = true,
    .run = run_edit,
};

/* ---- what is to be changed ---- */

/* Which key of the file an option sets; --set has one for each name. */
static const struct {
	const char *option;
	const char *key;
} keys_of[] = {
    {"scope", "scope"},
    {"redirect-uri", "redirect_uri"},
    {"instance", "instance"},
    {"client-id", "client_id"},
    {"host", "hosts[]"},
    {"ca-file", "ca_file"},
    {"proxy", "proxy"},
    {"auth", "auth"},
    {"client-key", "client_key"},
    {"client-key-id", "client_key_id"},
    {"client-certificate", "client_certificate"},
    {"resource-indicator", "resource[]"},
    {"authorization-endpoint", "authorization_endpoint"},
    {"token-endpoint", "token_endpoint"},
    {"device-authorization-endpoint", "device_authorization_endpoint"},
    {"revocation-endpoint", "revocation_endpoint"},
};

#define KEYS_OF (sizeof(keys_of) / sizeof(*keys_of))

struct edit {
	const struct cmd_args *args;
	struct cmd_adding given; /* keys: what the options say */
	struct record before;	 /* the account's file */
	struct record changes;	 /* "" as a value: the key goes */
	struct record after;
};

static int take_plain(struct edit *edit, const char *option, const char *key)
{
	const char *value;
	int rc = cmd_answers_option(edit->args, option, &value);

	if (!rc && value && !*value)
		return cmd_fail(VALETKEY_ERR_ARG,
				"--%s needs a value. For what is usual: "
				"--unset %s",
				option, option);
	return !rc && value && record_set(&edit->given.keys, key, value)
		   ? VALETKEY_ERR_NOMEM
		   : rc;
}

/* As `add` takes them. */
static int take_scope(struct edit *edit)
{
	const char *name = record_get(&edit->before, "provider");
	struct record provider = {0};
	struct problem ignored = {0};
	struct buf scope = {0};
	int rc = take_plain(edit, "scope", "scope");

	if (!rc && name && record_get(&edit->given.keys, "scope") &&
	    provider_load(name, &provider, &ignored) == VALETKEY_OK)
		rc = cmd_scopes_given(
		    &provider, record_get(&edit->given.keys, "scope"), &scope);
	if (!rc && scope.len &&
	    record_set(&edit->given.keys, "scope", scope.data))
		rc = VALETKEY_ERR_NOMEM;
	buf_free(&scope);
	record_free(&provider);
	return rc;
}

/* What may go without the account being none any more. */
static int take_unset(struct edit *edit)
{
	const char *option = NULL;

	while ((option = record_next(&edit->args->options, "unset", option))) {
		size_t i = 0;

		while (i < KEYS_OF && strcmp(keys_of[i].option, option) != 0)
			i++;
		if (i == KEYS_OF || strcmp(option, "client-id") == 0 ||
		    strcmp(option, "host") == 0)
			return cmd_fail(VALETKEY_ERR_ARG,
					"--unset takes one of the other "
					"options' names, such as "
					"redirect-uri.");
		if (record_get(&edit->given.keys, keys_of[i].key))
			return cmd_fail(VALETKEY_ERR_ARG,
					"Leave out one of the two: --%s or "
					"--unset %s.",
					option, option);
		if (record_add(&edit->changes, keys_of[i].key, ""))
			return VALETKEY_ERR_NOMEM;
	}
	return VALETKEY_OK;
}

/* --set NAME=VALUE, of a parameter that the provider's file has. */
static int take_parameters(struct edit *edit, const struct record *provider)
{
	struct provider_parameter parameter;
	const char *set = NULL, *line;
	char quoted[PROBLEM_QUOTE_MAX];

	while ((set = record_next(&edit->args->options, "set", set))) {
		size_t len = strcspn(set, "=");

		for (line = NULL;
		     (line = record_next(provider, "parameter[]", line));)
			if (provider_parameter_read(line, &parameter) &&
			    strlen(parameter.name) == len &&
			    strncmp(parameter.name, set, len) == 0)
				break;
		if (!line || !set[len] || !provider_parameter_ok(set + len + 1))
			return cmd_fail(VALETKEY_ERR_ARG,
					"\"%s\" is not NAME=VALUE of what the "
					"provider asks for. See: valetkey "
					"providers NAME",
					problem_quote(quoted, set));
		if (record_set(&edit->changes, parameter.key, set + len + 1))
			return VALETKEY_ERR_NOMEM;
	}
	return VALETKEY_OK;
}

/* The hosts that the provider's file has for these keys of an account. */
static int usual_hosts(const struct record *provider, const struct record *keys,
		       struct record *hosts, struct problem *problem)
{
	char base[PROVIDER_BASE_MAX] = "";
	const struct provider_choice choice = {record_get(keys, "client"), base,
					       keys};
	struct record resolved = {0};
	const char *host = NULL;
	int rc = VALETKEY_OK;

	if (record_get(keys, "instance"))
		rc = provider_instance(provider, record_get(keys, "instance"),
				       base, problem);
	if (!rc)
		rc = provider_resolve(provider, &choice, &resolved, problem);
	while (!rc && (host = record_next(&resolved, "hosts[]", host)))
		if (record_add(hosts, "hosts[]", host))
			rc = problem_no_memory(problem);
	record_free(&resolved);
	return rc;
}

/* With another instance or parameter, its hosts in place of the former ones; what
 * the person had added stays. */
static int move_hosts(struct edit *edit, const struct record *provider)
{
	struct record old = {0}, new = {0};
	struct problem problem = {0}, ignored = {0};
	const char *host = NULL;
	int rc = usual_hosts(provider, &edit->after, &new, &problem);

	if (rc) {
		cmd_fail_problem(&problem);
		goto out;
	}
	usual_hosts(provider, &edit->before, &old, &ignored);
	while (!rc && (host = record_next(&new, "hosts[]", host)))
		rc = record_add(&edit->changes, "hosts[]", host);
	while (!rc && (host = record_next(&edit->before, "hosts[]", host)))
		if (!record_has(&old, "hosts[]", host) &&
		    !record_has(&new, "hosts[]", host))
			rc = record_add(&edit->changes, "hosts[]", host);
	rc = rc ? VALETKEY_ERR_NOMEM : VALETKEY_OK;
out:
	record_free(&old);
	record_free(&new);
	return rc;
}

/* The file as it is to be. */
static int apply_changes(struct edit *edit)
{
	const char *key, *value;
	size_t at = 0;
	int rc;

	record_free(&edit->after);
	rc = record_append(&edit->after, &edit->before);
	while (!rc && (key = record_each(&edit->changes, &at, &value)))
		record_remove(&edit->after, key);
	at = 0;
	while (!rc && (key = record_each(&edit->changes, &at, &value)))
		rc = record_add(&edit->after, key, *value ? value : NULL);
	return rc ? VALETKEY_ERR_NOMEM : VALETKEY_OK;
}

/* What depends on the provider's file. */
static int take_provider(struct edit *edit)
{
	const char *name = record_get(&edit->before, "provider");
	bool moves = cmd_option(edit->args, "instance") ||
		     cmd_option(edit->args, "set") ||
		     record_get(&edit->changes, "instance");
	struct record provider = {0};
	struct problem problem = {0};
	int rc;

	if (!moves)
		return VALETKEY_OK;
	if (!name)
		return cmd_fail(VALETKEY_ERR_ARG,
				"Account %s has no provider's file, so it has "
				"no --instance and no --set.",
				edit->args->account);
	rc = provider_load(name, &provider, &problem);
	if (rc)
		cmd_fail_problem(&problem);
	if (!rc)
		rc = take_parameters(edit, &provider);
	if (!rc)
		rc = apply_changes(edit);
	if (!rc && !record_get(&edit->given.keys, "hosts[]"))
		rc = move_hosts(edit, &provider);
	record_free(&provider);
	return rc;
}

static int take_changes(struct edit *edit)
{
	int rc = cmd_answers_overrides(&edit->given);

	if (!rc)
		rc = take_scope(edit);
	if (!rc)
		rc = take_plain(edit, "redirect-uri", "redirect_uri");
	if (!rc)
		rc = take_plain(edit, "client-id", "client_id");
	if (!rc)
		rc = take_plain(edit, "instance", "instance");
	if (!rc)
		rc = take_unset(edit);
	if (!rc && record_append(&edit->changes, &edit->given.keys))
		rc = VALETKEY_ERR_NOMEM;
	if (!rc)
		rc = take_provider(edit);
	return rc ? rc : apply_changes(edit);
}

/* ---- doing it ---- */

/* One request to the helper; with a secret or without one. */
static int ask_for_edit(const struct edit *edit, const struct buf *secret,
			struct record *answer)
{
	struct record request = {0};
	struct cmd_call call = {.request = &request,
				.answer = answer,
				.timeout_s = EDIT_S,
				.interactive = edit->given.person};
	int rc = VALETKEY_ERR_NOMEM;

	record_free(answer);
	if (record_append(&request, &edit->after) == 0 &&
	    record_set(&request, "op", "edit") == 0 &&
	    record_set(&request, "account", edit->args->account) == 0 &&
	    record_set(&request, "client_secret",
		       secret->len ? secret->data : NULL) == 0)
		rc = cmd_call(&call);
	record_free(&request);
	return rc;
}

static int fail_needed(const struct edit *edit)
{
	return cmd_fail(VALETKEY_ERR_LOGIN,
			"The client secret of %s was added for what there is "
			"now, and is not sent elsewhere. Nothing was changed, "
			"and the secret is kept. With the secret for what is "
			"to be, add to the command: --secret-stdin",
			edit->args->account);
}

/* Until the registration in the keyring fits the new file. */
static int fit_registration(struct edit *edit, int fd, struct record *answer)
{
	struct buf secret = {0};
	bool again;
	int rc = VALETKEY_OK;

	if (fd >= 0)
		rc = cmd_secret_take(&edit->given, fd, &secret);
	if (!rc)
		rc = ask_for_edit(edit, &secret, answer);
	again = !rc && record_is(answer, "secret", "needed");
	if (again && !edit->given.person)
		rc = fail_needed(edit);
	else if (again)
		terminal_say(TERMINAL_PLAIN,
			     "The client secret of %s was added for what there "
			     "is now, and is not sent elsewhere. Give the one "
			     "for what is to be (Ctrl-C: nothing is "
			     "changed).\n",
			     edit->args->account);
	while (!rc && again) {
		rc = cmd_secret_take(&edit->given, -1, &secret);
		if (!rc)
			rc = ask_for_edit(edit, &secret, answer);
		again = rc == VALETKEY_ERR_DENIED;
		if (again) {
			terminal_say(TERMINAL_WARNING,
				     "Nothing was changed. Copy it again "
				     "(Ctrl-C to stop).\n");
			rc = VALETKEY_OK;
		}
	}
	buf_free(&secret);
	return rc;
}

static int write_edited(const struct edit *edit)
{
	int rc = edit->changes.pairs.len
		     ? account_change(edit->args->account, &edit->changes)
		     : VALETKEY_OK;

	return rc ? cmd_fail(rc,
			     "The file of account %s cannot be written, so "
			     "nothing was changed.",
			     edit->args->account)
		  : VALETKEY_OK;
}

/* All values of a key in one line. */
static const char *values_of(const struct record *record, const char *key,
			     struct buf *line)
{
	const char *value = NULL;

	buf_clear(line);
	while ((value = record_next(record, key, value)))
		if ((line->len && buf_char(line, ' ')) || buf_str(line, value))
			break;
	return line->len ? line->data : "what is usual";
}

static void tell_changes(const struct edit *edit)
{
	struct buf was = {0}, is = {0};
	struct record told = {0};
	const char *key, *value;
	size_t at = 0;

	while ((key = record_each(&edit->changes, &at, &value))) {
		if (record_get(&told, key) || record_add(&told, key, ""))
			continue;
		terminal_say(TERMINAL_PLAIN, "  %s was %s, and is %s\n", key,
			     values_of(&edit->before, key, &was),
			     values_of(&edit->after, key, &is));
	}
	record_free(&told);
	buf_free(&was);
	buf_free(&is);
}

static void tell_secret(const struct record *answer)
{
	const char *text = record_get(answer, "proof_text");

	if (record_is(answer, "secret", "replaced") &&
	    record_is(answer, "proof", "accepted"))
		terminal_say(TERMINAL_GOOD, "%s\n", text ? text : "");
	else if (record_is(answer, "secret", "replaced"))
		terminal_say(TERMINAL_WARNING,
			     "What was given is kept, but not proven yet. "
			     "%s\n",
			     text ? text : "");
}

/* What the next token needs first. */
static void tell_next(const struct edit *edit, const struct record *answer)
{
	const char *account = edit->args->account;
	bool asks = record_get(&edit->changes, "scope") ||
		    record_get(&edit->changes, "resource[]");
	struct client client = {0};
	struct problem ignored = {0};
	bool machine = client_load(account, &client, &ignored) == VALETKEY_OK &&
		       client.grant_type == GRANT_TYPE_CLIENT_CREDENTIALS;

	client_free(&client);
	terminal_say(TERMINAL_GOOD, "%s is changed.\n", account);
	if (record_get(answer, "changed"))
		terminal_say(TERMINAL_PLAIN,
			     "Next: valetkey login %s --accept-change\n",
			     account);
	else if (asks && machine)
		terminal_say(TERMINAL_PLAIN, "Next: valetkey token %s --new\n",
			     account);
	else if (asks || record_get(&edit->changes, "redirect_uri"))
		terminal_say(TERMINAL_PLAIN, "Next: valetkey login %s\n",
			     account);
}

static int change_account(struct edit *edit, int fd)
{
	struct record answer = {0}, settled = {0};
	const struct buf none = {0};
	int rc = fit_registration(edit, fd, &answer);

	/* From the new registration to the new file a Ctrl-C waits. */
	cmd_hold_signals();
	if (!rc)
		rc = write_edited(edit);
	if (!rc) {
		tell_secret(&answer);
		tell_changes(edit);
		tell_next(edit, &answer);
	}
	cmd_release_signals();
	if (!rc && record_is(&answer, "secret", "replaced"))
		rc = ask_for_edit(edit, &none, &settled);
	record_free(&settled);
	record_free(&answer);
	return rc;
}

static int run_edit(struct cmd_args *args)
{
	struct edit edit = {
	    .args = args,
	    .given = {.args = args,
		      .account = args->account,
		      .person =
			  terminal_person() && !cmd_option(args, "no-prompt")},
	};
	int fd;
	int rc = cmd_secret_source(args, &fd);

	if (!rc)
		rc = cmd_account_read(args->account, &edit.before);
	if (!rc && far_socket(&edit.before))
		rc = cmd_fail(VALETKEY_ERR_ARG,
			      "Another machine keeps the login of %s. Run this "
			      "there: valetkey edit %s",
			      args->account, args->account);
	if (!rc)
		rc = take_changes(&edit);
	edit.given.no_secret = false;
	if (!rc && !edit.changes.pairs.len && fd < 0)
		rc = cmd_fail(VALETKEY_ERR_ARG,
			      "What is to be changed? For example: valetkey "
			      "edit %s --redirect-uri URI. For all there is, "
			      "run: valetkey edit --help",
			      args->account);
	if (!rc)
		rc = change_account(&edit, fd);
	record_free(&edit.given.keys);
	record_free(&edit.before);
	record_free(&edit.changes);
	record_free(&edit.after);
	return rc;
}
