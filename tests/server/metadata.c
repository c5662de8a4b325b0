/* SPDX-License-Identifier: MIT */
/*
 * The metadata of RFC 8414, member by member as NinjaOne publishes them:
 * the issuer ends in a slash, and scopes_supported is not complete. And the
 * pages of --page, which say anything else.
 */
#include "provider.h"

#include "encode.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

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
	if (provider->options.device)
		metadata_url(body, "device_authorization_endpoint", provider,
			     "/ws/oauth/device_authorization");
	if (provider->options.registers)
		metadata_url(body, "registration_endpoint", provider,
			     "/ws/oauth/register");
	buf_adds(body, "\"response_types_supported\":[\"code\"],"
		       "\"grant_types_supported\":[\"authorization_code\","
		       "\"client_credentials\",\"refresh_token\"");
	if (provider->options.device)
		buf_adds(body, ",\"urn:ietf:params:oauth:grant-type:"
			       "device_code\"");
	buf_adds(body, "],"
		       "\"token_endpoint_auth_methods_supported\":"
		       "[\"client_secret_basic\",\"client_secret_post\"");
	if (provider->options.registers)
		buf_adds(body, ",\"none\"");
	buf_adds(body, "],"
		       "\"code_challenge_methods_supported\":[\"S256\"],"
		       "\"scopes_supported\":[\"monitoring\"");
	if (provider->options.mcp)
		buf_adds(body, ",\"management\",\"offline_access\"");
	buf_adds(body, "]}");
	request->answer.status = 200;
	request->answer.type = "application/json";
	request_log(request, "result", "ok");
}

/* What came, for the test to look at; it may hold secrets. */
static void metadata_keep(const struct request *request, const char *file)
{
	struct buf path = {0};
	FILE *out;

	buf_printf(&path, "%s.body", file);
	out = fopen(buf_text(&path), "we");
	if (out && fchmod(fileno(out), 0600) == 0)
		fprintf(out, "%s %s\n%s", request->method,
			request->authorization ? request->authorization : "-",
			buf_text(&request->body));
	if (out)
		fclose(out);
	buf_clear(&path);
}

/* A file that went away is a page that is not there. */
static void metadata_serve(const struct provider *provider,
			   struct request *request, const char *file)
{
	static const char mark[] = "{origin}";
	struct buf *body = &request->answer.body;
	char *text = NULL, *from, *at;

	if (util_read_file(file, &text)) {
		request_fail(request, 404, "no-such-page");
		return;
	}
	request->answer.status = (int)strtol(text, &from, 10);
	if (from == text)
		request->answer.status = 200;
	for (; (at = strstr(from, mark)); from = at + strlen(mark)) {
		buf_add(body, from, (size_t)(at - from));
		buf_adds(body, provider->origin);
	}
	buf_adds(body, from);
	free(text);
	request->answer.type = "application/json";
	request_log(request, "result", "page");
}

bool metadata_page(struct provider *provider, struct request *request)
{
	const struct options *options = &provider->options;

	for (size_t i = 0; i < options->page_count; i++)
		if (!strcmp(request->path, options->pages[i].path)) {
			if (strcmp(request->method, "GET"))
				metadata_keep(request, options->pages[i].file);
			metadata_serve(provider, request,
				       options->pages[i].file);
			return true;
		}
	return false;
}
