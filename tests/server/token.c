/* SPDX-License-Identifier: MIT */
/*
 * The token endpoint: authorization_code, refresh_token and
 * client_credentials (RFC 6749, sections 4.1.3, 4.4 and 6; RFC 7636, 4.6).
 *
 * Refresh tokens rotate. One that was superseded and comes back means
 * that somebody has stolen it or lost an answer: its whole family dies,
 * and there is no grace period (RFC 9700, section 4.14.2).
 */
#include "token.h"

#include "encode.h"
#include "hash.h"
#include "mcp.h"
#include "openid.h"
#include "scope.h"
#include "shape.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define REFRESH_LENGTH 200
#define VERIFIER_MIN 43
#define VERIFIER_MAX 128

const char *token_need(const struct exchange *ex, const char *name)
{
	const char *value = form_get(ex->form, name);

	if (!value)
		request_refuse(ex->request, 400, "invalid_request",
			       "missing-parameter");
	return value;
}

static void token_write(const struct exchange *ex, const struct token *access,
			const struct token *refresh)
{
	const struct options *options = &ex->provider->options;
	const struct faults *faults = &ex->request->faults;
	struct answer *answer = &ex->request->answer;
	struct buf *body = &answer->body;

	if (fault_is_on(faults, FAULT_WRONG_TYPE))
		buf_printf(body, "{\"access_token\":%zu",
			   strlen(access->value));
	else
		buf_printf(body, "{\"access_token\":\"%s\"", access->value);
	if (refresh)
		buf_printf(body, ",\"refresh_token\":\"%s\"", refresh->value);
	if (!(options->omit & OMIT_EXPIRES_IN))
		buf_printf(body, ",\"expires_in\":%" PRId64,
			   shape_lifetime(faults, options->access_lifetime));
	if (refresh)
		shape_refresh_lifetime(faults, options->refresh_lifetime, body);
	if (!(options->omit & OMIT_SCOPE))
		shape_scope(faults, access->scope, body);
	if (!shape_is(faults, "no-type")) {
		buf_adds(body, ",\"token_type\":");
		encode_json(body, fault_is_on(faults, FAULT_TOKEN_TYPE)
				      ? faults->token_type
				      : "bearer");
	}
	buf_adds(body, "}");
	answer->status = 200;
	answer->type = "application/json";
}

static struct token *token_issue(const struct exchange *ex,
				 enum token_kind kind, struct family *family,
				 unsigned scope)
{
	const struct options *options = &ex->provider->options;
	bool access = kind == TOKEN_ACCESS;
	int64_t life =
	    access ? options->access_lifetime : options->refresh_lifetime;
	struct token token = {
	    .kind = kind,
	    .family = family,
	    .scope = scope,
	    .expires_ms = util_clock_ms() + life * 1000,
	};
	size_t length = access ? (size_t)options->token_length : REFRESH_LENGTH;

	return grants_add_token(&ex->provider->grants, &token, length);
}

static void token_restore_one(struct grants *grants, const struct token *model,
			      char *value, enum token_kind kind)
{
	struct token token = *model;

	if (!value)
		return;
	token.value = value;
	token.kind = kind;
	grants_add_token(grants, &token, 0);
}

void token_restore(struct provider *provider)
{
	const struct options *options = &provider->options;

	for (size_t i = 0; i < options->grant_count; i++) {
		const struct options_grant *grant = &options->grants[i];
		const struct family family = {
		    .client = grant->client,
		    .user = "demo",
		    .scope = SCOPE_MONITORING | SCOPE_OFFLINE_ACCESS,
		    .given = GIVEN_READ,
		};
		const struct token token = {
		    .family = grants_add_family(&provider->grants, &family),
		    .scope = family.scope,
		    .expires_ms =
			util_clock_ms() + options->refresh_lifetime * 1000,
		};

		token_restore_one(&provider->grants, &token, grant->access,
				  TOKEN_ACCESS);
		token_restore_one(&provider->grants, &token, grant->refresh,
				  TOKEN_REFRESH);
	}
}

static const char *token_check_verifier(const struct code *code,
					const char *verifier)
{
	size_t len = verifier ? strlen(verifier) : 0;

	/* RFC 9700, section 4.8.2: no verifier without a challenge. */
	if (!code->challenge)
		return verifier ? "verifier-without-challenge" : NULL;
	if (!verifier)
		return "no-verifier";
	if (len < VERIFIER_MIN || len > VERIFIER_MAX)
		return "verifier-length";
	for (size_t i = 0; i < len; i++)
		if (!encode_is_unreserved(verifier[i]))
			return "verifier-characters";
	if (!hash_matches_challenge(verifier, code->challenge))
		return "verifier-mismatch";
	return NULL;
}

/* Why the code is no good; it is used up by any try of its own client. */
static const char *token_check_code(const struct exchange *ex,
				    struct code *code, const char *redirect)
{
	struct provider *provider = ex->provider;

	if (!code)
		return "unknown-code";
	if (code->client != ex->client)
		return "other-client";
	if (code->used) {
		provider->stats.code_reuses++;
		if (code->family)
			provider_kill_family(provider, code->family);
		return "code-reused";
	}
	code->used = true;
	if (code->expires_ms <= util_clock_ms())
		return "code-expired";
	if (strcmp(code->redirect, redirect))
		return "redirect-mismatch";
	return token_check_verifier(code, form_get(ex->form, "code_verifier"));
}

struct family *token_answer_login(const struct exchange *ex,
				  const struct family *allowed)
{
	struct family *family =
	    grants_add_family(&ex->provider->grants, allowed);
	const struct token *access, *refresh = NULL;

	family->number = ++ex->provider->given_number;
	ex->request->given = &family->given;
	access = token_issue(ex, TOKEN_ACCESS, family, family->scope);
	if (ex->client->refresh && family->scope & SCOPE_OFFLINE_ACCESS &&
	    !(ex->provider->options.omit & OMIT_REFRESH_TOKEN))
		refresh = token_issue(ex, TOKEN_REFRESH, family, family->scope);
	request_log(ex->request, "result", "ok");
	request_log(ex->request, "refresh_token", refresh ? "1" : "0");
	token_write(ex, access, refresh);
	if (family->scope & SCOPE_OPENID)
		openid_add_token(ex->provider, ex->request, family);
	if (shape_is(&ex->request->faults, "nested"))
		shape_nest(&ex->request->answer.body);
	return family;
}

static void token_by_code(const struct exchange *ex)
{
	const char *value = token_need(ex, "code");
	const char *redirect = value ? token_need(ex, "redirect_uri") : NULL;
	struct family family = {.client = ex->client};
	const char *problem;
	struct code *code;

	if (!redirect)
		return;
	code = grants_find_code(&ex->provider->grants, value);
	problem = token_check_code(ex, code, redirect);
	if (problem) {
		request_refuse(ex->request, 400, "invalid_grant", problem);
		return;
	}
	family.user = code->user;
	family.nonce = code->nonce;
	family.scope = code->scope;
	code->family = token_answer_login(ex, &family);
}

static const char *token_check_refresh(const struct exchange *ex,
				       const struct token *token)
{
	struct provider *provider = ex->provider;
	const char *problem;

	if (!token || token->kind != TOKEN_REFRESH)
		return "unknown-token";
	if (token->family->client != ex->client)
		return "other-client";
	problem = grants_token_problem(&provider->grants, token);
	if (token->superseded) {
		provider->stats.reuses++;
		provider_kill_family(provider, token->family);
	}
	return problem;
}

static void token_rotate(const struct exchange *ex, struct token *old,
			 unsigned scope)
{
	const struct token *access, *refresh = NULL;

	access = token_issue(ex, TOKEN_ACCESS, old->family, scope);
	if (!ex->provider->options.no_rotation) {
		refresh =
		    token_issue(ex, TOKEN_REFRESH, old->family, old->scope);
		old->superseded = true;
		ex->request->rotated = true;
	}
	ex->provider->stats.refreshes_ok++;
	request_log(ex->request, "result", "ok");
	request_log(ex->request, "rotated", refresh ? "1" : "0");
	token_write(ex, access, refresh);
	if (old->family->scope & SCOPE_OPENID)
		openid_add_token(ex->provider, ex->request, old->family);
}

static void token_by_refresh(const struct exchange *ex)
{
	const char *value = token_need(ex, "refresh_token");
	const char *wanted = form_get(ex->form, "scope");
	struct token *token;
	const char *problem;
	unsigned scope;

	if (!value)
		return;
	token = grants_find_token(&ex->provider->grants, value);
	problem = token_check_refresh(ex, token);
	if (problem) {
		request_refuse(ex->request, 400, "invalid_grant", problem);
		return;
	}
	scope = token->scope;
	if (wanted && (scope_parse(wanted, &scope) || scope & ~token->scope)) {
		request_refuse(ex->request, 400, "invalid_scope",
			       "scope-wider");
		return;
	}
	token_rotate(ex, token, scope);
}

static void token_by_client(const struct exchange *ex)
{
	const char *wanted = form_get(ex->form, "scope");
	struct family family = {.client = ex->client};

	if (!wanted || scope_parse(wanted, &family.scope)) {
		request_refuse(ex->request, 400, "invalid_scope", "scope");
		return;
	}
	/* No refresh token here (RFC 6749, section 4.4.3). */
	if (family.scope & SCOPE_OFFLINE_ACCESS) {
		request_refuse(ex->request, 400, "invalid_scope",
			       "offline-access");
		return;
	}
	request_log(ex->request, "result", "ok");
	token_write(
	    ex,
	    token_issue(ex, TOKEN_ACCESS,
			grants_add_family(&ex->provider->grants, &family),
			family.scope),
	    NULL);
}

/* May a client of this kind use this grant? */
static bool token_grant_allowed(const struct client *client, const char *grant)
{
	if (!strcmp(grant, "client_credentials"))
		return client->kind == CLIENT_API;
	if (client->kind == CLIENT_API)
		return false;
	return client->refresh || strcmp(grant, "refresh_token");
}

static const struct token_grant {
	const char *name;
	void (*handle)(const struct exchange *ex);
	size_t count; /* where in struct stats */
} token_grants[] = {
    {"authorization_code", token_by_code, offsetof(struct stats, grant_code)},
    {"refresh_token", token_by_refresh, offsetof(struct stats, grant_refresh)},
    {"client_credentials", token_by_client,
     offsetof(struct stats, grant_client)},
    {"urn:ietf:params:oauth:grant-type:device_code", device_token,
     offsetof(struct stats, grant_device)},
};

#define TOKEN_GRANT_COUNT (sizeof(token_grants) / sizeof(*token_grants))

/* Finds, counts and logs the grant; only known names get to the log. */
static const struct token_grant *token_find_grant(const struct exchange *ex)
{
	const char *name = form_get(ex->form, "grant_type");
	struct stats *stats = &ex->provider->stats;

	for (size_t i = 0; name && i < TOKEN_GRANT_COUNT; i++) {
		if (strcmp(token_grants[i].name, name) ||
		    (token_grants[i].handle == device_token &&
		     !ex->provider->options.device))
			continue;
		(*(uint64_t *)((char *)stats + token_grants[i].count))++;
		request_log(ex->request, "grant", name);
		return &token_grants[i];
	}
	stats->grant_other++;
	return NULL;
}

static void token_dispatch(struct exchange *ex)
{
	const struct token_grant *grant = token_find_grant(ex);

	if (client_authenticate(ex->provider, ex->request, ex->form,
				&ex->client))
		return;
	if (!token_need(ex, "grant_type"))
		return;
	if (!grant)
		request_refuse(ex->request, 400, "unsupported_grant_type",
			       "unknown-grant");
	else if (!mcp_resource_ok(ex->provider, ex->form))
		request_refuse(ex->request, 400, "invalid_target", "resource");
	else if (!token_grant_allowed(ex->client, grant->name))
		request_refuse(ex->request, 400, "unauthorized_client",
			       "grant-not-allowed");
	else
		grant->handle(ex);
}

/* What some clients send at the end of a refresh, blanks not encoded. */
static void token_cut_scope(struct provider *provider, char *body)
{
	char *scope = strstr(body, "&scope=");

	if (provider->options.any_scope && scope &&
	    strstr(body, "grant_type=refresh_token"))
		*scope = '\0';
}

/* A parameter that a test looks for; a log has no blanks in a value. */
static void token_log(struct request *request, const struct form *form,
		      const char *name)
{
	const char *value = form_get(form, name);
	char word[128];

	if (!value)
		return;
	snprintf(word, sizeof(word), "%s", value);
	for (char *c = word; *c; c++)
		if (!encode_is_unreserved(*c))
			*c = '+';
	request_log(request, name, word);
}

void token_handle(struct provider *provider, struct request *request)
{
	struct form form = {.count = 0};
	struct exchange ex = {provider, request, &form, NULL};
	enum form_result parsed;

	answer_header(&request->answer, "Cache-Control", "no-store");
	answer_header(&request->answer, "Pragma", "no-cache");
	if (shape_refuse(request))
		return;
	if (shape_take_json(request)) {
		request_refuse(request, 400, "invalid_request", "content-type");
		return;
	}
	if (*request->query) {
		request_refuse(request, 400, "invalid_request", "query");
		return;
	}
	if (request->body.len)
		token_cut_scope(provider, request->body.data);
	parsed = form_parse(buf_text(&request->body), &form);
	token_log(request, &form, "audience");
	token_log(request, &form, "scope");
	token_log(request, &form, "resource");
	if (parsed == FORM_OK)
		token_dispatch(&ex);
	else
		request_refuse(request, 400, "invalid_request",
			       form_problem(parsed));
	form_clear(&form);
}
