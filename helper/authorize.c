/* SPDX-License-Identifier: MIT */
/*
 * authorize.c - see authorize.h. Makes the request; preflight.c looks at it.
 */
#include "authorize.h"
#include "endpoint.h"
#include "random.h"
#include "scope.h"
#include "valetkey.h"

#include <stdlib.h>
#include <string.h>

static int no_memory(struct problem *problem)
{
	return problem_set(problem, VALETKEY_ERR_NOMEM, "Out of memory.");
}

static int bad_redirect(const struct client *client, struct problem *problem)
{
	char quoted[PROBLEM_QUOTE_MAX];

	return problem_set(problem, VALETKEY_ERR_ARG,
			   "The redirect_uri \"%s\" of account %s is not a "
			   "http:// URI of this machine (127.0.0.1, [::1] or "
			   "localhost). Register one there and set it in the "
			   "account's file.",
			   problem_quote(quoted, client->redirect_uri),
			   client->account);
}

/* http://HOST[:PORT][/PATH], PORT a number or {port}. */
static int split_redirect(const struct client *client, struct authorization *to,
			  struct problem *problem)
{
	const char *uri = client->redirect_uri;
	const char *host, *rest;
	size_t len;

	if (!uri || strncmp(uri, "http://", 7) != 0 || strchr(uri, '#') ||
	    strchr(uri, '?'))
		return bad_redirect(client, problem);
	host = uri + 7;
	len = *host == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":/");
	if (len > strlen(host) || buf_add(&to->host, host, len))
		return bad_redirect(client, problem);
	rest = host + len;
	to->port = 80;
	if (strncmp(rest, ":{port}", 7) == 0) {
		to->port = 0;
		rest += 7;
	} else if (*rest == ':') {
		unsigned long port = strtoul(rest + 1, (char **)&rest, 10);

		if (port < 1 || port > 65535)
			return bad_redirect(client, problem);
		to->port = (uint16_t)port;
	}
	if (*rest && *rest != '/')
		return bad_redirect(client, problem);
	if (strcmp(to->host.data, "127.0.0.1") != 0 &&
	    strcmp(to->host.data, "[::1]") != 0 &&
	    strcmp(to->host.data, "localhost") != 0)
		return bad_redirect(client, problem);
	return buf_str(&to->path, rest) ? no_memory(problem) : VALETKEY_OK;
}

int authorize_begin(const struct client *client, const char *more,
		    struct authorization *to, struct problem *problem)
{
	int rc = split_redirect(client, to, problem);

	if (rc)
		return rc;
	if (random_text(&to->state) || random_text(&to->verifier) ||
	    scope_add(&to->scope, client->scope) ||
	    scope_add(&to->scope, more) ||
	    scope_add(&to->scope, record_get(&client->config, "offline_scope")))
		return no_memory(problem);
	return VALETKEY_OK;
}

static int fill_port(const char *uri, uint16_t port, struct buf *out)
{
	const char *mark = strstr(uri, "{port}");

	if (!mark)
		return buf_str(out, uri);
	if (buf_add(out, uri, (size_t)(mark - uri)) ||
	    buf_fmt(out, "%u", (unsigned)port))
		return -1;
	return buf_str(out, mark + strlen("{port}"));
}

int authorize_url(const struct client *client, uint16_t port,
		  struct authorization *to, struct problem *problem)
{
	const char *endpoint = client->authorization_endpoint;
	struct buf query = {0}, challenge = {0};
	int rc = VALETKEY_OK;

	if (fill_port(client->redirect_uri, port, &to->redirect_uri) ||
	    random_challenge(to->verifier.data, &challenge) ||
	    endpoint_param(&query, "response_type", "code") ||
	    endpoint_param(&query, "client_id", client->client_id) ||
	    endpoint_param(&query, "redirect_uri", to->redirect_uri.data) ||
	    (to->scope.len &&
	     endpoint_param(&query, "scope", to->scope.data)) ||
	    endpoint_param(&query, "state", to->state.data) ||
	    endpoint_param(&query, "code_challenge", challenge.data) ||
	    endpoint_param(&query, "code_challenge_method", "S256") ||
	    buf_str(&to->url, endpoint) ||
	    buf_char(&to->url, strchr(endpoint, '?') ? '&' : '?') ||
	    buf_str(&to->url, query.data))
		rc = no_memory(problem);
	buf_free(&query);
	buf_free(&challenge);
	return rc;
}

void authorize_end(struct authorization *to)
{
	buf_free(&to->redirect_uri);
	buf_free(&to->host);
	buf_free(&to->path);
	buf_free(&to->state);
	buf_free(&to->verifier);
	buf_free(&to->scope);
	buf_free(&to->url);
}
