/* SPDX-License-Identifier: MIT */
/*
 * proxy_token.c - see proxy_token.h. Only what a program without a person asks
 * for: client credentials and refreshes. What a refresh token is does not matter
 * once the client has shown the secret, so that one from an earlier start of the
 * proxy does not stop it.
 */
#include "proxy_token.h"

#include "core/form.h"
#include "core/record.h"
#include "core/text.h"

#include <string.h>

#define LIFETIME_S 3600

/* RFC 6749 5.2. */
static int refuse_token(struct buf *json, int status, const char *error,
			const char *why)
{
	return buf_fmt(json, "{\"error\":\"%s\",\"error_description\":\"%s\"}",
		       error, why)
		   ? 0
		   : status;
}

/* RFC 6749 3.2: each at most once. */
static bool is_repeated(const struct record *form)
{
	static const char *const names[] = {"grant_type",    "client_id",
					    "client_secret", "refresh_token",
					    "scope",	     NULL};
	const char *first;

	for (const char *const *name = names; *name; name++) {
		first = record_next(form, *name, NULL);
		if (first && record_next(form, *name, first))
			return true;
	}
	return false;
}

static int give_token(const struct proxy_token_request *request, bool refresh,
		      struct buf *json)
{
	const char *secret = request->guard->secret;
	int rc = buf_fmt(json,
			 "{\"access_token\":\"%s\",\"token_type\":\"Bearer\","
			 "\"expires_in\":%d",
			 secret, LIFETIME_S);

	if (!rc && refresh)
		rc = buf_fmt(json, ",\"refresh_token\":\"%s\"", secret);
	if (!rc && request->scope)
		rc = buf_str(json, ",\"scope\":") ||
		     text_json_string(json, request->scope);
	return rc || buf_char(json, '}') ? 0 : 200;
}

static int answer_form(const struct proxy_token_request *request,
		       const struct record *form, struct buf *json)
{
	const char *grant = record_get(form, "grant_type");
	const char *secret = record_get(form, "client_secret");
	bool refresh = grant && strcmp(grant, "refresh_token") == 0;

	if (!request->known &&
	    (!secret ||
	     !proxy_guard_secret_is(request->guard, secret, strlen(secret))))
		return refuse_token(json, 401, "invalid_client",
				    "The client secret is not the one that "
				    "valetkey proxy has given.");
	if (!grant || (refresh && !record_get(form, "refresh_token")))
		return refuse_token(json, 400, "invalid_request",
				    "A parameter is missing.");
	if (!refresh && strcmp(grant, "client_credentials") != 0)
		return refuse_token(json, 400, "unsupported_grant_type",
				    "Here a person has logged in already: ask "
				    "with client_credentials.");
	return give_token(request, refresh, json);
}

int proxy_token_answer(const struct proxy_token_request *request,
		       struct buf *json)
{
	struct record form = {0};
	enum record_error error =
	    form_read(buf_text(request->body), request->body->len, &form);
	int status = 0;

	if (error == RECORD_MALFORMED || is_repeated(&form))
		status = refuse_token(json, 400, "invalid_request",
				      "The body is not a form, or names "
				      "something twice.");
	else if (!error)
		status = answer_form(request, &form, json);
	record_free(&form);
	return status;
}
