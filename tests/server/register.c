/* SPDX-License-Identifier: MIT */
/*
 * Dynamic registration (RFC 7591, 7592), with --register: native clients without
 * a secret, with the one redirect URI that they name, port and all; they can be
 * deleted again. Tests count those that are left.
 */
#include "provider.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define ID_LENGTH 24
#define TOKEN_LENGTH 43
#define MANAGE_PATH "/ws/oauth/client"

/* The first one, if it is written plainly. */
static char *register_redirect(const struct request *request)
{
	static const char mark[] = "\"redirect_uris\":[\"";
	const char *at = strstr(buf_text(&request->body), mark);

	at = at ? at + strlen(mark) : "";
	return util_strndup(at, strcspn(at, "\"\\"));
}

const struct client *register_find(const struct provider *provider,
				   const char *id)
{
	const struct options *options = &provider->options;
	const struct registered *at = provider->registered;
	const struct client *client =
	    client_find(options->clients, options->client_count, id);

	while (!client && id && at && (at->deleted || strcmp(at->id, id)))
		at = at->next;
	return client || !id || !at ? client : &at->client;
}

void register_handle(struct provider *provider, struct request *request)
{
	struct registered *made = util_alloc(sizeof(*made));
	struct buf *body = &request->answer.body;

	made->number = ++provider->given_number;
	made->id = util_random(ID_LENGTH);
	made->token = util_random(TOKEN_LENGTH);
	made->client = (struct client){
	    .id = util_strdup(made->id),
	    .kind = CLIENT_NATIVE,
	    .redirect = register_redirect(request),
	    .refresh = true,
	};
	made->next = provider->registered;
	provider->registered = made;
	request->given = &made->given;
	buf_printf(body,
		   "{\"client_id\":\"%s\",\"registration_access_token\":\"%s\","
		   "\"registration_client_uri\":\"%s" MANAGE_PATH "\","
		   "\"token_endpoint_auth_method\":\"none\"}",
		   made->id, made->token, provider->origin);
	request->answer.status = 201;
	request->answer.type = "application/json";
	answer_header(&request->answer, "Cache-Control", "no-store");
	request_log(request, "result", "ok");
}

/* Its token names the client. */
void register_delete_handle(struct provider *provider, struct request *request)
{
	const char *header = request->authorization;
	struct registered *at = provider->registered;

	if (!header || strncasecmp(header, "Bearer ", 7) != 0)
		at = NULL;
	while (at && (at->deleted || !util_same(at->token, header + 7)))
		at = at->next;
	if (!at) {
		request_fail(request, 401, "unknown-token");
		return;
	}
	at->deleted = true;
	request->answer.status = 204;
	request_log(request, "result", "ok");
}

void register_free(struct provider *provider)
{
	while (provider->registered) {
		struct registered *next = provider->registered->next;

		client_clear(&provider->registered->client);
		free(provider->registered->id);
		free(provider->registered->token);
		free(provider->registered);
		provider->registered = next;
	}
}
