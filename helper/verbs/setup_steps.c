/* SPDX-License-Identifier: MIT */
/*
 * setup_steps.c - `valetkey add` for a provider that has a file: which instance,
 * which kind of client, which scopes, and then the steps to register a client on
 * the provider's own pages, as the file tells them.
 */
#include "client/client.h"
#include "client/provider.h"
#include "command/command.h"
#include "command/terminal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The first word of "CODE ORIGIN TEXT". */
static int add_code(struct buf *out, const char *line)
{
	return buf_add(out, line, strcspn(line, " "));
}

/* Shows a numbered list of a key's values; how says how to print one. */
static unsigned show_list(const struct record *record, const char *key,
			  void (*show)(const struct record *, unsigned,
				       const char *))
{
	const char *value = NULL;
	unsigned n = 0;

	while ((value = record_next(record, key, value)))
		show(record, ++n, value);
	return n;
}

/* The value with that number (from 1) as text, or NULL. */
static const char *nth_value(const struct record *record, const char *key,
			     const char *text)
{
	const char *value = NULL;
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (*end || !n)
		return NULL;
	while (n-- && (value = record_next(record, key, value)))
		;
	return value;
}

/* ---- the instance ---- */

static void show_instance(const struct record *provider, unsigned n,
			  const char *line)
{
	const char *text = strchr(line, ' ');
	struct buf out = {0};

	(void)provider;
	if (buf_fmt(&out, "%-5.*s %s", (int)strcspn(line, " "), line,
		    text ? text + 1 : "") == 0) {
		terminal_say(TERMINAL_PLAIN, "  %u  ", n);
		terminal_wrap(5, out.data);
	}
	buf_free(&out);
}

static int ask_instance(struct cmd_adding *adding, struct buf *answer)
{
	const struct record *provider = &adding->provider;
	const char *line;
	struct buf code = {0};
	int rc;

	terminal_say(TERMINAL_BOLD, "Where do you log in?\n");
	rc = terminal_ask(show_list(provider, "instance[]", show_instance)
			      ? "Number, code, or your own host"
			      : "Your own host",
			  answer);
	line = rc ? NULL : nth_value(provider, "instance[]", buf_text(answer));
	if (line) {
		rc = add_code(&code, line) ? VALETKEY_ERR_NOMEM : 0;
		buf_free(answer);
		*answer = code;
	}
	return rc;
}

/* Into keys.instance; its address into `base`. */
static int choose_instance(struct cmd_adding *adding,
			   char base[PROVIDER_BASE_MAX])
{
	const char *given = cmd_option(adding->args, "instance");
	struct problem problem = {0};
	struct buf answer = {0};
	int rc;

	*base = '\0';
	if (!given && !record_get(&adding->provider, "instance[]") &&
	    !record_get(&adding->provider, "instance_domain[]"))
		return VALETKEY_OK;
	if (!given && provider_instance(&adding->provider, NULL, base,
					&problem) == VALETKEY_OK)
		return VALETKEY_OK; /* there is only one */
	if (!given && !adding->person)
		return cmd_fail(VALETKEY_ERR_ARG, "%s Give it: --instance.",
				problem.text);
	do {
		buf_free(&answer);
		if (given)
			rc = buf_str(&answer, given) ? VALETKEY_ERR_NOMEM
						     : VALETKEY_OK;
		else
			rc = ask_instance(adding, &answer);
		if (rc)
			break;
		rc = provider_instance(&adding->provider, buf_text(&answer),
				       base, &problem);
		if (rc)
			cmd_fail_problem(&problem);
	} while (rc == VALETKEY_ERR_ARG && !given);
	if (!rc && record_set(&adding->keys, "instance", answer.data))
		rc = VALETKEY_ERR_NOMEM;
	buf_free(&answer);
	return rc;
}

/* ---- its parameters ---- */

/* What a provider's file wants to know beside the instance, such as a tenant or a
 * realm: its parameter[], by --set or by asking, into parameter.NAME of the
 * account's keys. provider_resolve() fills them in. */

/* The value of the last --set NAME=..., NULL if there is none. */
static const char *given_parameter(const struct cmd_args *args,
				   const char *name)
{
	const char *set = NULL, *value = NULL;
	size_t len = strlen(name);

	while ((set = record_next(&args->options, "set", set)))
		if (strncmp(set, name, len) == 0 && set[len] == '=')
			value = set + len + 1;
	return value;
}

static bool declared(const struct record *provider, const char *set)
{
	struct provider_parameter parameter;
	const char *line = NULL;
	size_t len;

	while ((line = record_next(provider, "parameter[]", line))) {
		if (!provider_parameter_read(line, &parameter))
			continue;
		len = strlen(parameter.name);
		if (strncmp(set, parameter.name, len) == 0 && set[len] == '=')
			return true;
	}
	return false;
}

static int ask_parameter(const struct provider_parameter *parameter,
			 struct buf *answer)
{
	struct buf question = {0};
	int rc = VALETKEY_ERR_NOMEM;

	if (buf_str(&question, *parameter->text ? parameter->text
						: parameter->name) == 0 &&
	    (!*parameter->usual ||
	     buf_fmt(&question, " [%s]", parameter->usual) == 0))
		rc = terminal_ask(question.data, answer);
	if (!rc && !answer->len && buf_str(answer, parameter->usual))
		rc = VALETKEY_ERR_NOMEM;
	buf_free(&question);
	return rc;
}

static int fail_parameter(const char *name)
{
	return cmd_fail(VALETKEY_ERR_ARG,
			"%s must be letters, digits and ._- only, and begin "
			"with a letter or digit. Give it: --set %s=VALUE.",
			name, name);
}

static int choose_parameter(struct cmd_adding *adding,
			    const struct provider_parameter *parameter)
{
	const char *set = given_parameter(adding->args, parameter->name);
	struct buf answer = {0};
	int rc = VALETKEY_OK;

	while (!rc) {
		buf_clear(&answer);
		if (set || !adding->person)
			rc = buf_str(&answer, set ? set : parameter->usual)
				 ? VALETKEY_ERR_NOMEM
				 : VALETKEY_OK;
		else
			rc = ask_parameter(parameter, &answer);
		if (rc || provider_parameter_ok(buf_text(&answer)))
			break;
		fail_parameter(parameter->name);
		if (set || !adding->person)
			rc = VALETKEY_ERR_ARG;
	}
	if (!rc && record_set(&adding->keys, parameter->key, answer.data))
		rc = VALETKEY_ERR_NOMEM;
	buf_free(&answer);
	return rc;
}

static int choose_parameters(struct cmd_adding *adding)
{
	struct provider_parameter parameter;
	const char *line = NULL, *set = NULL;
	char quoted[PROBLEM_QUOTE_MAX];
	int rc = VALETKEY_OK;

	while ((set = record_next(&adding->args->options, "set", set)))
		if (!declared(&adding->provider, set))
			return cmd_fail(
			    VALETKEY_ERR_ARG,
			    "The provider does not ask for \"%s\". For what it "
			    "asks for, run: valetkey providers %s",
			    problem_quote(quoted, set),
			    cmd_option(adding->args, "provider"));
	while (!rc &&
	       (line = record_next(&adding->provider, "parameter[]", line)))
		rc = provider_parameter_read(line, &parameter)
			 ? choose_parameter(adding, &parameter)
			 : cmd_fail(VALETKEY_ERR_ARG,
				    "The provider's file has a malformed "
				    "parameter[]. See: valetkey providers "
				    "--check FILE");
	return rc;
}

/* ---- the kind of client ---- */

static void show_kind(const struct record *provider, unsigned n,
		      const char *kind)
{
	const char *name = provider_of_kind(provider, kind, "name");
	const char *use = provider_of_kind(provider, kind, "use");

	struct buf text = {0};

	if (buf_fmt(&text, "%s: %s", name ? name : kind, use ? use : "") == 0) {
		terminal_say(TERMINAL_PLAIN, "  %u  ", n);
		terminal_wrap(5, text.data);
	}
	buf_free(&text);
}

static int ask_kind(struct cmd_adding *adding)
{
	const struct record *provider = &adding->provider;
	struct buf answer = {0};
	const char *kind = NULL;
	int rc;

	terminal_say(TERMINAL_BOLD, "What kind of client?\n");
	show_list(provider, "client[]", show_kind);
	do {
		buf_clear(&answer);
		rc = terminal_ask("Number [1]", &answer);
		if (rc)
			break;
		if (!answer.len)
			kind = record_next(provider, "client[]", NULL);
		else if (record_has(provider, "client[]", answer.data))
			kind = answer.data;
		else
			kind = nth_value(provider, "client[]", answer.data);
		if (!kind)
			terminal_say(TERMINAL_WARNING,
				     "\"%s\" is none of these. Type one of the "
				     "numbers.\n",
				     answer.data);
	} while (!kind);
	if (!rc)
		snprintf(adding->kind, sizeof(adding->kind), "%s", kind);
	buf_free(&answer);
	return rc;
}

static int choose_kind(struct cmd_adding *adding)
{
	const char *given = cmd_option(adding->args, "client");
	const char *first = record_next(&adding->provider, "client[]", NULL);
	int rc = VALETKEY_OK;

	if (!first)
		return VALETKEY_OK;
	if (given && !record_has(&adding->provider, "client[]", given))
		return cmd_fail(VALETKEY_ERR_ARG,
				"The provider has no kind of client \"%s\". "
				"See: valetkey providers %s",
				given, record_get(&adding->keys, "provider"));
	if (!given && adding->person &&
	    record_next(&adding->provider, "client[]", first))
		rc = ask_kind(adding);
	else
		snprintf(adding->kind, sizeof(adding->kind), "%s",
			 given ? given : first);
	if (!rc && record_set(&adding->keys, "client", adding->kind))
		rc = VALETKEY_ERR_NOMEM;
	return rc;
}

/* ---- scope, redirect URI and steps ---- */

/* An option's value, else what is typed; else it stays as the file has it. */
static int choose_scope(struct cmd_adding *adding, struct record *resolved)
{
	const struct cmd_scopes scopes = {
	    .known = resolved, .closed = true, .commas = true};
	struct buf scope = {0};
	const char *given;
	int rc = cmd_answers_option(adding->args, "scope", &given);

	if (!rc && given)
		rc = cmd_scopes_given(resolved, given, &scope);
	else if (!rc && adding->person)
		rc = cmd_scopes_ask(&scopes, &scope);
	if (!rc && (given || scope.len) &&
	    (record_set(resolved, "scope", buf_text(&scope)) ||
	     record_set(&adding->keys, "scope", buf_text(&scope))))
		rc = VALETKEY_ERR_NOMEM;
	buf_free(&scope);
	return rc;
}

static int choose_redirect(struct cmd_adding *adding, struct record *resolved)
{
	const char *uri;
	int rc = cmd_answers_option(adding->args, "redirect-uri", &uri);

	if (!rc && uri &&
	    (record_set(resolved, "redirect_uri", uri) ||
	     record_set(&adding->keys, "redirect_uri", uri)))
		rc = VALETKEY_ERR_NOMEM;
	return rc;
}

static void show_steps(const struct record *resolved, const char *name)
{
	const char *step = NULL;
	unsigned n = 0;
	char number[16];

	terminal_say(TERMINAL_BOLD, "\nRegister a client app at %s:\n\n", name);
	while ((step = record_next(resolved, "step[]", step))) {
		snprintf(number, sizeof(number), " %2u. ", ++n);
		terminal_say(TERMINAL_BOLD, "%s", number);
		terminal_wrap((unsigned)strlen(number), step);
	}
	terminal_say(TERMINAL_PLAIN, "\n");
}

/* The hosts of the file go into the account's, where the plugin finds them. */
static int take_hosts(struct cmd_adding *adding, const struct record *resolved)
{
	const char *host = NULL;

	while ((host = record_next(resolved, "hosts[]", host)))
		if (record_add(&adding->keys, "hosts[]", host))
			return VALETKEY_ERR_NOMEM;
	return VALETKEY_OK;
}

/* NULL for a provider that has only one kind. */
static const char *kind_of(const struct cmd_adding *adding)
{
	return *adding->kind ? adding->kind : NULL;
}

/* Once more with scope and redirect URI settled, for the steps' own words. */
static int finish_steps(struct cmd_adding *adding,
			const struct provider_choice *choice)
{
	static const char *const words[] = {"scope", "redirect_uri", NULL};
	struct record provider = {0}, resolved = {0};
	struct problem problem = {0};
	const char *name;
	char key[128];
	int rc = record_append(&provider, &adding->provider)
		     ? VALETKEY_ERR_NOMEM
		     : VALETKEY_OK;

	for (const char *const *word = words; *word && !rc; word++) {
		if (*adding->kind)
			snprintf(key, sizeof(key), "client.%s.%s", adding->kind,
				 *word);
		else
			snprintf(key, sizeof(key), "%s", *word);
		if (record_get(&adding->keys, *word) &&
		    record_set(&provider, key,
			       record_get(&adding->keys, *word)))
			rc = VALETKEY_ERR_NOMEM;
	}
	if (!rc &&
	    (rc = provider_resolve(&provider, choice, &resolved, &problem)))
		cmd_fail_problem(&problem);
	name = record_get(&resolved, "name");
	if (!rc && adding->person && record_get(&resolved, "step[]") &&
	    !cmd_option(adding->args, "refresh-token-stdin"))
		show_steps(&resolved, name ? name : "the provider");
	record_free(&provider);
	record_free(&resolved);
	return rc;
}

/* ---- the whole ---- */

int cmd_steps_walk(struct cmd_adding *adding)
{
	struct record resolved = {0};
	struct problem problem = {0};
	char base[PROVIDER_BASE_MAX];
	struct provider_choice choice = {NULL, base, &adding->keys};
	const char *auth;
	int rc = choose_instance(adding, base);

	if (!rc)
		rc = choose_parameters(adding);
	if (!rc)
		rc = choose_kind(adding);
	choice.kind = kind_of(adding);
	if (!rc && (rc = provider_resolve(&adding->provider, &choice, &resolved,
					  &problem)))
		cmd_fail_problem(&problem);
	auth = record_get(&resolved, "auth");
	adding->machine = grant_type_of(record_get(&resolved, "grant")) ==
			  GRANT_TYPE_CLIENT_CREDENTIALS;
	adding->no_secret =
	    auth && !auth_method_has_secret(auth_method_of(auth));
	if (!rc)
		rc = choose_scope(adding, &resolved);
	if (!rc && !adding->machine)
		rc = choose_redirect(adding, &resolved);
	if (!rc)
		rc = take_hosts(adding, &resolved);
	if (!rc)
		rc = finish_steps(adding, &choice);
	record_free(&resolved);
	return rc;
}
