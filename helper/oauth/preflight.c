/* SPDX-License-Identifier: MIT */
/*
 * preflight.c - authorize_preflight(): asks the authorization endpoint what the
 * person's browser would be shown, so that a wrong instance, client id or
 * redirect URI becomes a sentence here instead of a bare 404 there.
 */
#include "answer_body.h"
#include "authorize.h"
#include "core/clock.h"
#include "core/form.h"
#include "net/net.h"
#include "token_answer.h"
#include "token_error.h"
#include <valetkey.h>

#include <stdio.h>
#include <string.h>

/* ---- a login request that is not taken ---- */

/* Said when it was sent beforehand (authorize.c), or at the look before the
 * browser (below). */

static const struct error_advice request_advice[] = {
    {"invalid_scope", VALETKEY_ERR_SCOPE,
     "Tick these scopes at the provider, or ask for less",
     ": valetkey edit ACCOUNT --scope SCOPES"},
    {"invalid_target", VALETKEY_ERR_DENIED, "It does not know this resource",
     ": valetkey edit ACCOUNT --resource-indicator URI"},
    {"invalid_client", VALETKEY_ERR_DENIED,
     "It does not know the client, or does not accept how it authenticates",
     ": valetkey edit ACCOUNT --client-id ID, --secret-stdin or --auth METHOD"},
    {NULL, VALETKEY_ERR_DENIED,
     "Compare the client id, redirect URI and grant types with the client app "
     "there",
     ""},
};

const char *authorize_port_advice(const struct authorization *to)
{
	return to->any_port && !to->port
		   ? " Does it compare the port, which is different at each "
		     "login here? Then write redirect_port=NUMBER into the "
		     "account's file and register the redirect URI with that "
		     "port; if valetkey registered the client, add an account "
		     "by another name."
		   : "";
}

int authorize_refused(const struct client *client,
		      const struct authorization *to,
		      const struct authorize_refusal *refusal,
		      struct problem *problem)
{
	char code[PROBLEM_QUOTE_MAX], detail[PROBLEM_QUOTE_MAX];
	char scope[PROBLEM_QUOTE_MAX], next[ERROR_ADVICE_MAX];
	const struct error_advice *advice;

	problem_quote(code,
		      refusal->error ? refusal->error : "no reason given");
	error_detail(detail, refusal->detail);
	advice = error_advice_find(request_advice, code);
	return problem_set(
	    problem, advice->result,
	    "%s refuses the login request: %s%s%s. %s (client id "
	    "%s, redirect URI %s, scopes \"%s\").%s",
	    client->provider_name, code, *detail ? ", " : "", detail,
	    error_advice_next(next, advice, client), client->client_id,
	    to->redirect_uri.data, problem_quote(scope, buf_text(&to->scope)),
	    advice->error ? "" : authorize_port_advice(to));
}

#define PREFLIGHT_MS 15000

static int wrong_registration(const struct client *client, const char *saw,
			      const struct authorization *authorization,
			      struct problem *problem)
{
	return problem_set(
	    problem, VALETKEY_ERR_DENIED,
	    "%s answered the login request with %s. Either the instance is "
	    "wrong (%s), or it knows no client with this client id (%s), or "
	    "the redirect URI there is not exactly %s (a change can take an "
	    "hour to arrive). Compare them with the page of the client app, "
	    "then fix it there, or here with: valetkey edit %s followed by "
	    "--redirect-uri URI, --client-id ID or --instance CODE; the client "
	    "secret stays.%s",
	    client->provider_name, saw, client->authorization_endpoint,
	    client->client_id, authorization->redirect_uri.data,
	    client->account, authorize_port_advice(authorization));
}

/* Copies the decoded value of a query's parameter, cleaned; "" if absent. */
static void query_value(const char *url, const char *name,
			char out[PROBLEM_QUOTE_MAX])
{
	const char *at = strpbrk(url, "?#");
	char text[3 * PROBLEM_QUOTE_MAX]; /* all of it may be %XX */
	size_t len = strlen(name);

	while (at && (strncmp(at + 1, name, len) != 0 || at[1 + len] != '='))
		at = strpbrk(at + 1, "?&#");
	at = at ? at + len + 2 : "";
	snprintf(text, sizeof(text), "%.*s", (int)strcspn(at, "&#"), at);
	len = strlen(text);
	form_decode(text, &len);
	problem_quote(out, text);
}

/* Where the provider would send the browser. */
static int judge_redirect(const struct client *client,
			  const struct authorization *authorization,
			  const char *location, struct problem *problem)
{
	char error[PROBLEM_QUOTE_MAX], detail[PROBLEM_QUOTE_MAX];
	const char *uri = authorization->redirect_uri.data;
	size_t path = strcspn(location, "?#");

	query_value(location, "error", error);
	query_value(location, "error_description", detail);
	if (strncmp(location, uri, strlen(uri)) == 0) {
		if (!*error)
			return VALETKEY_OK;
		return authorize_refused(
		    client, authorization,
		    &(struct authorize_refusal){error, detail}, problem);
	}
	if (*error || memmem(location, path, "/error", 6))
		return wrong_registration(client, "its own error page",
					  authorization, problem);
	return VALETKEY_OK;
}

/* The errors of RFC 6749 and what extends it that concern the request itself. All
 * others may be for want of a person's session: a look is no browser. */
static const char *const verdicts[] = {"invalid_redirect_uri",
				       "redirect_uri_mismatch",
				       "invalid_request_uri",
				       "invalid_request_object",
				       "invalid_request",
				       "invalid_client",
				       "unauthorized_client",
				       "unsupported_response_type",
				       "invalid_scope",
				       "invalid_target",
				       NULL};

static bool is_verdict(const char *error)
{
	const char *const *verdict = verdicts;

	while (error && *verdict && strcmp(*verdict, error) != 0)
		verdict++;
	return error && *verdict;
}

/* One that stands on a page for people. */
static const char *find_verdict(const struct buf *page)
{
	const char *const *verdict = verdicts;

	while (*verdict &&
	       !memmem(buf_text(page), page->len, *verdict, strlen(*verdict)))
		verdict++;
	return *verdict;
}

static int judge_refusal(const struct client *client,
			 const struct authorization *authorization,
			 const struct http_answer *answer,
			 struct problem *problem)
{
	const char *verdict = NULL;
	struct json json = {0};
	char saw[64];
	int rc = VALETKEY_OK;
	bool read = answer_body_read(&answer->body, true, &json) == RECORD_OK;

	if (read && is_verdict(record_get(&json.strings, "error"))) {
		rc = authorize_refused(
		    client, authorization,
		    &(struct authorize_refusal){token_error_name(&json),
						token_error_text(&json)},
		    problem);
		goto out;
	}
	if (!read && answer->status == 400)
		verdict = find_verdict(&answer->body);
	/* Another port than the registered one takes no risk. */
	if (verdict || authorization->moved) {
		snprintf(saw, sizeof(saw), "HTTP %ld%s%s", answer->status,
			 verdict ? ", " : "", verdict ? verdict : "");
		rc = wrong_registration(client, saw, authorization, problem);
	}
out:
	json_free(&json);
	return rc;
}

static bool is_refusal(long status)
{
	return status >= 400 && status < 500 && status != 429;
}

static bool is_bare_404(const struct client *client,
			const struct http_answer *answer)
{
	return answer->status == 404 &&
	       record_is(&client->config, "preflight", "404");
}

int authorize_preflight(const struct client *client,
			struct authorization *authorization,
			struct problem *problem)
{
	const struct http_request request = {
	    .url = authorization->url.data,
	    .ca_file = client->ca_file,
	    .proxy = client->proxy,
	    .deadline = deadline_in(PREFLIGHT_MS),
	};
	struct http_answer answer = {0};
	struct problem network = {0};
	const struct net *net = net_load(problem);
	int rc;

	if (authorization->pushed)
		return VALETKEY_OK;
	if (!net)
		return problem->result;
	rc = net->http_send(&request, &answer, &network);
	if (rc) /* no verdict */
		rc = VALETKEY_OK;
	else if (is_bare_404(client, &answer))
		rc = wrong_registration(client, "a bare \"404 Not Found\"",
					authorization, problem);
	else if (answer.status >= 300 && answer.status < 400)
		rc = judge_redirect(client, authorization, answer.location,
				    problem);
	else if (is_refusal(answer.status))
		rc = judge_refusal(client, authorization, &answer, problem);
	authorization->refusal =
	    !rc && is_refusal(answer.status) ? answer.status : 0;
	net->http_answer_free(&answer);
	return rc;
}
