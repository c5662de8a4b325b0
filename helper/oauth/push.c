/* SPDX-License-Identifier: MIT */
/*
 * push.c - authorize_push(), see authorize.h: a request that the provider has
 * before the browser comes (RFC 9126). Nobody in between can change it or read
 * it, and what is wrong with it is said here instead of on a page there.
 */
#include "answer_body.h"
#include "authorize.h"
#include "core/text.h"
#include "endpoint.h"
#include "net/net.h"
#include "token_error.h"
#include <valetkey.h>

#include <string.h>

#define ENDPOINT "pushed_authorization_request_endpoint"
#define URI_MAX 1024

bool authorize_pushes(const struct client *client)
{
	return record_get(&client->config, ENDPOINT) != NULL;
}

/* RFC 9126 2.2: a reference, good once. */
static int take(const struct client *client, struct authorization *to,
		const struct json *json, struct problem *problem)
{
	const char *uri = record_get(&json->strings, "request_uri");
	const char *endpoint = client->authorization_endpoint;
	struct buf query = {0};
	int rc = VALETKEY_OK;

	if (!uri || !*uri || strlen(uri) > URI_MAX ||
	    !text_visible(uri, strlen(uri)))
		return problem_set(problem, VALETKEY_ERR_NETWORK,
				   "%s accepted the login request, but gave no "
				   "reference to it (RFC 9126).",
				   client->name);
	buf_clear(&to->url);
	if (endpoint_param(&query, "client_id", client->client_id) ||
	    endpoint_param(&query, "request_uri", uri) ||
	    buf_str(&to->url, endpoint) ||
	    buf_char(&to->url, strchr(endpoint, '?') ? '&' : '?') ||
	    buf_str(&to->url, query.data))
		rc = problem_set(problem, VALETKEY_ERR_NOMEM, "Out of memory.");
	to->pushed = !rc;
	buf_free(&query);
	return rc;
}

static int judge(const struct client *client, struct authorization *to,
		 const struct http_answer *answer, struct problem *problem)
{
	struct json json = {0};
	int rc;

	if (answer_body_read(&answer->body, true, &json))
		json_free(&json);
	if (http_success(answer->status))
		rc = take(client, to, &json, problem);
	else if (answer->status == 429)
		rc = problem_set(problem, VALETKEY_ERR_THROTTLED,
				 "%s asks to wait before the next login.",
				 client->name);
	else if (answer->status >= 400 && answer->status < 500)
		rc = authorize_refused(
		    client, to,
		    &(struct authorize_refusal){token_error_name(&json),
						token_error_text(&json)},
		    problem);
	else
		rc = problem_set(problem, VALETKEY_ERR_NETWORK,
				 "%s did not accept the login request (HTTP "
				 "%ld). Try again later.",
				 client->name, answer->status);
	json_free(&json);
	return rc;
}

int authorize_push(const struct client *client, const char *client_secret,
		   struct authorization *to, struct problem *problem)
{
	const char *url = record_get(&client->config, ENDPOINT);
	const struct endpoint_request request = {
	    .client = client,
	    .client_secret = client_secret,
	    .params = &to->params,
	};
	const struct net *net = net_load(problem);
	struct http_answer answer = {0};
	int rc = VALETKEY_OK;

	if (!net)
		return problem->result;
	/* Named once, whichever method: all but Basic name it themselves. */
	if (client_secret && strcmp(client->auth, "client_secret_basic") == 0 &&
	    endpoint_param(&to->params, "client_id", client->client_id))
		rc = problem_set(problem, VALETKEY_ERR_NOMEM, "Out of memory.");
	if (!rc)
		rc = endpoint_post(&request, url, &answer, problem);
	if (!rc)
		rc = judge(client, to, &answer, problem);
	buf_free(&to->params); /* the client's authentication is in it */
	net->http_answer_free(&answer);
	return rc;
}
