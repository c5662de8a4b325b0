/* SPDX-License-Identifier: MIT */
/*
 * The two forms between an authorize request and its answer: somebody
 * logs in, and somebody allows or denies. Both need the key from the page
 * and the cookie of the browser that got the page.
 */
#include "provider.h"

#include "authorize.h"

#include <string.h>

/* The pending request that a form speaks of; else the answer is ready. */
static struct pending *consent_read(struct provider *provider,
				    struct request *request, struct form *form)
{
	struct pending *pending = NULL;

	memset(form, 0, sizeof(*form));
	if (request_is_form(request) &&
	    form_parse(buf_text(&request->body), form) == FORM_OK)
		pending =
		    logins_find(&provider->logins, form_get(form, "sessionKey"),
				request->cookie);
	if (!pending) {
		request_log(request, "result", "no-key");
		page_message(request, 400, "Something went wrong",
			     "Missing or empty sessionKey.");
		return NULL;
	}
	request_log(request, "client", pending->client->id);
	return pending;
}

const struct user *consent_check_user(const struct options *options,
				      const struct form *form)
{
	const char *name = form_get(form, "username");
	const char *password = form_get(form, "password");

	for (size_t i = 0; name && password && i < options->user_count; i++)
		if (!strcmp(options->users[i].name, name) &&
		    util_same(options->users[i].password, password))
			return &options->users[i];
	return NULL;
}

void login_handle(struct provider *provider, struct request *request)
{
	const struct user *user;
	struct pending *pending;
	struct form form;

	pending = consent_read(provider, request, &form);
	if (!pending)
		goto out;
	user = consent_check_user(&provider->options, &form);
	if (!user) {
		request_log(request, "result", "wrong-password");
		page_login(request, pending,
			   "The user name or the password is wrong.");
		goto out;
	}
	pending->visit->user = user->name;
	logins_renew(pending->visit);
	authorize_set_cookie(provider, request, pending->visit);
	request_log(request, "result", "ok");
	page_consent(request, pending);
out:
	form_clear(&form);
}

static void consent_allow(struct provider *provider, struct request *request,
			  const struct pending *pending)
{
	struct code code = {
	    .client = pending->client,
	    .user = pending->visit->user,
	    .redirect = pending->redirect,
	    .challenge = pending->challenge,
	    .nonce = pending->nonce,
	    .scope = pending->scope,
	};
	const struct code *added = grants_add_code(&provider->grants, &code);

	request_log(request, "result", "allowed");
	authorize_return(request, pending, "code", added->value);
}

void consent_handle(struct provider *provider, struct request *request)
{
	struct pending *pending;
	const char *answer;
	struct form form;

	pending = consent_read(provider, request, &form);
	if (!pending)
		goto out;
	answer = form_get(&form, "answer");
	if (!pending->visit->user || !answer) {
		request_log(request, "result", "login-page");
		page_login(request, pending, "Please log in first.");
		goto out;
	}
	if (!strcmp(answer, "allow")) {
		consent_allow(provider, request, pending);
	} else {
		request_log(request, "result", "denied");
		authorize_return(request, pending, "error", "access_denied");
	}
	logins_remove(&provider->logins, pending);
out:
	form_clear(&form);
}
