/* SPDX-License-Identifier: MIT */
/*
 * The registered clients and their authentication: see client.h.
 *
 * Redirect URIs are compared as strings. A native client may use any port
 * of 127.0.0.1, but neither a path nor another name for that address.
 */
#include "client.h"

#include "assertion.h"
#include "encode.h"
#include "hash.h"
#include "provider.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define CLIENT_FIELDS 5
#define NATIVE_ORIGIN "http://127.0.0.1:"

/* What the request says about its client. */
struct credentials {
	char *id;
	char *secret;
	const char *assertion;
	bool basic;
};

static int client_read_kind(const char *name, enum client_kind *kind)
{
	static const struct {
		const char *name;
		enum client_kind kind;
	} kinds[] = {
	    {"web", CLIENT_WEB},
	    {"native", CLIENT_NATIVE},
	    {"api", CLIENT_API},
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		*kind = kinds[i].kind;
		if (!strcmp(kinds[i].name, name))
			return 0;
	}
	return -1;
}

static int client_read_refresh(const char *word, bool *refresh)
{
	*refresh = !word || !*word || !strcmp(word, "refresh");
	return *refresh || !strcmp(word, "norefresh") ? 0 : -1;
}

static int client_fill(struct client *client, char **fields)
{
	bool native, has_secret = *fields[2], has_redirect = *fields[3];

	if (!*fields[0] || client_read_kind(fields[1], &client->kind) ||
	    client_read_refresh(fields[4], &client->refresh))
		return -1;
	native = client->kind == CLIENT_NATIVE;
	if (has_secret == native || (native && has_redirect) ||
	    (client->kind == CLIENT_WEB && !has_redirect))
		return -1;
	if (has_secret && util_read_file(fields[2], &client->secret))
		return -1;
	if (has_secret && !*client->secret)
		return -1;
	if (has_redirect)
		client->redirect = util_strdup(fields[3]);
	client->id = util_strdup(fields[0]);
	return 0;
}

int client_read(struct client *client, const char *text)
{
	char *copy = util_strdup(text), *rest = copy;
	char *fields[CLIENT_FIELDS + 1] = {NULL};
	size_t count = 0;
	int rc = -1;

	memset(client, 0, sizeof(*client));
	while (rest && count <= CLIENT_FIELDS)
		fields[count++] = strsep(&rest, ",");
	if (count == 4 || count == CLIENT_FIELDS)
		rc = client_fill(client, fields);
	if (rc)
		client_clear(client);
	free(copy);
	return rc;
}

/* The client of ID=FILE[,MORE], the file's text, and what stands behind. */
static struct client *client_of_file(struct client *clients, size_t count,
				     const char *text, char **content,
				     char **more)
{
	char *copy = util_strdup(text), *path = strchr(copy, '=');
	struct client *found = NULL;

	*content = *more = NULL;
	if (path)
		*path++ = 0;
	for (size_t i = 0; path && i < count; i++)
		if (!strcmp(clients[i].id, copy))
			found = &clients[i];
	if (found && strchr(path, ',')) {
		*more = util_strdup(strchr(path, ',') + 1);
		*strchr(path, ',') = 0;
	}
	if (found && util_read_file(path, content))
		found = NULL;
	free(copy);
	return found;
}

int client_read_key(struct client *clients, size_t count, const char *text)
{
	char *content, *more;
	struct client *client =
	    client_of_file(clients, count, text, &content, &more);

	if (client && !client->public_key) {
		client->public_key = content;
		client->key_id = more;
		return 0;
	}
	free(content);
	free(more);
	return -1;
}

int client_read_certificate(struct client *clients, size_t count,
			    const char *text)
{
	char *content, *more;
	struct client *client =
	    client_of_file(clients, count, text, &content, &more);
	int rc = -1;

	if (client && content && !client->fingerprint) {
		client->fingerprint = assertion_fingerprint(content);
		rc = client->fingerprint ? 0 : -1;
	}
	free(content);
	free(more);
	return rc;
}

void client_clear(struct client *client)
{
	free(client->id);
	free(client->secret);
	free(client->redirect);
	free(client->public_key);
	free(client->key_id);
	free(client->fingerprint);
	memset(client, 0, sizeof(*client));
}

const struct client *client_find(const struct client *clients, size_t count,
				 const char *id)
{
	for (size_t i = 0; id && i < count; i++)
		if (!strcmp(clients[i].id, id))
			return &clients[i];
	return NULL;
}

bool client_allows_redirect(const struct client *client, const char *uri)
{
	int64_t port;

	if (client->kind != CLIENT_NATIVE || client->redirect)
		return client->redirect && !strcmp(client->redirect, uri);
	if (strncmp(uri, NATIVE_ORIGIN, strlen(NATIVE_ORIGIN)))
		return false;
	uri += strlen(NATIVE_ORIGIN);
	return strlen(uri) <= 5 && !util_number(uri, 1, 65535, &port);
}

/* RFC 6749, section 2.3.1: both halves are form-encoded before base64. */
static int client_read_basic(const char *header, struct credentials *found)
{
	char *pair = NULL, *colon;
	int rc = -1;

	found->basic = true;
	if (strncasecmp(header, "Basic ", 6))
		return -1;
	if (hash_base64_decode(header + 6, &pair))
		return -1;
	colon = strchr(pair, ':');
	if (!colon)
		goto out;
	if (encode_form_decode(pair, (size_t)(colon - pair), &found->id))
		goto out;
	rc = encode_form_decode(colon + 1, strlen(colon + 1), &found->secret);
out:
	free(pair);
	return rc;
}

static int client_refuse(struct request *request, bool basic,
			 const char *reason)
{
	if (basic)
		answer_header(&request->answer, "WWW-Authenticate",
			      "Basic realm=\"NinjaOne\"");
	request_refuse(request, 401, "invalid_client", reason);
	return -1;
}

static int client_collect(struct request *request, const struct form *form,
			  struct credentials *found)
{
	const char *id = form_get(form, "client_id");
	const char *secret = form_get(form, "client_secret");
	const char *type = form_get(form, "client_assertion_type");

	found->assertion = form_get(form, "client_assertion");
	if ((type && strcmp(type, ASSERTION_TYPE)) ||
	    !type != !found->assertion ||
	    (type && (secret || request->authorization))) {
		request_refuse(request, 400, "invalid_request",
			       "two-client-authentications");
		return -1;
	}
	if (request->authorization) {
		if (client_read_basic(request->authorization, found))
			return client_refuse(request, true, "bad-basic");
		if (secret || (id && strcmp(id, found->id))) {
			request_refuse(request, 400, "invalid_request",
				       "two-client-authentications");
			return -1;
		}
		return 0;
	}
	found->id = id ? util_strdup(id) : NULL;
	found->secret = secret ? util_strdup(secret) : NULL;
	return 0;
}

/* A client with a key or a certificate has nothing else to show. */
static int client_check_key(struct provider *provider, struct request *request,
			    const struct client *client,
			    const struct credentials *found)
{
	const char *why = NULL;

	if (found->secret || (!client->public_key && found->assertion))
		why = "not-the-registered-method";
	else if (client->public_key)
		why = assertion_check(provider, request, client,
				      found->assertion);
	else if (!request->certificate ||
		 strcmp(request->certificate, client->fingerprint))
		why = "certificate";
	return why ? client_refuse(request, found->basic, why) : 0;
}

static int client_check(struct provider *provider, struct request *request,
			const struct client *client,
			const struct credentials *found)
{
	if (!found->id)
		return client_refuse(request, found->basic, "no-client");
	if (!client)
		return client_refuse(request, found->basic, "unknown-client");
	request_log(request, "client", client->id);
	if (client->public_key || client->fingerprint)
		return client_check_key(provider, request, client, found);
	if (found->assertion)
		return client_refuse(request, found->basic, "no-key");
	if (client->kind == CLIENT_NATIVE)
		return !found->secret ? 0
				      : client_refuse(request, found->basic,
						      "secret-from-native");
	if (!found->secret)
		return client_refuse(request, found->basic, "no-secret");
	if (!util_same(client->secret, found->secret))
		return client_refuse(request, found->basic, "wrong-secret");
	return 0;
}

int client_authenticate(struct provider *provider, struct request *request,
			const struct form *form, const struct client **out)
{
	struct credentials found = {NULL, NULL, NULL, false};
	const struct client *client;
	int rc;

	*out = NULL;
	rc = client_collect(request, form, &found);
	if (rc)
		goto out;
	client = register_find(provider, found.id);
	rc = client_check(provider, request, client, &found);
	if (!rc)
		*out = client;
out:
	free(found.id);
	free(found.secret);
	return rc;
}
