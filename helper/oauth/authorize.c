/* SPDX-License-Identifier: MIT */
/*
 * authorize.c - see authorize.h. Makes the request; preflight.c looks at it.
 */
#include "authorize.h"

#include "core/form.h"
#include "answer_body.h"
#include "client/provider_keys.h"
#include "core/scope.h"
#include "core/text.h"
#include "crypto/crypto.h"
#include "endpoint.h"
#include "net/net.h"
#include "token_answer.h"
#include "token_error.h"
#include <valetkey.h>

#include <stdlib.h>
#include <string.h>

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
		return VALETKEY_OK; /* nowhere to listen: login_paste.c */
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
	return buf_str(&to->path, rest) ? problem_no_memory(problem)
					: VALETKEY_OK;
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
	return record_is(&client->config, "pkce", "none");
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
		return problem_no_memory(problem);
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

int authorize_add_scope(const struct client *client, const char *scope,
			struct buf *params)
{
	const char *separator = record_get(&client->config, "scope_separator");
	const char *name = record_get(&client->config, "scope_parameter");
	struct buf text = {0};
	int rc = buf_str(&text, scope);

	for (char *at = text.data; !rc && separator && (at = strchr(at, ' '));)
		*at++ = *separator;
	if (!name || oauth_parameter_is_ours(name, strlen(name)))
		name = "scope";
	if (!rc && text.len)
		rc = form_add(params, name, text.data);
	buf_free(&text);
	return rc;
}

static int add_challenge(struct authorization *to)
{
	struct buf challenge = {0};
	int rc = 0;

	if (to->verifier.len)
		rc = crypto_challenge(to->verifier.data, &challenge) ||
		     form_add(&to->params, "code_challenge", challenge.data) ||
		     form_add(&to->params, "code_challenge_method", "S256");
	buf_free(&challenge);
	return rc;
}

/* All but the client id: its authentication may bring that itself. */
static int make_params(const struct client *client, struct authorization *to)
{
	return form_add(&to->params, "response_type", "code") ||
	       form_add(&to->params, "redirect_uri", to->redirect_uri.data) ||
	       authorize_add_scope(client, buf_text(&to->scope), &to->params) ||
	       form_add(&to->params, "state", to->state.data) ||
	       add_challenge(to) ||
	       form_add(&to->params, "nonce",
			to->nonce.len ? to->nonce.data : NULL) ||
	       form_add(&to->params, "response_mode",
			to->form_post ? "form_post" : NULL) ||
	       endpoint_add_resources(client, &to->params) ||
	       endpoint_add_parameters(client, "authorize_parameter[]",
				       &to->params);
}

/* What the browser opens, with the client id and these. */
static int set_url(const struct client *client, const struct buf *params,
		   struct buf *url)
{
	const char *endpoint = client->authorization_endpoint;
	struct buf query = {0};
	int rc;

	buf_clear(url);
	rc = form_add(&query, "client_id", client->client_id) ||
	     buf_str(url, endpoint) ||
	     buf_char(url, strchr(endpoint, '?') ? '&' : '?') ||
	     buf_add(url, query.data, query.len) || buf_char(url, '&') ||
	     buf_add(url, params->data, params->len);
	buf_free(&query);
	return rc;
}

int authorize_url(const struct client *client, uint16_t port,
		  struct authorization *to, struct problem *problem)
{
	if (authorize_fill_port(client->redirect_uri, port,
				&to->redirect_uri) ||
	    make_params(client, to) || set_url(client, &to->params, &to->url))
		return problem_no_memory(problem);
	return VALETKEY_OK;
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

/* ---- sent beforehand ---- */

/* A request that the provider has before the browser comes (RFC 9126). Nobody in
 * between can change it or read it,
 * and what is wrong with it is said here instead of on a page there. */

#define ENDPOINT "pushed_authorization_request_endpoint"
#define URI_MAX 1024

bool authorize_pushes(const struct client *client)
{
	return record_get(&client->config, ENDPOINT) != NULL;
}

/* RFC 9126 2.2: a reference, good once. */
static int authorize_take(const struct client *client, struct authorization *to,
			  const struct json *json, struct problem *problem)
{
	const char *uri = record_get(&json->strings, "request_uri");
	struct buf params = {0};
	int rc = VALETKEY_OK;

	if (!text_word(uri, URI_MAX))
		return problem_set(problem, VALETKEY_ERR_NETWORK,
				   "%s accepted the login request, but gave no "
				   "reference to it (RFC 9126).",
				   client->provider_name);
	if (form_add(&params, "request_uri", uri) ||
	    set_url(client, &params, &to->url))
		rc = problem_no_memory(problem);
	to->pushed = !rc;
	buf_free(&params);
	return rc;
}

static int authorize_judge(const struct client *client,
			   struct authorization *to,
			   const struct http_answer *answer,
			   struct problem *problem)
{
	struct json json = {0};
	int rc;

	if (answer_body_read(&answer->body, true, &json))
		json_free(&json);
	if (http_success(answer->status))
		rc = authorize_take(client, to, &json, problem);
	else if (answer->status == 429)
		rc = problem_set(problem, VALETKEY_ERR_THROTTLED,
				 "%s asks to wait before the next login.",
				 client->provider_name);
	else if (answer->status >= 400 && answer->status < 500)
		rc = authorize_refused(
		    client, to,
		    &(struct authorize_refusal){token_error_name(&json),
						token_error_text(&json)},
		    problem);
	else
		rc = problem_set(problem, VALETKEY_ERR_NETWORK,
				 "%s did not accept the login request (HTTP "
				 "%ld). Try again later.",
				 client->provider_name, answer->status);
	json_free(&json);
	return rc;
}

int authorize_push(const struct client *client, const char *client_secret,
		   struct authorization *to, struct problem *problem)
{
	const char *url = record_get(&client->config, ENDPOINT);
	const struct endpoint_request request = {
	    .client = client,
	    .client_secret = client_secret,
	    .params = &to->params,
	};
	const struct net *net = net_load(problem);
	struct http_answer answer = {0};
	int rc = VALETKEY_OK;

	if (!net)
		return problem->result;
	/* Named once, whichever method: all but Basic name it themselves. */
	if (client_secret && client->auth_method == AUTH_CLIENT_SECRET_BASIC &&
	    form_add(&to->params, "client_id", client->client_id))
		rc = problem_no_memory(problem);
	if (!rc)
		rc = endpoint_post(&request, url, &answer, problem);
	if (!rc)
		rc = authorize_judge(client, to, &answer, problem);
	buf_free(&to->params); /* the client's authentication is in it */
	net->http_answer_free(&answer);
	return rc;
}

/* ---- the authorization response ---- */

/*
 * RFC 9207 2.4: an answer of another server than the one that was asked, or of
 * one that promised to say who it is and does not, is not used, be it a code or
 * an error. Where the account knows no issuer (its endpoints were given by hand)
 * there is nothing to compare with: PKCE and the redirect URI of its own protect
 * the code.
 */
static int authorize_check_issuer(const struct client *client,
				  const struct listener_answer *answer,
				  struct problem *problem)
{
	bool promised =
	    record_is(&client->config,
		      "authorization_response_iss_parameter_supported", "true");
	char expected[PROBLEM_QUOTE_MAX], came[PROBLEM_QUOTE_MAX];

	if (!answer->iss && promised)
		return problem_set(
		    problem, VALETKEY_ERR_DENIED,
		    "The answer does not say which authorization server it "
		    "comes from (iss), as %s always does. It was not used. Try "
		    "again; if it happens again, tell the provider.",
		    client->provider_name);
	if (!answer->iss || !client->issuer ||
	    strcmp(answer->iss, client->issuer) == 0)
		return VALETKEY_OK;
	problem_quote(came, answer->iss);
	problem_quote(expected, client->issuer);
	return problem_set(problem, VALETKEY_ERR_DENIED,
			   "The answer came from another authorization server "
			   "(\"%s\") than the one that was asked (\"%s\"). It "
			   "was not used. If you did not begin a login there, "
			   "somebody tried to mix the two up.",
			   came, expected);
}

/* RFC 6749 4.1.2.1. */
static int response_refused(const struct client *client,
			    const struct listener_answer *answer,
			    struct problem *problem)
{
	static const struct error_advice known[] = {
	    {"invalid_scope", VALETKEY_ERR_SCOPE,
	     " Asked for: ASKED. Tick these scopes there, or ask for others.",
	     " To change them, run: valetkey edit ACCOUNT --scope SCOPES"},
	    {"invalid_target", VALETKEY_ERR_DENIED,
	     " It does not know this resource.",
	     " To name another, run: valetkey edit ACCOUNT "
	     "--resource-indicator URI"},
	    {NULL, VALETKEY_ERR_DENIED, "", ""},
	};
	char next[ERROR_ADVICE_MAX];
	char error[PROBLEM_QUOTE_MAX], detail[PROBLEM_QUOTE_MAX];
	const struct error_advice *advice;

	problem_quote(error, answer->error);
	error_detail(detail, answer->error_description);
	advice = error_advice_find(known, error);
	if (strcmp(error, "access_denied") == 0)
		return problem_set(problem, VALETKEY_ERR_CANCELED,
				   "The login was declined in the browser. To "
				   "try again: valetkey login %s",
				   client->account);
	return problem_set(problem, advice->result,
			   "%s refused the login: %s%s%s.%s",
			   client->provider_name, error, *detail ? ", " : "",
			   detail, error_advice_next(next, advice, client));
}

int authorize_answer_check(const struct client *client,
			   const struct listener_answer *answer,
			   struct problem *problem)
{
	int rc = authorize_check_issuer(client, answer, problem);

	if (rc)
		return rc;
	if (answer->error)
		return response_refused(client, answer, problem);
	if (!answer->code || !*answer->code)
		return problem_set(problem, VALETKEY_ERR_NETWORK,
				   "The browser came back without a code.");
	return VALETKEY_OK;
}
