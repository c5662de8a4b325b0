/* SPDX-License-Identifier: MIT */
/*
 * The authorization endpoint (RFC 6749, section 4.1.1; RFC 7636, 4.3).
 *
 * Errors that leave the redirect URI in doubt are never sent to it: they
 * get the JSON 404, or the provider's own error page. All others go back
 * to the client with error and state.
 */
#include "provider.h"

#include "authorize.h"
#include "encode.h"
#include "mcp.h"
#include "scope.h"

#include <string.h>

#define CHALLENGE_LENGTH 43

/* Why a request goes back to the client. */
struct authorize_problem {
	const char *error;
	const char *reason;
};

static int authorize_abort(struct provider *provider, struct request *request,
			   const char *reason)
{
	if (provider->options.error_page) {
		struct buf uri = {0};

		buf_printf(&uri, "/ws/error?reason=%s", reason);
		request_redirect(request, buf_text(&uri));
		buf_clear(&uri);
		request_log(request, "result", "error-page");
		request_log(request, "reason", reason);
	} else {
		request_fail(request, 404, reason);
	}
	return -1;
}

void authorize_error_handle(struct provider *provider, struct request *request)
{
	static const struct {
		const char *reason;
		const char *text;
	} texts[] = {
	    {"unknown-client", "The client_id is not known here."},
	    {"redirect-mismatch", "The redirect_uri does not match."},
	    {"missing-parameter", "A required parameter is missing."},
	    {"duplicate-parameter", "A parameter occurs twice."},
	};
	const char *text = "The request cannot be understood.";
	const char *reason;
	struct form form;

	(void)provider;
	form_parse(request->query, &form);
	reason = form_get(&form, "reason");
	for (size_t i = 0; reason && i < sizeof(texts) / sizeof(*texts); i++)
		if (!strcmp(reason, texts[i].reason))
			text = texts[i].text;
	form_clear(&form);
	request_log(request, "result", "error-page");
	page_message(request, 200, "Something went wrong", text);
}

void authorize_return(struct request *request, const struct pending *pending,
		      const char *name, const char *value)
{
	struct buf uri = {0};

	buf_printf(&uri, "%s%c%s=", pending->redirect,
		   strchr(pending->redirect, '?') ? '&' : '?', name);
	encode_percent(&uri, value);
	if (pending->state) {
		buf_adds(&uri, "&state=");
		encode_percent(&uri, pending->state);
	}
	request_redirect(request, buf_text(&uri));
	answer_header(&request->answer, "Cache-Control", "no-store");
	answer_header(&request->answer, "Referrer-Policy", "no-referrer");
	buf_clear(&uri);
}

static int authorize_read_target(struct provider *provider,
				 struct request *request,
				 const struct form *form,
				 struct pending *wanted)
{
	const char *id = form_get(form, "client_id");
	const char *redirect = form_get(form, "redirect_uri");

	if (!id || !redirect || !form_get(form, "response_type"))
		return authorize_abort(provider, request, "missing-parameter");
	wanted->client = register_find(provider, id);
	if (!wanted->client)
		return authorize_abort(provider, request, "unknown-client");
	request_log(request, "client", wanted->client->id);
	if (!client_allows_redirect(wanted->client, redirect))
		return authorize_abort(provider, request, "redirect-mismatch");
	wanted->redirect = (char *)redirect;
	return 0;
}

static bool authorize_is_challenge(const char *challenge)
{
	size_t len = strlen(challenge);

	for (size_t i = 0; i < len; i++)
		if (!encode_is_unreserved(challenge[i]) ||
		    strchr(".~", challenge[i]))
			return false;
	return len == CHALLENGE_LENGTH;
}

static int authorize_check_pkce(const struct options *options,
				const struct form *form, struct pending *wanted,
				struct authorize_problem *problem)
{
	const char *challenge = form_get(form, "code_challenge");
	const char *method = form_get(form, "code_challenge_method");

	problem->error = "invalid_request";
	if (!challenge) {
		problem->reason = "pkce-missing";
		return !method && wanted->client->kind != CLIENT_NATIVE &&
			       !options->require_pkce
			   ? 0
			   : -1;
	}
	/* RFC 7636, section 4.3: without a method it would be plain. */
	problem->reason = "pkce-method";
	if (!method || strcmp(method, "S256"))
		return -1;
	problem->reason = "pkce-challenge";
	if (!authorize_is_challenge(challenge))
		return -1;
	wanted->challenge = (char *)challenge;
	return 0;
}

static int authorize_check(const struct options *options,
			   const struct form *form, struct pending *wanted,
			   struct authorize_problem *problem)
{
	const char *scope = form_get(form, "scope");

	*problem = (struct authorize_problem){"unauthorized_client", "kind"};
	if (wanted->client->kind == CLIENT_API)
		return -1;
	*problem = (struct authorize_problem){"unsupported_response_type",
					      "response-type"};
	if (strcmp(form_get(form, "response_type"), "code"))
		return -1;
	*problem =
	    (struct authorize_problem){"invalid_request", "secret-in-url"};
	if (form_get(form, "client_secret"))
		return -1;
	*problem = (struct authorize_problem){"invalid_scope", "scope"};
	if (!scope || scope_parse(scope, &wanted->scope))
		return -1;
	return authorize_check_pkce(options, form, wanted, problem);
}

/* RFC 8707 2. */
static int authorize_check_resource(const struct provider *provider,
				    const struct form *form,
				    struct authorize_problem *problem)
{
	*problem = (struct authorize_problem){"invalid_target", "resource"};
	return mcp_resource_ok(provider, form) ? 0 : -1;
}

void authorize_set_cookie(const struct provider *provider,
			  struct request *request, const struct visit *visit)
{
	struct buf cookie = {0};

	buf_printf(&cookie, "%s=%s; Path=/ws; HttpOnly; SameSite=Lax%s",
		   AUTHORIZE_COOKIE, visit->cookie,
		   provider->options.https_cert ? "; Secure" : "");
	answer_header(&request->answer, "Set-Cookie", buf_text(&cookie));
	buf_clear(&cookie);
}

static void authorize_ask(struct provider *provider, struct request *request,
			  struct pending *wanted)
{
	struct pending *pending;

	wanted->visit = logins_visit(&provider->logins, request->cookie);
	pending = logins_add(&provider->logins, wanted);
	authorize_set_cookie(provider, request, pending->visit);
	if (pending->visit->user) {
		request_log(request, "result", "consent-page");
		page_consent(request, pending);
	} else {
		request_log(request, "result", "login-page");
		page_login(request, pending, NULL);
	}
}

void authorize_handle(struct provider *provider, struct request *request)
{
	struct pending wanted = {.state = NULL};
	struct authorize_problem problem;
	enum form_result parsed;
	struct form form;

	parsed = form_parse(request->query, &form);
	if (parsed != FORM_OK) {
		authorize_abort(provider, request, form_problem(parsed));
		goto out;
	}
	if (authorize_read_target(provider, request, &form, &wanted))
		goto out;
	wanted.state = (char *)form_get(&form, "state");
	wanted.nonce = (char *)form_get(&form, "nonce");
	if (authorize_check(&provider->options, &form, &wanted, &problem) ||
	    authorize_check_resource(provider, &form, &problem)) {
		request_log(request, "result", problem.error);
		request_log(request, "reason", problem.reason);
		authorize_return(request, &wanted, "error", problem.error);
		goto out;
	}
	authorize_ask(provider, request, &wanted);
out:
	form_clear(&form);
}
