/* SPDX-License-Identifier: MIT */
/*
 * token_error.c - see token_error.h. Not every server answers as RFC 6749 5.2
 * says: some give HTTP 200, an object for the error, or names of their own.
 * What such an error is called and where its text stands is found by trying the
 * places that are in use; what a name means only the provider's data tell.
 */
#include "token_error.h"

#include <valetkey.h>

#include <string.h>

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

/* The first of these alone tell an error from a success where both have a 2xx.
 */
#define NAME_KEYS_OF_SUCCESS 10

static bool says_something(const char *text)
{
	return text && *text && strcmp(text, "false") != 0 &&
	       strcmp(text, "0") != 0;
}

/* The first of the keys that says something; of several errors the first. */
static const char *find(const struct json *json, const char *const *keys,
			size_t count)
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
	return find(json, name_keys, NAME_KEYS);
}

const char *token_error_text(const struct json *json)
{
	return find(json, text_keys, TEXT_KEYS);
}

static bool is_false(const struct json *json, const char *key)
{
	const char *value = record_get(&json->scalars, key);

	return value && strcmp(value, "false") == 0;
}

static bool is_no_success(const struct json *json)
{
	return find(json, name_keys, NAME_KEYS_OF_SUCCESS) ||
	       is_false(json, "ok") || is_false(json, "success");
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

static const struct {
	const char *error;
	int result;
	const char *next;
} known[] = {
    {"invalid_grant", VALETKEY_ERR_LOGIN, ""},
    {"invalid_scope", VALETKEY_ERR_SCOPE,
     " Check the scopes that are ticked at the provider."},
    {"invalid_client", VALETKEY_ERR_DENIED,
     " Check the client id, the client secret or key (and this "
     "computer's clock), and the instance."},
    {"invalid_target", VALETKEY_ERR_DENIED,
     " It does not know this resource: change 'resource[]' in the account's "
     "file."},
    {"unauthorized_client", VALETKEY_ERR_DENIED,
     " Check which grant types are ticked at the provider."},
};

static int refused(const struct client *client, const struct json *json,
		   struct endpoint_answer *answer, struct problem *problem)
{
	const char *name = token_error_name(json);
	const char *text = token_error_text(json);
	char code[PROBLEM_QUOTE_MAX], detail[PROBLEM_QUOTE_MAX];
	int result = VALETKEY_ERR_DENIED;
	const char *next = "";

	*answer->name = '\0';
	strncat(answer->name, name ? name : "", sizeof(answer->name) - 1);
	*answer->error = '\0';
	strncat(answer->error,
		token_error_meaning(&client->config, answer->name),
		sizeof(answer->error) - 1);
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (strcmp(known[i].error, answer->error) == 0) {
			result = known[i].result;
			next = known[i].next;
		}
	problem_quote(code, name ? name : "with an error");
	problem_quote(detail, text == name ? "" : text);
	if (*detail && detail[strlen(detail) - 1] == '.')
		detail[strlen(detail) - 1] = '\0'; /* ours follows */
	return problem_set(problem, result, "%s answered %s%s%s.%s",
			   client->name, code, *detail ? ": " : "", detail,
			   next);
}

/* From somebody in between, or from another server than one thinks. */
static int strange_answer(const struct client *client,
			  const struct endpoint_answer *answer,
			  struct problem *problem)
{
	char host[PROBLEM_QUOTE_MAX];

	if (*answer->moved_to)
		return problem_set(
		    problem, VALETKEY_ERR_NETWORK,
		    "The answer from %s (HTTP %ld) is not an OAuth answer but "
		    "a redirect to %s, which is not followed: it would carry "
		    "secrets there. Is it this network's login page? Log in "
		    "there. Has the provider moved? Then fix token_endpoint.",
		    client->name, answer->status,
		    problem_quote(host, answer->moved_to));
	if (answer->web_page)
		return problem_set(
		    problem, VALETKEY_ERR_NETWORK,
		    "The answer from %s (HTTP %ld) is not an OAuth answer but "
		    "a web page. Is it this network's login page, or a "
		    "proxy's? Open any page in the browser to see, then try "
		    "again; otherwise check token_endpoint.",
		    client->name, answer->status);
	return problem_set(problem, VALETKEY_ERR_NETWORK,
			   "The answer from %s (HTTP %ld) is not an OAuth "
			   "answer. Is a proxy or a login page in between?",
			   client->name, answer->status);
}

/* What a status without a usable OAuth answer means. */
static int no_answer(const struct client *client,
		     const struct endpoint_answer *answer,
		     struct problem *problem)
{
	if (answer->status == 429)
		return problem_set(problem, VALETKEY_ERR_THROTTLED,
				   "%s asks us to slow down (HTTP 429). Try "
				   "again later.",
				   client->name);
	if (answer->status >= 500)
		return problem_set(problem, VALETKEY_ERR_NETWORK,
				   "%s has a problem of its own (HTTP %ld). "
				   "Nothing is lost; try again later.",
				   client->name, answer->status);
	if (answer->status == 404 || answer->status == 405)
		return problem_set(problem, VALETKEY_ERR_NETWORK,
				   "There is no token endpoint at %s (HTTP "
				   "%ld). Check the instance.",
				   client->token_endpoint, answer->status);
	return strange_answer(client, answer, problem);
}

int token_error_set(const struct client *client, const struct json *json,
		    struct endpoint_answer *answer, struct problem *problem)
{
	if (json && token_error_is(json, answer->status))
		return refused(client, json, answer, problem);
	return no_answer(client, answer, problem);
}
