/* SPDX-License-Identifier: MIT */
/*
 * ID tokens and the UserInfo endpoint: see openid.h. The person NAME has the
 * subject user-NAME and the address NAME@example.com. The signature is none:
 * random bytes stand for it.
 */
#include "openid.h"

#include "encode.h"
#include "scope.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

#define HUGE_BYTES 100000

/* The claims of one id_token; what is "" is left out. */
struct claims {
	const char *issuer;
	const char *audience;
	const char *nonce;
	int64_t issued, lifetime;
	unsigned number; /* no two are the same */
	bool crowd;	 /* an audience of two, azp not said */
	bool nobody;	 /* no subject */
	bool bare;	 /* no name but the subject */
	bool verified;
	size_t filler;
};

static void openid_member(struct buf *json, const char *name, const char *value)
{
	buf_printf(json, "%s\"%s\":", json->len > 1 ? "," : "", name);
	encode_json(json, value);
}

static void openid_person(struct buf *json, const char *user, bool verified)
{
	struct buf address = {0};

	buf_printf(&address, "%s@example.com", user);
	openid_member(json, "email", buf_text(&address));
	openid_member(json, "preferred_username", user);
	buf_printf(json, ",\"email_verified\":%s", verified ? "true" : "false");
	buf_clear(&address);
}

static void openid_subject(struct buf *json, const char *user)
{
	struct buf subject = {0};

	buf_printf(&subject, "user-%s", user);
	openid_member(json, "sub", buf_text(&subject));
	buf_clear(&subject);
}

static void openid_spoil(const char *kind, struct claims *claims)
{
	if (!strcmp(kind, "iss"))
		claims->issuer = "https://other.example/";
	else if (!strcmp(kind, "aud"))
		claims->audience = "other-client";
	else if (!strcmp(kind, "nonce"))
		claims->nonce = "another-login";
	else if (!strcmp(kind, "expired"))
		claims->issued -= 7200;
	else if (!strcmp(kind, "future"))
		claims->issued += 7200;
	claims->crowd = !strcmp(kind, "azp");
	claims->nobody = !strcmp(kind, "nobody");
	claims->bare = !strcmp(kind, "bare");
	claims->verified = strcmp(kind, "unverified") != 0;
	claims->filler = !strcmp(kind, "huge") ? HUGE_BYTES : 0;
}

static void openid_claims(const struct claims *claims, const char *user,
			  struct buf *json)
{
	buf_adds(json, "{");
	openid_member(json, "iss", claims->issuer);
	if (claims->crowd)
		buf_printf(json, ",\"aud\":[\"%s\",\"other-client\"]",
			   claims->audience);
	else
		openid_member(json, "aud", claims->audience);
	if (claims->nonce)
		openid_member(json, "nonce", claims->nonce);
	buf_printf(
	    json, ",\"iat\":%" PRId64 ",\"exp\":%" PRId64 ",\"jti\":\"%u\"",
	    claims->issued, claims->issued + claims->lifetime, claims->number);
	if (!claims->nobody)
		openid_subject(json, user);
	if (!claims->bare)
		openid_person(json, user, claims->verified);
	if (claims->filler)
		buf_printf(json, ",\"filler\":\"%0*d\"", (int)claims->filler,
			   0);
	buf_adds(json, "}");
}

static void openid_part(struct buf *out, const struct buf *json)
{
	encode_base64url(out, (const unsigned char *)json->data, json->len);
}

void openid_add_token(const struct provider *provider, struct request *request,
		      const struct family *family)
{
	const struct faults *faults = &request->faults;
	const char *kind =
	    fault_is_on(faults, FAULT_ID_TOKEN) ? faults->id_token : "";
	const char *user = strcmp(kind, "other") ? family->user : "mallory";
	static unsigned number;
	struct buf *body = &request->answer.body;
	struct buf issuer = {0}, json = {0}, token = {0};
	struct claims claims = {.audience = family->client->id,
				.nonce = family->nonce,
				.issued = (int64_t)time(NULL),
				.lifetime =
				    provider->options.id_token_lifetime};

	claims.number = ++number;
	if (!strcmp(kind, "missing"))
		return;
	buf_printf(&issuer, "%s/", provider->origin);
	claims.issuer = buf_text(&issuer);
	openid_spoil(kind, &claims);
	buf_adds(&json, "{\"alg\":\"RS256\",\"typ\":\"JWT\"}");
	openid_part(&token, &json);
	buf_clear(&json);
	openid_claims(&claims, user, &json);
	buf_adds(&token, ".");
	openid_part(&token, &json);
	buf_adds(&token, ".c2lnbmF0dXJl");
	body->data[--body->len] = '\0';
	openid_member(body, "id_token",
		      strcmp(kind, "garbage") ? buf_text(&token) : "a.b=.c!");
	buf_adds(body, "}");
	buf_clear(&issuer);
	buf_clear(&json);
	buf_clear(&token);
}

void userinfo_handle(struct provider *provider, struct request *request)
{
	const struct token *token = api_token(provider, request);
	const struct faults *faults = &provider->faults;
	const char *kind =
	    fault_is_on(faults, FAULT_USERINFO) ? faults->userinfo : "";
	struct buf *body = &request->answer.body;
	const char *user;

	if (!token)
		return;
	if (!token->family->user || !strcmp(kind, "gone")) {
		request_fail(request, 404, "nobody");
		return;
	}
	if (!strcmp(kind, "html")) {
		page_proxy(request);
		return;
	}
	user = strcmp(kind, "other") ? token->family->user : "mallory";
	buf_adds(body, "{");
	openid_subject(body, user);
	if (strcmp(kind, "bare"))
		openid_person(body, user, true);
	buf_adds(body, "}");
	request->answer.status = 200;
	request->answer.type = "application/json";
	request_log(request, "result", "ok");
}
