/* SPDX-License-Identifier: MIT */
/*
 * proxy_wait.c - see proxy_wait.h. A wait is a get for one of the hosts, or an
 * invalidate of one token, and has the calls that need it.
 */
#include "proxy_wait.h"

#include "command/command.h"
#include "core/clock.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

/* How often, at the most, a token that is at hand is asked for as if it were
 * not: that is what has the library renew it before it ends. */
#define IN_FULL_MS 1000

#define SHORT_LIFE_S 180

struct proxy_wait {
	struct proxy_wait *next;
	struct valetkey_wait *wait;
	char origin[ORIGIN_MAX];      /* of a get */
	struct proxy_bearer *refused; /* of an invalidate; else NULL */
	struct proxy_call *calls;
};

/* ---- bearers ---- */

void proxy_bearer_drop(struct proxy_bearer *bearer)
{
	if (!bearer || --bearer->users)
		return;
	valetkey_token_free(bearer->token);
	free(bearer);
}

/* Takes the token over; NULL: out of memory. */
static struct proxy_bearer *make_bearer(const struct valetkey_token *token)
{
	struct proxy_bearer *bearer = calloc(1, sizeof(*bearer));

	if (!bearer) {
		valetkey_token_free(token);
		return NULL;
	}
	bearer->token = token;
	bearer->users = 1;
	return bearer;
}

struct proxy_bearer *proxy_bearer_share(struct proxy_bearer *bearer)
{
	bearer->users++;
	return bearer;
}

/* ---- who waits for what ---- */

static void join_wait(struct proxy_wait *wait, struct proxy_call *call)
{
	call->wait = wait;
	call->next = wait->calls;
	wait->calls = call;
}

void proxy_wait_leave(struct proxy_call *call)
{
	struct proxy_call **at;

	if (!call->wait)
		return;
	at = &call->wait->calls;
	while (*at != call)
		at = &(*at)->next;
	*at = call->next;
	call->wait = NULL;
	call->next = NULL;
}

/* Takes `begun` over; NULL: out of memory. */
static struct proxy_wait *add_wait(struct proxy *proxy,
				   struct valetkey_wait *begun)
{
	struct proxy_wait *wait = calloc(1, sizeof(*wait));

	if (!wait) {
		valetkey_cancel(begun);
		return NULL;
	}
	wait->wait = begun;
	wait->next = proxy->waits;
	proxy->waits = wait;
	proxy->waits_count++;
	return wait;
}

static void remove_wait(struct proxy *proxy, struct proxy_wait *wait)
{
	struct proxy_wait **at = &proxy->waits;

	while (*at != wait)
		at = &(*at)->next;
	*at = wait->next;
	proxy->waits_count--;
	proxy_bearer_drop(wait->refused);
	free(wait);
}

static struct proxy_wait *find_get(const struct proxy *proxy,
				   const char *origin)
{
	struct proxy_wait *wait = proxy->waits;

	while (wait && (wait->refused || strcmp(wait->origin, origin) != 0))
		wait = wait->next;
	return wait;
}

static struct proxy_wait *find_invalidate(const struct proxy *proxy,
					  const struct valetkey_token *token)
{
	struct proxy_wait *wait = proxy->waits;

	while (wait &&
	       (!wait->refused || strcmp(wait->refused->token->access_token,
					 token->access_token) != 0))
		wait = wait->next;
	return wait;
}

/* ---- what comes of it ---- */

int proxy_wait_converse(const struct valetkey_message *message, char *reply,
			size_t reply_size, void *data)
{
	struct proxy *proxy = data;

	(void)reply;
	(void)reply_size;
	if (cmd_debug_message(message))
		return 0;
	if (message->type == VALETKEY_MESSAGE_ERROR) {
		buf_clear(&proxy->said);
		buf_str(&proxy->said, message->text);
	}
	return 0;
}

static void give_bearer(struct proxy_call *call, int rc,
			struct proxy_bearer *bearer)
{
	if (bearer)
		call->proxy->go(call, proxy_bearer_share(bearer));
	else
		call->proxy->fail(call, rc ? rc : VALETKEY_ERR_NOMEM);
}

/* The result of a get, for one call. Takes the token over. */
static void end_get(struct proxy_call *call, int rc,
		    const struct valetkey_token *token)
{
	struct proxy_bearer *bearer = rc ? NULL : make_bearer(token);

	give_bearer(call, rc, bearer);
	proxy_bearer_drop(bearer);
}

/* Each call leaves before it goes on: it may come back to another wait. */
static struct proxy_call *next_call(struct proxy_wait *wait)
{
	struct proxy_call *call = wait->calls;

	if (call)
		proxy_wait_leave(call);
	return call;
}

static void end_wait(struct proxy *proxy, struct proxy_wait *wait, int rc,
		     const struct valetkey_token *token)
{
	struct proxy_bearer *bearer = rc || !token ? NULL : make_bearer(token);
	struct proxy_call *call;

	/* Whoever asks from now on asks anew. */
	wait->origin[0] = '\0';
	while ((call = next_call(wait)))
		if (wait->refused)
			proxy_wait_token(call);
		else
			give_bearer(call, rc, bearer);
	proxy_bearer_drop(bearer);
	remove_wait(proxy, wait);
}

/* ---- gets ---- */

/* A request goes out at once. Tokens that live for less than the usual margin
 * would else be good for one request each. */
static void set_margin(struct proxy *proxy, const struct valetkey_token *token)
{
	int64_t left = token->expires_at - (int64_t)time(NULL);

	proxy->min_valid_s = 0;
	if (token->expires_at && left < SHORT_LIFE_S)
		proxy->min_valid_s = left < 6 ? 1 : (uint32_t)left / 3;
}

static int get_at_hand(struct proxy *proxy, const char *origin,
		       const struct valetkey_token **token)
{
	const struct valetkey_request request = {
	    .size = sizeof(request),
	    .account = proxy->client->account,
	    .resource = origin,
	    .min_valid_s = proxy->min_valid_s,
	    .flags = VALETKEY_CACHED_ONLY,
	};

	if (clock_ms() >= proxy->ask_in_full) {
		proxy->ask_in_full = deadline_in(IN_FULL_MS);
		return VALETKEY_ERR_NOT_CACHED;
	}
	return valetkey_get(proxy->handle, &request, token);
}

static void begin_get(struct proxy_call *call)
{
	struct proxy *proxy = call->proxy;
	const struct valetkey_request request = {
	    .size = sizeof(request),
	    .account = proxy->client->account,
	    .resource = call->origin,
	    .min_valid_s = proxy->min_valid_s,
	};
	const struct valetkey_token *token = NULL;
	struct valetkey_wait *begun = NULL;
	struct proxy_wait *wait;
	int rc = valetkey_begin(proxy->handle, &request, &begun);

	buf_clear(&proxy->said);
	if (!rc)
		rc = valetkey_finish(begun, &token);
	if (rc != VALETKEY_PENDING) {
		if (!rc)
			set_margin(proxy, token);
		end_get(call, rc, token);
		return;
	}
	wait = add_wait(proxy, begun);
	if (!wait) {
		call->proxy->fail(call, VALETKEY_ERR_NOMEM);
		return;
	}
	strcpy(wait->origin, call->origin);
	join_wait(wait, call);
}

void proxy_wait_token(struct proxy_call *call)
{
	struct proxy_wait *wait = find_get(call->proxy, call->origin);
	const struct valetkey_token *token = NULL;

	if (wait)
		join_wait(wait, call);
	else if (get_at_hand(call->proxy, call->origin, &token) == VALETKEY_OK)
		end_get(call, VALETKEY_OK, token);
	else
		begin_get(call);
}

/* ---- invalidates ---- */

/* Then the refusal says nothing of it, and it will not be given again. */
static bool has_expired(const struct valetkey_token *token)
{
	return token->expires_at && token->expires_at <= (int64_t)time(NULL);
}

void proxy_wait_refused(struct proxy_call *call, bool again)
{
	struct proxy *proxy = call->proxy;
	const struct valetkey_token *token = call->bearer->token;
	struct proxy_wait *wait = find_invalidate(proxy, token);
	struct valetkey_wait *begun = NULL;

	if (!wait && !has_expired(token) &&
	    valetkey_invalidate_begin(proxy->handle, token, &begun) ==
		VALETKEY_OK) {
		wait = add_wait(proxy, begun);
		if (wait)
			wait->refused = proxy_bearer_share(call->bearer);
	}
	if (again && wait)
		join_wait(wait, call);
	else if (again)
		proxy_wait_token(call);
}

/* ---- the loop's part ---- */

void proxy_wait_poll(const struct proxy *proxy, struct pollfd *fds)
{
	for (const struct proxy_wait *wait = proxy->waits; wait;
	     wait = wait->next)
		*fds++ = (struct pollfd){.fd = valetkey_fd(wait->wait),
					 .events = POLLIN};
}

static bool has_something(const struct proxy_wait *wait)
{
	struct pollfd fd = {.fd = valetkey_fd(wait->wait), .events = POLLIN};

	return poll(&fd, 1, 0) > 0;
}

/* One that has ended may have begun others: from the front again. */
static bool run_one(struct proxy *proxy)
{
	const struct valetkey_token *token = NULL;
	struct proxy_wait *wait = proxy->waits;
	int rc;

	for (; wait; wait = wait->next) {
		if (!has_something(wait))
			continue;
		buf_clear(&proxy->said);
		rc = valetkey_finish(wait->wait, &token);
		if (rc == VALETKEY_PENDING)
			continue;
		wait->wait = NULL;
		if (token)
			set_margin(proxy, token);
		end_wait(proxy, wait, rc, token);
		return true;
	}
	return false;
}

void proxy_wait_run(struct proxy *proxy)
{
	while (run_one(proxy))
		;
}

void proxy_wait_end(struct proxy *proxy)
{
	while (proxy->waits) {
		struct proxy_wait *wait = proxy->waits;

		while (next_call(wait))
			;
		valetkey_cancel(wait->wait);
		remove_wait(proxy, wait);
	}
	buf_free(&proxy->said);
}
