/* SPDX-License-Identifier: MIT */
/*
 * The metadata of RFC 8414, member by member as NinjaOne publishes them:
 * the issuer ends in a slash, and scopes_supported is not complete.
 */
#include "provider.h"

#include "encode.h"

static void metadata_url(struct buf *body, const char *name,
			 const struct provider *provider, const char *path)
{
	struct buf url = {0};

	buf_printf(&url, "%s%s", provider->origin, path);
	buf_printf(body, "\"%s\":", name);
	encode_json(body, buf_text(&url));
	buf_adds(body, ",");
	buf_clear(&url);
}

void metadata_handle(struct provider *provider, struct request *request)
{
	struct buf *body = &request->answer.body;

	buf_adds(body, "{");
	metadata_url(body, "issuer", provider, "/");
	metadata_url(body, "authorization_endpoint", provider,
		     "/ws/oauth/authorize");
	metadata_url(body, "revocation_endpoint", provider, "/ws/oauth/revoke");
	metadata_url(body, "token_endpoint", provider, "/ws/oauth/token");
	buf_adds(body, "\"response_types_supported\":[\"code\"],"
		       "\"grant_types_supported\":[\"authorization_code\","
		       "\"client_credentials\",\"refresh_token\"],"
		       "\"token_endpoint_auth_methods_supported\":"
		       "[\"client_secret_basic\",\"client_secret_post\"],"
		       "\"code_challenge_methods_supported\":[\"S256\"],"
		       "\"scopes_supported\":[\"monitoring\"]}");
	request->answer.status = 200;
	request->answer.type = "application/json";
	request_log(request, "result", "ok");
}
