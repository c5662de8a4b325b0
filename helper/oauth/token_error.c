/* SPDX-License-Identifier: MIT */
/*
 * token_error.c - see token_error.h.
 */
#include "token_error.h"

#include "core/scope.h"
#include "net/net.h"
#include <valetkey.h>

#include <stdio.h>
#include <string.h>

/* Not every server answers as RFC 6749 5.2 says: some give HTTP 200, an object
 * for the error, or names of their own. What such an error is called and where
 * its text stands is found by trying the places that are in use; what a name
 * means only the provider's data tell. */

/* Where the name may stand, and the text; the standard's place first. What is
 * inside a list has the list's name (answer_body.h). */
static const char *const name_keys[] = {
    "error",	    "error[]",	   "error.code",       "error.type",
    "error.status", "errors[]",	   "errors.errorType", "errors.error",
    "errors.code",  "errors.type", "error_code",       "errorCode",
    "code",	    "status"};
static const char *const text_keys[] = {"error_description",
					"error.message",
					"error.description",
					"errors.message",
					"errors.error_description",
					"errors.detail",
					"error_message",
					"errorMessage",
					"message",
					"detail",
					"reason"};

#define NAME_KEYS (sizeof(name_keys) / sizeof(*name_keys))
#define TEXT_KEYS (sizeof(text_keys) / sizeof(*text_keys))

/* Only the first so many tell an error that comes with a 2xx. */
#define NAME_KEYS_OF_SUCCESS 10

static bool says_something(const char *text)
{
	return text && *text && strcmp(text, "false") != 0 &&
	       strcmp(text, "0") != 0;
}

/* The first of the keys that says something; of several errors the first. */
static const char *token_answer_find(const struct json *json,
				     const char *const *keys, size_t count)
{
	const char *text = NULL;

	for (size_t i = 0; i < count && !says_something(text); i++) {
		text = record_next(&json->strings, keys[i], NULL);
		if (!says_something(text))
			text = record_next(&json->scalars, keys[i], NULL);
	}
	return says_something(text) ? text : NULL;
}

const char *token_error_name(const struct json *json)
{
	return token_answer_find(json, name_keys, NAME_KEYS);
}

const char *token_error_text(const struct json *json)
{
	return token_answer_find(json, text_keys, TEXT_KEYS);
}

static bool is_no_success(const struct json *json)
{
	return token_answer_find(json, name_keys, NAME_KEYS_OF_SUCCESS) ||
	       record_is(&json->scalars, "ok", "false") ||
	       record_is(&json->scalars, "success", "false");
}

bool token_error_is(const struct json *json, long status)
{
	if (http_success(status))
		return is_no_success(json);
	if (status < 400 || status >= 500 || status == 429)
		return false;
	if (says_something(record_get(&json->strings, "error")))
		return true;
	return status != 404 && status != 405 &&
	       (token_error_name(json) || token_error_text(json));
}

const char *token_error_meaning(const struct record *names, const char *name)
{
	size_t len = strlen(name);
	const char *line = NULL;

	while ((line = record_next(names, "error[]", line)))
		if (strncmp(line, name, len) == 0 && line[len] == '=')
			return line + len + 1;
	return name;
}

const struct error_advice *error_advice_find(const struct error_advice *advice,
					     const char *error)
{
	while (advice->error && strcmp(advice->error, error) != 0)
		advice++;
	return advice;
}

/* The account's scopes, and what a login asks for beside them. */
static const char *asked_scopes(char out[PROBLEM_QUOTE_MAX],
				const struct client *client)
{
	bool machine = client->grant_type == GRANT_TYPE_CLIENT_CREDENTIALS;
	struct buf scope = {0};

	if (scope_add(&scope, client->scope) == 0 && !machine)
		scope_add(&scope, record_get(&client->config, "offline_scope"));
	problem_quote(out, scope.len ? scope.data : "nothing");
	buf_free(&scope);
	return out;
}

static int add_advice(struct buf *out, const char *text,
		      const struct client *client)
{
	static const char account[] = "ACCOUNT", asked[] = "ASKED";
	char scopes[PROBLEM_QUOTE_MAX];
	int rc = 0;

	while (!rc && *text) {
		if (strncmp(text, account, sizeof(account) - 1) == 0) {
			rc = buf_str(out, client->account);
			text += sizeof(account) - 1;
		} else if (strncmp(text, asked, sizeof(asked) - 1) == 0) {
			rc = buf_str(out, asked_scopes(scopes, client));
			text += sizeof(asked) - 1;
		} else {
			rc = buf_char(out, *text++);
		}
	}
	return rc;
}

const char *error_advice_next(char out[ERROR_ADVICE_MAX],
			      const struct error_advice *advice,
			      const struct client *client)
{
	struct buf next = {0};

	if (add_advice(&next, advice->next, client) == 0 && !client->unsaved)
		add_advice(&next, advice->edit, client);
	snprintf(out, ERROR_ADVICE_MAX, "%s", buf_text(&next));
	buf_free(&next);
	return out;
}

const char *error_detail(char *out, const char *text)
{
	size_t len = strlen(problem_quote(out, text));

	if (len && out[len - 1] == '.')
		out[len - 1] = '\0';
	return out;
}

int error_of_state(const struct client *client, long status,
		   struct problem *problem)
{
	if (status == 429)
		return problem_set(problem, VALETKEY_ERR_THROTTLED,
				   "%s asks us to slow down (HTTP 429). Try "
				   "again later.",
				   client->provider_name);
	if (status >= 500)
		return problem_set(problem, VALETKEY_ERR_NETWORK,
				   "%s has a problem of its own (HTTP %ld). "
				   "Nothing is lost; try again later.",
				   client->provider_name, status);
	return VALETKEY_OK;
}
