/* SPDX-License-Identifier: MIT */
/*
 * endpoint.c - see endpoint.h. Secrets go into the body or into HTTP Basic,
 * never both (RFC 6749 2.3), never into a URL.
 */
#include "endpoint.h"
#include "clock.h"
#include "json.h"
#include "net.h"
#include "origin.h"
#include "valetkey.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define TOKEN_MAX 32000
#define LIFETIME_MAX (10LL * 365 * 24 * 3600)

static int encode(struct buf *out, const char *text)
{
	static const char hex[] = "0123456789ABCDEF";
	int rc = 0;

	for (; *text && !rc; text++) {
		unsigned char c = (unsigned char)*text;
		const char escaped[3] = {'%', hex[c >> 4], hex[c & 15]};

		if (c < 0x80 && (isalnum(c) || strchr("-._~", c)))
			rc = buf_char(out, (char)c);
		else
			rc = buf_add(out, escaped, sizeof(escaped));
	}
	return rc;
}

int endpoint_param(struct buf *form, const char *name, const char *value)
{
	if (!value)
		return 0;
	if ((form->len && buf_char(form, '&')) || buf_str(form, name) ||
	    buf_char(form, '=') || encode(form, value))
		return -1;
	return 0;
}

/* RFC 6749 2.3.1: both are form-urlencoded before they become Basic. */
static int authenticate(const struct endpoint_request *request,
			struct http_request *http, struct buf *user,
			struct buf *password)
{
	const struct client *client = request->client;

	if (request->client_secret &&
	    strcmp(client->auth, "client_secret_basic") == 0) {
		if (encode(user, client->client_id) ||
		    encode(password, request->client_secret))
			return -1;
		http->basic_user = buf_text(user);
		http->basic_password = buf_text(password);
		return 0;
	}
	if (endpoint_param(request->params, "client_id", client->client_id))
		return -1;
	return endpoint_param(request->params, "client_secret",
			      request->client_secret);
}

static int post(const struct endpoint_request *request, const char *url,
		struct http_answer *answer, struct problem *problem)
{
	struct buf user = {0}, password = {0};
	struct http_request http = {
	    .url = url,
	    .form = request->params,
	    .ca_file = request->client->ca_file,
	    .deadline = deadline_in(ENDPOINT_LIMIT_MS),
	};
	const struct net *net = net_load(problem);
	int rc = VALETKEY_ERR_NOMEM;

	if (!net)
		return problem->result;
	if (authenticate(request, &http, &user, &password))
		problem_set(problem, rc, "Out of memory.");
	else
		rc = net->http_send(&http, answer, problem);
	buf_free(&user);
	buf_free(&password);
	return rc;
}

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

static int understand(const struct client *client,
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

int endpoint_token(const struct endpoint_request *request,
		   struct endpoint_answer *answer, struct problem *problem)
{
	struct http_answer http = {0};
	const struct net *net = net_load(problem);
	int rc;

	answer->retry_after_s = -1;
	if (!net)
		return problem->result;
	rc = post(request, request->client->token_endpoint, &http, problem);
	answer->unknown = http.sent && !http.status;
	if (!rc)
		rc = understand(request->client, &http, answer, problem);
	/* What it brings nobody can ask for again. If it was for want of
	 * memory, there may be some now. */
	if (rc && http.status == 200) {
		record_free(&answer->fields);
		rc = understand(request->client, &http, answer, problem);
	}
	net->http_answer_free(&http);
	return rc;
}

int endpoint_revoke(const struct endpoint_request *request,
		    struct problem *problem)
{
	const struct client *client = request->client;
	struct http_answer http = {0};
	const struct net *net = net_load(problem);
	int rc;

	if (!net)
		return problem->result;
	rc = post(request, client->revocation_endpoint, &http, problem);
	if (!rc && http.status != 200)
		rc = problem_set(problem,
				 http.status == 429   ? VALETKEY_ERR_THROTTLED
				 : http.status >= 500 ? VALETKEY_ERR_NETWORK
						      : VALETKEY_ERR_DENIED,
				 "%s did not revoke the grant (HTTP %ld).",
				 client->name, http.status);
	net->http_answer_free(&http);
	return rc;
}

void endpoint_answer_free(struct endpoint_answer *answer)
{
	record_free(&answer->fields);
}
