/* SPDX-License-Identifier: MIT */
/*
 * token_answer.c - see token_answer.h. Trusts nothing: what comes in is judged
 * member by member, and whatever else is wrong, a refresh token that supersedes
 * ours is not lost.
 */
#include "token_answer.h"
#include "json.h"
#include "valetkey.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define TOKEN_MAX 32000
#define LIFETIME_MAX (10LL * 365 * 24 * 3600)

static int refused(const struct endpoint_answer *answer, const char *detail,
		   const struct client *client, struct problem *problem)
{
	char quoted[PROBLEM_QUOTE_MAX], code[PROBLEM_QUOTE_MAX];
	int result = VALETKEY_ERR_DENIED;
	const char *next = "";

	problem_quote(quoted, detail);
	problem_quote(code, answer->error);
	if (strcmp(answer->error, "invalid_grant") == 0) {
		result = VALETKEY_ERR_LOGIN;
	} else if (strcmp(answer->error, "invalid_scope") == 0) {
		result = VALETKEY_ERR_SCOPE;
		next = " Check the scopes that are ticked at the provider.";
	} else if (strcmp(answer->error, "invalid_client") == 0) {
		next = " Check the client id, the client secret and the "
		       "instance.";
	} else if (strcmp(answer->error, "unauthorized_client") == 0) {
		next = " Check which grant types are ticked at the provider.";
	}
	return problem_set(problem, result, "%s answered %s%s%s.%s",
			   client->name, code, *quoted ? ": " : "", quoted,
			   next);
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
	return problem_set(
	    problem, VALETKEY_ERR_NETWORK,
	    "The answer of %s (HTTP %ld) is not an OAuth answer. "
	    "Is a proxy or a login page in between?",
	    client->name, answer->status);
}

static bool token_ok(const char *token)
{
	size_t n = 0;

	for (; token[n]; n++)
		if ((unsigned char)token[n] <= 0x20 ||
		    (unsigned char)token[n] >= 0x7f)
			return false;
	return n > 0 && n <= TOKEN_MAX;
}

/* Whatever else is wrong with a success, the token that supersedes the one that
 * was sent must not be lost. */
static int take_refresh_token(const struct json *json,
			      struct endpoint_answer *answer,
			      struct problem *problem)
{
	const char *refresh = record_get(&json->strings, "refresh_token");

	if (!refresh || !token_ok(refresh) ||
	    record_add(&answer->fields, "refresh_token", refresh) == 0)
		return VALETKEY_OK;
	return problem_set(problem, VALETKEY_ERR_NOMEM, "Out of memory.");
}

/* In seconds: what is not one or more counts as over, ten years as for ever. */
static int64_t lifetime_of(const struct record *number)
{
	double lifetime = strtod(record_get(number, "expires_in"), NULL);

	if (!(lifetime >= 1))
		return 1;
	return lifetime > LIFETIME_MAX ? LIFETIME_MAX : (int64_t)lifetime;
}

/* Takes what we use of a success, after a look at each (RFC 6749 5.1, 7.1). */
static int take_fields(const struct client *client, const struct json *json,
		       struct endpoint_answer *answer, struct problem *problem)
{
	const char *token = record_get(&json->strings, "access_token");
	const char *type = record_get(&json->strings, "token_type");
	const char *refresh = record_get(&json->strings, "refresh_token");
	const char *scope = record_get(&json->strings, "scope");
	const struct record *number = &json->scalars;

	if (!token || !token_ok(token) || (refresh && !token_ok(refresh)))
		return no_answer(client, answer, problem);
	if (type && strcasecmp(type, "bearer") != 0)
		return problem_set(problem, VALETKEY_ERR_DENIED,
				   "%s gave a token of a type that valetkey "
				   "does not know; only Bearer is.",
				   client->name);
	if (!record_get(number, "expires_in"))
		number = &json->strings; /* some send it as text */
	if (record_add(&answer->fields, "access_token", token) ||
	    (scope && record_add(&answer->fields, "scope", scope)))
		return problem_set(problem, VALETKEY_ERR_NOMEM,
				   "Out of memory.");
	if (record_get(number, "expires_in") &&
	    record_add_int(&answer->fields, "expires_in", lifetime_of(number)))
		return problem_set(problem, VALETKEY_ERR_NOMEM,
				   "Out of memory.");
	return VALETKEY_OK;
}

int token_answer_read(const struct client *client,
		      const struct http_answer *http,
		      struct endpoint_answer *answer, struct problem *problem)
{
	struct json json = {0};
	const char *error;
	int rc, malformed;

	answer->status = http->status;
	answer->retry_after_s = http->retry_after_s;
	malformed = json_parse(buf_text(&http->body), http->body.len, &json);
	if (http->status == 200 && take_refresh_token(&json, answer, problem)) {
		rc = problem->result;
		goto out;
	}
	if (malformed) {
		rc = no_answer(client, answer, problem);
		goto out;
	}
	error = record_get(&json.strings, "error");
	if (http->status == 200) {
		rc = take_fields(client, &json, answer, problem);
	} else if (error && http->status >= 400 && http->status < 500 &&
		   http->status != 429) {
		strncat(answer->error, error, sizeof(answer->error) - 1);
		rc = refused(answer,
			     record_get(&json.strings, "error_description"),
			     client, problem);
	} else {
		rc = no_answer(client, answer, problem);
	}
out:
	json_free(&json);
	return rc;
}
