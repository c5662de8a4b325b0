/* SPDX-License-Identifier: MIT */
/*
 * endpoint.c - see endpoint.h. Secrets go into the body or into HTTP Basic,
 * never both (RFC 6749 2.3), never into a URL.
 */
#include "endpoint.h"

#include "assertion.h"
#include "client/provider_keys.h"
#include "core/clock.h"
#include "core/form.h"
#include "json/json.h"
#include "net/net.h"
#include "token_answer.h"
#include <valetkey.h>

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* ---- who we are ---- */

/* One method a request (RFC 6749 2.3). It alone decides: a secret that is there
 * for another one stays where it is. */

/* What the HTTP request points at while it is being sent. */
struct client_auth {
	struct buf user;
	struct buf password;
};

/* RFC 6749 2.3.1: both are form-urlencoded before they become Basic. */
static int add_basic(const struct endpoint_request *request,
		     struct http_request *http, struct client_auth *auth,
		     struct problem *problem)
{
	if (form_encode(&auth->user, request->client->client_id) ||
	    form_encode(&auth->password, request->client_secret))
		return problem_no_memory(problem);
	http->basic_user = buf_text(&auth->user);
	http->basic_password = buf_text(&auth->password);
	return VALETKEY_OK;
}

static int add_to_body(const struct endpoint_request *request,
		       const char *secret, struct problem *problem)
{
	if (form_add(request->params, "client_id",
		     request->client->client_id) ||
	    form_add(request->params, "client_secret", secret))
		return problem_no_memory(problem);
	return VALETKEY_OK;
}

static int add_assertion(const struct endpoint_request *request,
			 struct problem *problem)
{
	struct buf assertion = {0};
	int rc = assertion_make(request->client, &assertion, problem);

	if (!rc &&
	    (form_add(request->params, "client_id",
		      request->client->client_id) ||
	     form_add(request->params, "client_assertion_type",
		      ASSERTION_TYPE) ||
	     form_add(request->params, "client_assertion", assertion.data)))
		rc = problem_no_memory(problem);
	buf_free(&assertion);
	return rc;
}

/* RFC 8705 2. The key is looked at here for the sake of a clear error. */
static int add_certificate(const struct endpoint_request *request,
			   struct http_request *http, struct problem *problem)
{
	struct buf pem = {0};
	int rc = key_file_read(request->client->client_key, &pem, problem);

	buf_free(&pem);
	if (rc)
		return rc;
	http->certificate = request->client->client_certificate;
	http->certificate_key = request->client->client_key;
	return add_to_body(request, NULL, problem);
}

/*
 * Adds the client's authentication to the request's params and to `http`, anew
 * for each request. 0 or a result code with *problem set.
 */
static int client_auth_add(const struct endpoint_request *request,
			   struct http_request *http, struct client_auth *auth,
			   struct problem *problem)
{
	switch (request->client->auth_method) {
	case AUTH_PRIVATE_KEY_JWT:
		return add_assertion(request, problem);
	case AUTH_TLS_CLIENT_AUTH:
		return add_certificate(request, http, problem);
	case AUTH_CLIENT_SECRET_BASIC:
		return request->client_secret
			   ? add_basic(request, http, auth, problem)
			   : add_to_body(request, NULL, problem);
	case AUTH_CLIENT_SECRET_POST:
		return add_to_body(request, request->client_secret, problem);
	case AUTH_NONE:
	case AUTH_UNKNOWN:
		break;
	}
	return add_to_body(request, NULL, problem);
}

static void client_auth_free(struct client_auth *auth)
{
	buf_free(&auth->user);
	buf_free(&auth->password);
}

/* ---- what a provider's data adds ---- */

/* A form here is one that form_add() has made. */

/* RFC 6749 3.1: none more than once. */
static int add_line(const char *line, struct record *there, struct buf *form)
{
	size_t len = strcspn(line, "=");
	struct buf name = {0};
	int rc = buf_add(&name, line, len);

	if (!rc && len && line[len] && !record_get(there, name.data) &&
	    !oauth_parameter_is_ours(name.data, len))
		rc = form_add(form, name.data, line + len + 1) ||
		     record_add(there, name.data, "");
	buf_free(&name);
	return rc;
}

int endpoint_add_parameters(const struct client *client, const char *list,
			    struct buf *form)
{
	struct record there = {0};
	const char *line = NULL;
	int rc = form_read(buf_text(form), form->len, &there);

	while (!rc && (line = record_next(&client->config, list, line)))
		rc = add_line(line, &there, form);
	record_free(&there);
	return rc ? -1 : 0;
}

/* As json_write() wants it: name[] if there are several. */
static int add_member(const struct record *pairs, const char *name,
		      const char *value, struct record *members)
{
	const char *first = record_next(pairs, name, NULL);
	struct buf list = {0};
	int rc;

	if (!record_next(pairs, name, first))
		return record_add(members, name, value);
	rc = buf_fmt(&list, "%s[]", name) ||
	     record_add(members, list.data, value);
	buf_free(&list);
	return rc;
}

int endpoint_add_resources(const struct client *client, struct buf *form)
{
	const char *uri = NULL;
	int rc = 0;

	while (!rc && (uri = record_next(&client->config, "resource[]", uri)))
		rc = form_add(form, "resource", uri);
	return rc;
}

int endpoint_json(const struct buf *form, struct buf *json)
{
	struct record pairs = {0}, members = {0};
	const char *name, *value;
	size_t at = 0;
	int rc = form_read(buf_text(form), form->len, &pairs);

	while (!rc && (name = record_each(&pairs, &at, &value)))
		rc = add_member(&pairs, name, value, &members);
	if (!rc)
		rc = json_write(&members, NULL, json);
	record_free(&pairs);
	record_free(&members);
	return rc ? -1 : 0;
}

/* Where a request goes, and how. */
struct target {
	const char *url;
	bool json;
};

static int post_to(const struct endpoint_request *request,
		   const struct target *target, struct http_answer *answer,
		   struct problem *problem)
{
	struct client_auth auth = {0};
	struct buf json = {0};
	struct http_request http = {
	    .url = target->url,
	    .form = request->params,
	    .json = target->json,
	    .ca_file = request->client->ca_file,
	    .proxy = request->client->proxy,
	    .deadline = deadline_in(ENDPOINT_LIMIT_MS),
	    .received = request->received,
	    .data = request->data,
	};
	const struct net *net = net_load(problem);
	int rc;

	if (!net)
		return problem->result;
	rc = client_auth_add(request, &http, &auth, problem);
	if (!rc && target->json) {
		http.form = &json;
		if (endpoint_json(request->params, &json))
			rc = problem_no_memory(problem);
	}
	if (!rc)
		rc = net->http_send(&http, answer, problem);
	client_auth_free(&auth);
	buf_free(&json);
	return rc;
}

int endpoint_post(const struct endpoint_request *request, const char *url,
		  struct http_answer *answer, struct problem *problem)
{
	const struct target target = {.url = url};

	return post_to(request, &target, answer, problem);
}

/* As much of the secret as is there: texts are cut. */
static void hide_secret(char *text, const char *secret)
{
	char begin[17];

	if (!secret || strlen(secret) < 8)
		return;
	snprintf(begin, sizeof(begin), "%.16s", secret);
	while ((text = strstr(text, begin)))
		for (size_t i = 0; *text && *text == secret[i]; i++)
			*text++ = '*';
}

/* A server may show what it was sent; its words are shown, and kept. */
static void hide_secrets(const struct endpoint_request *request,
			 struct problem *problem)
{
	static const char *const names[] = {
	    "refresh_token", "code",	      "code_verifier",
	    "device_code",   "client_secret", "client_assertion"};
	struct record sent = {0};

	if (form_read(buf_text(request->params), request->params->len, &sent))
		problem_set(problem, problem->result, "Out of memory.");
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		hide_secret(problem->text, record_get(&sent, names[i]));
	hide_secret(problem->text, request->client_secret);
	record_free(&sent);
}

static int endpoint_ask(const struct endpoint_request *request, const char *url,
			struct token_answer *answer, struct problem *problem)
{
	const struct target target = {
	    .url = url,
	    .json =
		record_is(&request->client->config, "token_request", "json"),
	};
	struct http_answer http = {0};
	const struct net *net = net_load(problem);
	int rc;

	answer->retry_after_s = -1;
	if (!net)
		return problem->result;
	rc = post_to(request, &target, &http, problem);
	answer->unknown = http.sent && !http.status;
	if (!rc)
		rc = token_answer_read(request->client, &http, answer, problem);
	/* What it brings nobody can ask for again. If it was for want of
	 * memory, there may be some now. */
	if (rc && http_success(http.status)) {
		record_free(&answer->fields);
		rc = token_answer_read(request->client, &http, answer, problem);
	}
	if (rc)
		hide_secrets(request, problem);
	net->http_answer_free(&http);
	return rc;
}

int endpoint_token(const struct endpoint_request *request,
		   struct token_answer *answer, struct problem *problem)
{
	const struct client *client = request->client;

	if (endpoint_add_resources(client, request->params) ||
	    endpoint_add_parameters(client, "token_parameter[]",
				    request->params))
		return problem_no_memory(problem);
	return endpoint_ask(request, client->token_endpoint, answer, problem);
}

int endpoint_refresh(const struct endpoint_request *request,
		     struct token_answer *answer, struct problem *problem)
{
	const struct client *client = request->client;
	const char *url = record_get(&client->config, "refresh_endpoint");

	if (endpoint_add_resources(client, request->params) ||
	    endpoint_add_parameters(client, "refresh_parameter[]",
				    request->params))
		return problem_no_memory(problem);
	return endpoint_ask(request, url ? url : client->token_endpoint, answer,
			    problem);
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
	rc =
	    endpoint_post(request, client->revocation_endpoint, &http, problem);
	if (!rc && !http_success(http.status))
		rc = problem_set(problem,
				 http.status == 429   ? VALETKEY_ERR_THROTTLED
				 : http.status >= 500 ? VALETKEY_ERR_NETWORK
						      : VALETKEY_ERR_DENIED,
				 "%s did not revoke the grant (HTTP %ld).",
				 client->provider_name, http.status);
	net->http_answer_free(&http);
	return rc;
}
