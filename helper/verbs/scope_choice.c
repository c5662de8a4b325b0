/* SPDX-License-Identifier: MIT */
/*
 * scope_choice.c - which scopes a new account asks for: a list with what each is
 * for, where the provider's file or the server has one, and the check of what is
 * typed; and the scopes that an option gives.
 */
#include "command/command.h"
#include "core/scope.h"
#include "command/terminal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SCOPE_MAX 256 /* characters of one */

/* ---- the list ---- */

/* "SCOPE WHAT IT IS FOR" of scope_choice[]; the latter may be missing. */
static void show_scopes(const struct record *known)
{
	const char *line = NULL;
	char number[16];
	unsigned n = 0;
	int width = 0;

	while ((line = record_next(known, "scope_choice[]", line)))
		if ((int)strcspn(line, " ") > width)
			width = (int)strcspn(line, " ");
	terminal_say(TERMINAL_BOLD, "What may the tokens do?\n");
	while ((line = record_next(known, "scope_choice[]", line))) {
		struct buf text = {0};
		int len = (int)strcspn(line, " ");

		snprintf(number, sizeof(number), "  %2u  ", ++n);
		terminal_say(TERMINAL_PLAIN, "%s", number);
		if (buf_fmt(&text, "%-*.*s %s", width < 20 ? width : 20, len,
			    line, line[len] ? line + len + 1 : "") == 0)
			terminal_wrap((unsigned)strlen(number), text.data);
		buf_free(&text);
	}
}

/* The scope of that number (from 1), NULL: there are not so many. */
static const char *scope_of_number(const struct record *known, const char *text)
{
	unsigned long n = strtoul(text, NULL, 10);
	const char *line = NULL;

	while (n && (line = record_next(known, "scope_choice[]", line)))
		n--;
	return line;
}

/* ---- what was typed ---- */

static bool is_known_scope(const struct record *known, const char *word)
{
	size_t len = strlen(word);
	const char *line = NULL;

	while ((line = record_next(known, "scope_choice[]", line)))
		if (strncmp(line, word, len) == 0 &&
		    strchr(" ", line[len])) /* the end, too */
			return true;
	return scope_covers(record_get(known, "scope"), word) ||
	       scope_covers(record_get(known, "offline_scope"), word);
}

/* 0, or ERR_ARG with it told. */
static int take_scope_word(const struct cmd_scopes *scopes, const char *word,
			   struct buf *scope)
{
	bool choices = record_get(scopes->known, "scope_choice[]") != NULL;
	bool number = choices && !word[strspn(word, "0123456789")];
	const char *line = number ? scope_of_number(scopes->known, word) : NULL;
	char name[SCOPE_MAX + 1];

	if (number && !line)
		return cmd_fail(VALETKEY_ERR_ARG,
				"There is no number %s in the list.", word);
	if (choices && scopes->closed && !number &&
	    !is_known_scope(scopes->known, word))
		return cmd_fail(VALETKEY_ERR_ARG,
				"\"%s\" is not one of these scopes.", word);
	snprintf(name, sizeof(name), "%.*s",
		 (int)(number ? strcspn(line, " ") : strlen(word)),
		 number ? line : word);
	return scope_add(scope, name) ? VALETKEY_ERR_NOMEM : VALETKEY_OK;
}

static int take_scopes(const struct cmd_scopes *scopes, const char *text,
		       struct buf *scope)
{
	const char *between = scopes->commas ? " ," : " ";
	char word[SCOPE_MAX + 1];
	int rc = VALETKEY_OK;

	text += strspn(text, between);
	while (!rc && *text) {
		size_t len = strcspn(text, between);

		if (len > SCOPE_MAX)
			return cmd_fail(VALETKEY_ERR_ARG,
					"A scope has at most %d characters.",
					SCOPE_MAX);
		memcpy(word, text, len);
		word[len] = '\0';
		rc = take_scope_word(scopes, word, scope);
		text += len;
		text += strspn(text, between);
	}
	return rc;
}

int cmd_scopes_ask(const struct cmd_scopes *scopes, struct buf *scope)
{
	bool choices = record_get(scopes->known, "scope_choice[]") != NULL;
	const char *usual = record_get(scopes->known, "scope");
	struct buf question = {0}, answer = {0};
	int rc = VALETKEY_ERR_NOMEM;

	if (buf_fmt(&question, "%s, separated by spaces%s",
		    choices ? "Numbers or names" : "Scopes",
		    scopes->commas ? " or commas" : "") ||
	    (usual ? buf_fmt(&question, " [%s]", usual)
		   : buf_str(&question, " (Enter: none)")))
		goto out;
	if (choices)
		show_scopes(scopes->known);
	do {
		buf_clear(&answer);
		buf_clear(scope);
		rc = terminal_ask(question.data, &answer);
		if (!rc)
			rc = take_scopes(scopes, buf_text(&answer), scope);
	} while (rc == VALETKEY_ERR_ARG);
out:
	buf_free(&question);
	buf_free(&answer);
	return rc;
}

/* ---- what an option gives ---- */

int cmd_scopes_given(const struct record *provider, const char *given,
		     struct buf *scope)
{
	int rc = buf_str(scope, given);

	if (!rc && record_get(provider, "scope_choice[]") &&
	    strchr(given, ',')) {
		struct buf words = {0};

		for (size_t i = 0; i < scope->len; i++)
			if (scope->data[i] == ',')
				scope->data[i] = ' ';
		rc = scope_add(&words, scope->data);
		buf_free(scope);
		*scope = words;
	}
	return rc ? VALETKEY_ERR_NOMEM : VALETKEY_OK;
}
