/* SPDX-License-Identifier: MIT */
/*
 * proxy_call.c - see proxy_call.h: what the relay calls. A request is judged
 * first (proxy_guard.c), then it is answered here or goes to one of the account's
 * hosts with a token (proxy_wait.c); a 401 costs one new token.
 */
#include "proxy_call.h"

#include "command/command.h"
#include "core/clock.h"
#include "proxy_token.h"

#include <stdlib.h>
#include <string.h>

#define RETRY_S "30"
#define DOUBT_MS 60000
#define HOST_MAX 100

/* ---- answers of our own ---- */

#define HEADERS_MAX 6

struct own_answer {
	struct relay_header headers[HEADERS_MAX];
	size_t count;
};

static void add_header(struct own_answer *answer, const char *name,
		       const char *value)
{
	answer->headers[answer->count++] =
	    (struct relay_header){.name = name, .value = value};
}

static void send_own_answer(struct proxy_call *call, int status,
			    struct own_answer *answer, const struct buf *body)
{
	const struct relay_reply reply = {.status = status,
					  .headers = answer->headers,
					  .headers_count = answer->count,
					  .body = body,
					  .close = status == 403};

	call->proxy->net->relay_answer(call->exchange, &reply);
}

/* What no cache keeps, and no page is led from. */
static void begin_answer(struct own_answer *answer, const char *type)
{
	add_header(answer, "Content-Type", type);
	add_header(answer, "Cache-Control", "no-store");
	add_header(answer, "Referrer-Policy", "no-referrer");
}

static void answer_with_text(struct proxy_call *call, int status,
			     struct own_answer *answer, const char *text)
{
	struct buf body = {0};

	begin_answer(answer, "text/plain; charset=utf-8");
	buf_fmt(&body, "valetkey proxy: %s\n", text);
	send_own_answer(call, status, answer, &body);
	buf_free(&body);
}

/* RFC 9110 11.6.1. */
static void answer_stranger(struct proxy_call *call)
{
	struct own_answer answer = {0};

	add_header(&answer, "WWW-Authenticate", "Bearer realm=\"valetkey\"");
	add_header(&answer, "WWW-Authenticate", "Basic realm=\"valetkey\"");
	answer_with_text(
	    call, 401, &answer,
	    "Show the proxy's secret, which it has given as "
	    "VALETKEY_PROXY_TOKEN: as Bearer token, as Basic password, "
	    "or as client secret.");
}

static void answer_which_host(struct proxy_call *call)
{
	struct own_answer answer = {0};
	struct buf text = {0};

	if (buf_fmt(&text,
		    "Account %s has several hosts. Put one in front of the "
		    "path, as in /api.example.com/v1/..., or start valetkey "
		    "proxy with --host. There are: ",
		    call->proxy->client->account) == 0)
		proxy_map_list(&call->proxy->map, &text);
	answer_with_text(call, 404, &answer, buf_text(&text));
	buf_free(&text);
}

/* ---- failures ---- */

static int failure_text(struct proxy *proxy, int result, struct buf *text)
{
	const char *account = proxy->client->account;

	if (proxy->said.len)
		return buf_str(text, proxy->said.data);
	if (result == VALETKEY_ERR_LOGIN)
		return buf_fmt(text, "%s needs a login. Run: valetkey login %s",
			       account, account);
	return buf_fmt(text, "%s: %s.", account, valetkey_strerror(result));
}

/* Once for each kind, until it works again. */
static void tell_failure(struct proxy *proxy, int result, const char *text)
{
	if (proxy->told != result)
		cmd_fail(0, "%s", text);
	proxy->told = result;
}

static void call_fail(struct proxy_call *call, int result)
{
	struct proxy *proxy = call->proxy;
	struct own_answer answer = {0};
	struct buf text = {0};
	bool later =
	    result >= VALETKEY_ERR_NETWORK && result <= VALETKEY_ERR_THROTTLED;

	failure_text(proxy, result, &text);
	tell_failure(proxy, result, buf_text(&text));
	if (call->refused) {
		proxy->net->relay_pass(call->exchange);
	} else {
		if (later)
			add_header(&answer, "Retry-After", RETRY_S);
		answer_with_text(call, later ? 503 : 502, &answer,
				 buf_text(&text));
	}
	buf_free(&text);
}

/* ---- on to the server ---- */

static void forward_call(struct proxy_call *call)
{
	const struct client *client = call->proxy->client;
	bool shows = client->auth_method == AUTH_TLS_CLIENT_AUTH;
	const struct relay_upstream upstream = {
	    .origin = call->origin,
	    .target = call->target.data,
	    .bearer = call->bearer->token->access_token,
	    .self = call->self.len ? call->self.data : NULL,
	    .ca_file = client->ca_file,
	    .proxy = client->proxy,
	    .certificate = shows ? client->client_certificate : NULL,
	    .certificate_key = shows ? client->client_key : NULL,
	    .cookies = call->proxy->cookies,
	    .http2 = call->proxy->http2,
	    .secret =
		call->proxy->guard.in_path ? call->proxy->guard.secret : NULL,
	};

	call->proxy->net->relay_forward(call->exchange, &upstream);
}

static bool same_token(const struct proxy_bearer *a,
		       const struct proxy_bearer *b)
{
	return a && b &&
	       strcmp(a->token->access_token, b->token->access_token) == 0;
}

static void call_go(struct proxy_call *call, struct proxy_bearer *bearer)
{
	bool same = same_token(bearer, call->bearer);

	call->proxy->told = VALETKEY_OK;
	proxy_bearer_drop(call->bearer);
	call->bearer = bearer;
	if (call->refused && same) {
		call->proxy->net->relay_pass(call->exchange);
		return;
	}
	call->repeated = call->refused;
	call->refused = false;
	forward_call(call);
}

/* Some servers say 401 for what another token does not mend either. */
static void doubt_token(struct proxy_call *call)
{
	struct proxy *proxy = call->proxy;

	proxy_bearer_drop(proxy->doubted);
	proxy->doubted = proxy_bearer_share(call->bearer);
	proxy->doubted_until = deadline_in(DOUBT_MS);
}

static bool is_doubted(const struct proxy_call *call)
{
	const struct proxy *proxy = call->proxy;

	return same_token(call->bearer, proxy->doubted) &&
	       clock_ms() < proxy->doubted_until;
}

/* What cannot be repeated never shows whether a new token has mended it: the
 * next refusal of its kind may be no fault of the new one. */
static bool may_renew(struct proxy *proxy, bool repeatable)
{
	if (repeatable)
		return true;
	if (clock_ms() < proxy->renewed_until)
		return false;
	proxy->renewed_until = deadline_in(DOUBT_MS);
	return true;
}

static void call_refused(struct relay_exchange *exchange, bool repeatable,
			 void *data)
{
	struct proxy_call *call = exchange->mine;

	(void)data;
	if (call->repeated)
		doubt_token(call);
	call->refused = true;
	if (is_doubted(call) || !may_renew(call->proxy, repeatable)) {
		call->proxy->net->relay_pass(exchange);
		return;
	}
	proxy_wait_refused(call, repeatable);
	if (!repeatable)
		call->proxy->net->relay_pass(exchange);
}

/* ---- requests ---- */

/* Where a client finds us, for a Location: as it has called us. */
static int set_self(struct proxy_call *call,
		    const struct relay_request *request, size_t skipped)
{
	const char *host = proxy_header(request, "Host");

	if (!host || strlen(host) > HOST_MAX)
		return 0;
	return buf_fmt(&call->self, "http://%s", host) ||
		       buf_add(&call->self, request->target, skipped)
		   ? -1
		   : 0;
}

static void route_call(struct proxy_call *call,
		       const struct relay_request *request)
{
	const struct proxy *proxy = call->proxy;
	size_t secret = proxy_guard_path(&proxy->guard, request->target);
	struct proxy_route route = {0};
	bool asks_token;
	int rc =
	    proxy_route_find(&proxy->map, request->target + secret, &route);

	asks_token = route.token && strcmp(request->method, "POST") == 0;
	if (!rc && set_self(call, request, secret + route.skipped))
		rc = VALETKEY_ERR_NOMEM;
	memcpy(call->origin, route.origin, ORIGIN_MAX);
	call->target = route.target;
	if (rc)
		call_fail(call, rc);
	else if (asks_token)
		proxy->net->relay_read(call->exchange, PROXY_TOKEN_BODY_MAX);
	else if (!call->known)
		answer_stranger(call);
	else if (!*call->origin)
		answer_which_host(call);
	else
		proxy_wait_token(call);
}

static void call_arrived(struct relay_exchange *exchange,
			 const struct relay_request *request, void *data)
{
	struct proxy *proxy = data;
	struct proxy_call *call = calloc(1, sizeof(*call));
	struct proxy_call none = {.proxy = proxy, .exchange = exchange};
	struct own_answer answer = {0};
	enum proxy_verdict verdict;
	const char *why;

	exchange->mine = call;
	if (!call) {
		answer_with_text(&none, 503, &answer, "Out of memory.");
		return;
	}
	*call = none;
	verdict = proxy_guard_judge(&proxy->guard, request, &why);
	call->known = verdict == PROXY_KNOWN;
	if (verdict == PROXY_FORBIDDEN)
		answer_with_text(call, 403, &answer, why);
	else
		route_call(call, request);
}

/* A token request (RFC 6749 5). */
static void call_read(struct relay_exchange *exchange, const struct buf *body,
		      void *data)
{
	struct proxy *proxy = data;
	struct proxy_call *call = exchange->mine;
	const struct proxy_token_request request = {
	    .guard = &proxy->guard,
	    .known = call->known,
	    .scope = proxy->client->scope,
	    .body = body,
	};
	struct own_answer answer = {0};
	struct buf json = {0};
	int status = proxy_token_answer(&request, &json);

	begin_answer(&answer, "application/json");
	add_header(&answer, "Pragma", "no-cache");
	if (status == 401)
		add_header(&answer, "WWW-Authenticate",
			   "Basic realm=\"valetkey\"");
	send_own_answer(call, status ? status : 503, &answer, &json);
	buf_free(&json);
}

static void call_ended(struct relay_exchange *exchange, void *data)
{
	struct proxy_call *call = exchange->mine;

	(void)data;
	if (!call)
		return;
	exchange->mine = NULL;
	proxy_wait_leave(call);
	proxy_bearer_drop(call->bearer);
	buf_free(&call->target);
	buf_free(&call->self);
	free(call);
}

void proxy_call_serve(struct proxy *proxy, struct relay_options *options)
{
	options->arrived = call_arrived;
	options->read = call_read;
	options->refused = call_refused;
	options->ended = call_ended;
	options->data = proxy;
	proxy->go = call_go;
	proxy->fail = call_fail;
}
