/* SPDX-License-Identifier: MIT */
/*
 * endpoint.c - see endpoint.h. Secrets go into the body or into HTTP Basic,
 * never both (RFC 6749 2.3), never into a URL.
 */
#include "endpoint.h"

#include "client_auth.h"
#include "core/clock.h"
#include "core/form.h"
#include "token_answer.h"
#include "token_request.h"
#include <valetkey.h>

#include <ctype.h>
#include <stdio.h>
#include <string.h>

int endpoint_encode(struct buf *out, const char *text)
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
	if ((form->len && buf_char(form, '&')) || endpoint_encode(form, name) ||
	    buf_char(form, '=') || endpoint_encode(form, value))
		return -1;
	return 0;
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
		if (token_request_json(request->params, &json))
			rc = problem_set(problem, VALETKEY_ERR_NOMEM,
					 "Out of memory.");
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

static int ask(const struct endpoint_request *request, const char *url,
	       struct endpoint_answer *answer, struct problem *problem)
{
	const char *body =
	    record_get(&request->client->config, "token_request");
	const struct target target = {
	    .url = url,
	    .json = body && strcmp(body, "json") == 0,
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
		   struct endpoint_answer *answer, struct problem *problem)
{
	const struct client *client = request->client;

	if (token_request_resources(client, request->params) ||
	    token_request_add(client, "token_parameter[]", request->params))
		return problem_set(problem, VALETKEY_ERR_NOMEM,
				   "Out of memory.");
	return ask(request, client->token_endpoint, answer, problem);
}

int endpoint_refresh(const struct endpoint_request *request,
		     struct endpoint_answer *answer, struct problem *problem)
{
	const struct client *client = request->client;
	const char *url = record_get(&client->config, "refresh_endpoint");

	if (token_request_resources(client, request->params) ||
	    token_request_add(client, "refresh_parameter[]", request->params))
		return problem_set(problem, VALETKEY_ERR_NOMEM,
				   "Out of memory.");
	return ask(request, url ? url : client->token_endpoint, answer,
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
				 client->name, http.status);
	net->http_answer_free(&http);
	return rc;
}

void endpoint_answer_free(struct endpoint_answer *answer)
{
	record_free(&answer->fields);
}
