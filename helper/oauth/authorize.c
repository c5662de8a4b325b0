/* SPDX-License-Identifier: MIT */
/*
 * authorize.c - see authorize.h. Makes the request; preflight.c looks at it.
 */
#include "authorize.h"

#include "client/oauth_parameter.h"
#include "core/scope.h"
#include "crypto/crypto.h"
#include "endpoint.h"
#include "token_request.h"
#include <valetkey.h>

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
			   "The redirect_uri \"%s\" of account %s is neither "
			   "an http:// URI of this machine (127.0.0.1, [::1] "
			   "or localhost) nor an https:// one. Register one at "
			   "the provider and set it in the account's file.",
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

	if (uri && strncmp(uri, "https://", 8) == 0 && !strchr(uri, '#'))
		return VALETKEY_OK; /* nowhere to listen: flow_paste.c */
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
		to->any_port = true;
		to->port = (uint16_t)record_get_int(&client->config,
						    "redirect_port", 0);
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

/* query or form_post: what comes in a fragment only a page's script can see. */
static int read_mode(const struct client *client, struct authorization *to,
		     struct problem *problem)
{
	const char *mode = record_get(&client->config, "response_mode");

	to->form_post = mode && strcmp(mode, "form_post") == 0;
	if (!mode || to->form_post || strcmp(mode, "query") == 0)
		return VALETKEY_OK;
	return problem_set(problem, VALETKEY_ERR_ARG,
			   "The response_mode of account %s must be query or "
			   "form_post. Fix its file.",
			   client->account);
}

static bool without_pkce(const struct client *client)
{
	const char *pkce = record_get(&client->config, "pkce");

	return pkce && strcmp(pkce, "none") == 0;
}

int authorize_begin(const struct client *client, const char *more,
		    struct authorization *to, struct problem *problem)
{
	int rc = split_redirect(client, to, problem);

	if (!rc)
		rc = read_mode(client, to, problem);
	if (rc)
		return rc;
	if (crypto_random(&to->state) || scope_add(&to->scope, client->scope) ||
	    scope_add(&to->scope, more) ||
	    scope_add(&to->scope,
		      record_get(&client->config, "offline_scope")) ||
	    (!without_pkce(client) && crypto_random(&to->verifier)) ||
	    (scope_covers(buf_text(&to->scope), "openid") &&
	     crypto_random(&to->nonce)))
		return no_memory(problem);
	return VALETKEY_OK;
}

int authorize_fill_port(const char *uri, uint16_t port, struct buf *out)
{
	const char *mark = strstr(uri, "{port}");

	if (!mark)
		return buf_str(out, uri);
	if (buf_add(out, uri, (size_t)(mark - uri)) ||
	    buf_fmt(out, "%u", (unsigned)port))
		return -1;
	return buf_str(out, mark + strlen("{port}"));
}

/* ---- the parameters ---- */

static bool has_param(const struct buf *params, const char *name, size_t len)
{
	const char *at = buf_text(params);

	while (at && (strncmp(at, name, len) != 0 || at[len] != '=')) {
		at = strchr(at, '&');
		at = at ? at + 1 : NULL;
	}
	return at != NULL;
}

int authorize_add_scope(const struct client *client, const char *scope,
			struct buf *params)
{
	const char *separator = record_get(&client->config, "scope_separator");
	const char *name = record_get(&client->config, "scope_parameter");
	struct buf text = {0};
	int rc = 0;

	for (const char *c = scope; !rc && *c; c++)
		rc = buf_char(&text, *c == ' ' && separator ? *separator : *c);
	if (!name || oauth_parameter_is_ours(name, strlen(name)))
		name = "scope";
	if (!rc && text.len)
		rc = endpoint_param(params, name, text.data);
	buf_free(&text);
	return rc;
}

static int add_challenge(struct authorization *to)
{
	struct buf challenge = {0};
	int rc = 0;

	if (to->verifier.len)
		rc = crypto_challenge(to->verifier.data, &challenge) ||
		     endpoint_param(&to->params, "code_challenge",
				    challenge.data) ||
		     endpoint_param(&to->params, "code_challenge_method",
				    "S256");
	buf_free(&challenge);
	return rc;
}

/* The provider's NAME=VALUE beside ours, never instead. */
static int add_more(const struct client *client, struct authorization *to)
{
	const char *one = NULL;
	int rc = 0;

	while (!rc && (one = record_next(&client->config,
					 "authorize_parameter[]", one))) {
		size_t len = strcspn(one, "=");
		struct buf name = {0};

		if (len && one[len] && !oauth_parameter_is_ours(one, len) &&
		    !has_param(&to->params, one, len))
			rc = buf_add(&name, one, len) ||
			     endpoint_param(&to->params, name.data,
					    one + len + 1);
		buf_free(&name);
	}
	return rc;
}

/* All but the client id: its authentication may bring that itself. */
static int make_params(const struct client *client, struct authorization *to)
{
	return endpoint_param(&to->params, "response_type", "code") ||
	       endpoint_param(&to->params, "redirect_uri",
			      to->redirect_uri.data) ||
	       authorize_add_scope(client, buf_text(&to->scope), &to->params) ||
	       endpoint_param(&to->params, "state", to->state.data) ||
	       add_challenge(to) ||
	       endpoint_param(&to->params, "nonce",
			      to->nonce.len ? to->nonce.data : NULL) ||
	       endpoint_param(&to->params, "response_mode",
			      to->form_post ? "form_post" : NULL) ||
	       token_request_resources(client, &to->params) ||
	       add_more(client, to);
}

int authorize_url(const struct client *client, uint16_t port,
		  struct authorization *to, struct problem *problem)
{
	const char *endpoint = client->authorization_endpoint;
	struct buf query = {0};
	int rc = VALETKEY_OK;

	if (authorize_fill_port(client->redirect_uri, port,
				&to->redirect_uri) ||
	    make_params(client, to) ||
	    endpoint_param(&query, "client_id", client->client_id) ||
	    buf_str(&to->url, endpoint) ||
	    buf_char(&to->url, strchr(endpoint, '?') ? '&' : '?') ||
	    buf_str(&to->url, query.data) || buf_char(&to->url, '&') ||
	    buf_str(&to->url, to->params.data))
		rc = no_memory(problem);
	buf_free(&query);
	return rc;
}

void authorize_end(struct authorization *to)
{
	buf_free(&to->redirect_uri);
	buf_free(&to->host);
	buf_free(&to->path);
	buf_free(&to->state);
	buf_free(&to->verifier);
	buf_free(&to->nonce);
	buf_free(&to->scope);
	buf_free(&to->params);
	buf_free(&to->url);
}
