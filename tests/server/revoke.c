/* SPDX-License-Identifier: MIT */
/*
 * The revocation endpoint (RFC 7009). A refresh token takes its family
 * with it; an access token goes alone. A token that nobody knows is
 * answered like one that was revoked (section 2.2).
 */
#include "provider.h"
#include "shape.h"

#include <string.h>

static bool revoke_busy(struct provider *provider, struct request *request)
{
	if (!provider->revoke_503)
		return false;
	provider->revoke_503--;
	request_fail(request, 503, "busy");
	answer_retry_after(&request->answer, 1);
	return true;
}

/* All that the same person has given the same client, as some providers do. */
static void revoke_person(struct provider *provider, const struct family *of)
{
	struct family *family = provider->grants.families;

	for (; family; family = family->next)
		if (family->client == of->client && family->user && of->user &&
		    !strcmp(family->user, of->user))
			provider_kill_family(provider, family);
}

static void revoke_token(struct provider *provider, struct request *request,
			 struct token *token)
{
	request->answer.status =
	    shape_is(&provider->faults, "no-content") ? 204 : 200;
	if (!token) {
		request_log(request, "result", "ok");
		request_log(request, "reason", "unknown-token");
		return;
	}
	request_log(request, "result", "ok");
	provider->stats.revocations++;
	if (provider->options.revoke_person)
		revoke_person(provider, token->family);
	if (token->kind == TOKEN_REFRESH) {
		request_log(request, "kind", "refresh");
		provider_kill_family(provider, token->family);
	} else {
		request_log(request, "kind", "access");
		token->revoked = true;
	}
}

static void revoke_dispatch(struct provider *provider, struct request *request,
			    const struct form *form)
{
	const char *value = form_get(form, "token");
	const struct client *client;
	struct token *token;

	if (client_authenticate(provider, request, form, &client))
		return;
	if (!value) {
		request_refuse(request, 400, "invalid_request",
			       "missing-parameter");
		return;
	}
	/* The hint may be ignored (section 2.1): one table has them all. */
	token = grants_find_token(&provider->grants, value);
	if (token && token->family->client != client) {
		request_refuse(request, 400, "invalid_grant", "other-client");
		return;
	}
	revoke_token(provider, request, token);
}

void revoke_handle(struct provider *provider, struct request *request)
{
	enum form_result parsed;
	struct form form;

	if (revoke_busy(provider, request))
		return;
	answer_header(&request->answer, "Cache-Control", "no-store");
	if (!request_is_form(request) || *request->query) {
		request_refuse(request, 400, "invalid_request", "not-a-form");
		return;
	}
	parsed = form_parse(buf_text(&request->body), &form);
	if (parsed == FORM_OK)
		revoke_dispatch(provider, request, &form);
	else
		request_refuse(request, 400, "invalid_request",
			       form_problem(parsed));
	form_clear(&form);
}
