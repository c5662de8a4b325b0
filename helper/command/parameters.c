/* SPDX-License-Identifier: MIT */
/*
 * parameters.c - what a provider's file wants to know beside the instance,
 * such as a tenant or a realm: its parameter[], by --set or by asking, into
 * parameter.NAME of the account's keys. provider_resolve() fills them in.
 */
#include "client/provider.h"
#include "command.h"
#include "terminal.h"

#include <string.h>

/* The value of the last --set NAME=..., NULL where there is none. */
static const char *given(const struct cmd_args *args, const char *name)
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

static int ask(const struct provider_parameter *parameter, struct buf *answer)
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

static int bad_value(const char *name)
{
	return cmd_fail(VALETKEY_ERR_ARG,
			"%s must be letters, digits and ._- only, and begin "
			"with a letter or digit. Give it: --set %s=VALUE.",
			name, name);
}

static int choose(struct cmd_adding *adding,
		  const struct provider_parameter *parameter)
{
	const char *set = given(adding->args, parameter->name);
	struct buf answer = {0}, key = {0};
	int rc = buf_fmt(&key, "parameter.%s", parameter->name)
		     ? VALETKEY_ERR_NOMEM
		     : VALETKEY_OK;

	while (!rc) {
		buf_clear(&answer);
		if (set || !adding->person)
			rc = buf_str(&answer, set ? set : parameter->usual)
				 ? VALETKEY_ERR_NOMEM
				 : VALETKEY_OK;
		else
			rc = ask(parameter, &answer);
		if (rc || provider_parameter_ok(buf_text(&answer)))
			break;
		bad_value(parameter->name);
		if (set || !adding->person)
			rc = VALETKEY_ERR_ARG;
	}
	if (!rc && record_set(&adding->keys, key.data, answer.data))
		rc = VALETKEY_ERR_NOMEM;
	buf_free(&answer);
	buf_free(&key);
	return rc;
}

int cmd_parameters_choose(struct cmd_adding *adding)
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
			 ? choose(adding, &parameter)
			 : cmd_fail(VALETKEY_ERR_ARG,
				    "The provider's file has a malformed "
				    "parameter[]. See: valetkey providers "
				    "--check FILE");
	return rc;
}
