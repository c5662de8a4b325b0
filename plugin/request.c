/* SPDX-License-Identifier: MIT */
/*
 * request.c - see request.h. The order of the tiers is ask_cached()'s: memory, then the
 * kernel keyring. A token that is answered in the last fifth of its life has
 * the helper renew it in the background, see ahead.h.
 */
#include "request.h"

#include "ahead.h"
#include "core/channel.h"
#include "core/clock.h"
#include "core/far.h"
#include "core/kernel.h"
#include "core/scope.h"
#include "core/text.h"
#include "memory.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TIMEOUT_MS 30000
#define TIMEOUT_INTERACTIVE_MS 300000
#define SCOPE_MAX 4096
#define RESOURCE_MAX 8192

static void set_wait(struct ask *ask)
{
	const struct valetkey_request *request = &ask->request;
	uint32_t ms = request->timeout_ms;

	ask->wait.interactive = request->flags & VALETKEY_INTERACTIVE;
	if (!ms)
		ms =
		    ask->wait.interactive ? TIMEOUT_INTERACTIVE_MS : TIMEOUT_MS;
	ask->wait.deadline = deadline_in(ms);
}

#define FLAGS_KNOWN                                               \
	((uint64_t)(VALETKEY_INTERACTIVE | VALETKEY_CACHED_ONLY | \
		    VALETKEY_ID_TOKEN))

static bool wants_id_token(const struct ask *ask)
{
	return ask->request.flags & VALETKEY_ID_TOKEN;
}

/* Which requests are alike. */
static void set_key(struct ask *ask)
{
	const struct valetkey_request *own = &ask->request;

	ask->key = (struct memory_key){
	    .account = own->account ? strcpy(ask->account, own->account) : "",
	    .scope = own->scope ? own->scope : "",
	    .origin = ask->origin,
	    .origin_len = own->resource ? strlen(ask->origin) : 0,
	};
	if (!wants_id_token(ask))
		return;
	stpcpy(stpcpy(ask->id_origin, MEMORY_ID_TOKEN),
	       own->resource ? ask->origin : "");
	ask->key.origin = ask->id_origin;
	ask->key.origin_len = strlen(ask->id_origin);
}

int ask_check(struct valetkey *handle, const struct valetkey_request *given,
	      struct ask *ask)
{
	struct valetkey_request *own = &ask->request;
	int rc = handle_take_struct(own, sizeof(*own), given);

	if (rc)
		return rc;
	ask->handle = handle;
	ask->began = memory_refusals(handle_memory(handle));
	if (own->flags & ~FLAGS_KNOWN)
		return VALETKEY_ERR_ABI;
	if (!own->account && !own->resource)
		return VALETKEY_ERR_ARG;
	if (own->account && !account_name_ok(own->account))
		return VALETKEY_ERR_ARG;
	if (own->scope && !handle_text_ok(own->scope, SCOPE_MAX))
		return VALETKEY_ERR_ARG;
	if (own->resource && !handle_text_ok(own->resource, RESOURCE_MAX))
		return VALETKEY_ERR_ARG;
	if (own->resource &&
	    origin_of_resource(own->resource, ask->origin) != 0)
		return VALETKEY_ERR_RESOURCE;
	if (!own->min_valid_s)
		own->min_valid_s = MIN_VALID_S;
	set_wait(ask);
	set_key(ask);
	return VALETKEY_OK;
}

/* Where a file is malformed or does not count, the helper has a sentence. */
static bool helper_says_why(const struct ask *ask, int rc)
{
	const struct valetkey_request *request = &ask->request;

	if (request->resource)
		return false;
	return rc == VALETKEY_ERR_ARG ||
	       (rc == VALETKEY_ERR_ACCOUNT &&
		!(request->flags & VALETKEY_CACHED_ONLY) &&
		account_unusable(request->account));
}

/* Which account it is, and whether the URL is one of its hosts. */
static int find_account(struct ask *ask, struct record *account)
{
	const char *name = ask->request.account;
	int rc;

	if (!name)
		return account_find(ask->origin, ask->account, account);
	rc = account_read(name, account, NULL);
	if (helper_says_why(ask, rc)) {
		record_free(account);
		return VALETKEY_OK;
	}
	if (!rc && ask->request.resource &&
	    !account_has_origin(account, ask->origin))
		rc = VALETKEY_ERR_RESOURCE;
	return rc;
}

int ask_write(struct ask *ask, struct record *request)
{
	int64_t left = ask->wait.deadline - clock_ms();
	const char *scope;

	if (record_add(request, "op", "get") ||
	    record_add(request, "account", ask->account) ||
	    record_add(request, "scope", ask->request.scope) ||
	    record_add(request, "resource",
		       ask->request.resource ? ask->origin : NULL) ||
	    record_add_int(request, "min_valid_s", ask->request.min_valid_s) ||
	    record_add_int(request, "timeout_ms", left > 1 ? left : 1) ||
	    record_add(request, "id_token", wants_id_token(ask) ? "1" : NULL) ||
	    memory_write_refused(handle_memory(ask->handle), ask->account,
				 wants_id_token(ask), request))
		return VALETKEY_ERR_NOMEM;
	scope = record_get(request, "scope");
	ask->key.scope = scope ? scope : "";
	return VALETKEY_OK;
}

static bool request_token_ok(const char *token)
{
	return token && *token && text_visible(token, strlen(token));
}

static int request_keep(const struct ask *ask, struct memory_token *from,
			const struct valetkey_token **token)
{
	struct memory *memory = handle_memory(ask->handle);

	from->began = ask->began;
	*token = memory_put(memory, memory_slot(memory, &ask->key), from);
	return *token ? VALETKEY_OK : VALETKEY_ERR_NOMEM;
}

int ask_keep(const struct ask *ask, const struct record *answer,
	     const struct valetkey_token **token)
{
	const char *scope = record_get(answer, "scope");
	int64_t expires_in = record_get_int(answer, "expires_in", -1);
	int64_t lifetime = record_get_int(answer, "lifetime", 0);
	struct memory_token from = {
	    .access_token = record_get(
		answer, wants_id_token(ask) ? "id_token" : "access_token"),
	    .id_token = wants_id_token(ask),
	    .account = ask->account,
	    .scope = scope ? scope : "",
	    .resource = ask->request.resource ? ask->origin : NULL,
	    .expires_at = record_get_int(answer, "expires_at", 0),
	    .good_until = INT64_MAX,
	    .renew_at = INT64_MAX,
	};

	if (!request_token_ok(from.access_token))
		return VALETKEY_ERR_HELPER;
	if (expires_in >= 0 && expires_in < INT32_MAX)
		from.good_until = deadline_in(expires_in * 1000);
	if (lifetime > 0 && lifetime < INT32_MAX)
		from.renew_at = ahead_at(from.access_token, from.good_until,
					 lifetime * 1000);
	return request_keep(ask, &from, token);
}

/* The second tier: what the helper, or another process of ours, published. */
static int request_ask_kernel(const struct ask *ask,
			      const struct record *account,
			      const struct valetkey_token **token)
{
	struct record published = {0};
	struct memory_token from = {
	    .account = ask->account,
	    .resource = ask->request.resource ? ask->origin : NULL,
	};
	const char *scope;
	int64_t issued;
	int rc = VALETKEY_OK;

	/* An ID token is never there. */
	if (wants_id_token(ask) || !kernel_read(account, &published))
		return rc;
	scope = record_get(&published, "scope");
	issued = record_get_int(&published, "issued", 0);
	from.access_token = record_get(&published, "access_token");
	from.scope = scope ? scope : "";
	from.expires_at = record_get_int(&published, "expires_at", 0);
	from.good_until = record_get_int(&published, "good_until", 0);
	from.renew_at = ahead_at(from.access_token, from.good_until,
				 from.good_until - issued);
	if (request_token_ok(from.access_token) &&
	    scope_covers(scope, ask->request.scope) &&
	    from.good_until - clock_ms() >
		(int64_t)ask->request.min_valid_s * 1000 &&
	    memory_allows(handle_memory(ask->handle), from.access_token,
			  issued))
		rc = request_keep(ask, &from, token);
	record_free(&published);
	return rc;
}

/* Whether the current token is in the last fifth of its life and nobody has
 * begun to renew it. Who takes cached ones alone leaves that to others. */
static bool take_renewal(const struct ask *ask)
{
	struct memory_slot *slot;

	if (ask->request.flags & VALETKEY_CACHED_ONLY)
		return false;
	slot = memory_find(handle_memory(ask->handle), &ask->key);
	return slot && memory_renewal_due(slot, clock_ms());
}

/* Memory had none, or (due) one that is to be renewed. */
static int ask_account(struct ask *ask, bool due,
		       const struct valetkey_token **token)
{
	struct record account = {0};
	int rc = find_account(ask, &account);

	if (!rc)
		rc = request_ask_kernel(ask, &account, token);
	/* What the kernel has says whether somebody was faster. */
	if (!rc && *token)
		due = take_renewal(ask);
	if (!rc && due)
		ahead_start(ask->account, &account);
	record_free(&account);
	return rc;
}

/* Takes the token that another process has renewed, or has it renewed. */
static void request_renew(struct ask *ask, const struct valetkey_token **token)
{
	const struct valetkey_token *newer = NULL;

	if (ask_account(ask, true, &newer) != VALETKEY_OK || !newer)
		return;
	memory_release(*token);
	*token = newer;
}

int ask_cached(struct ask *ask, const struct valetkey_token **token)
{
	const struct memory_slot *slot =
	    memory_find(handle_memory(ask->handle), &ask->key);
	int rc;

	if (slot)
		*token = memory_get(slot, ask->request.min_valid_s, clock_ms());
	if (*token) {
		if (take_renewal(ask))
			request_renew(ask, token);
		return VALETKEY_OK;
	}
	rc = ask_account(ask, false, token);
	if (!rc && !*token && (ask->request.flags & VALETKEY_CACHED_ONLY))
		rc = VALETKEY_ERR_NOT_CACHED;
	return rc;
}

/* ---- one call that waits for the helper ---- */

#define INVALIDATE_MS 30000

/* Nobody will come back for it. */
static void wait_left(struct visitor *visitor)
{
	wait_end((struct valetkey_wait *)visitor);
}

struct valetkey_wait *wait_new(struct visit *visit)
{
	struct valetkey_wait *wait = calloc(1, sizeof(*wait));

	if (!wait) {
		handle_leave(visit);
		return NULL;
	}
	wait->channel.fd = -1;
	wait->visitor.visit = *visit;
	wait->visitor.left = wait_left;
	return wait;
}

void wait_end(struct valetkey_wait *wait)
{
	int cancel;

	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	handle_end_talk(&wait->visitor);
	handle_leave(&wait->visitor.visit);
	memory_release(wait->token);
	channel_close(&wait->channel);
	record_free(&wait->request);
	record_free(&wait->answer);
	record_free(&wait->account);
	if (wait->ready)
		close(wait->ready);
	if (wait->bell)
		close(wait->bell);
	free(wait);
	pthread_setcancelstate(cancel, NULL);
}

int wait_refuse(struct valetkey_wait *wait, const struct valetkey_token *token)
{
	struct valetkey *handle = wait->visitor.visit.handle;
	struct record *request = &wait->request;

	wait->ask.wait.deadline = deadline_in(INVALIDATE_MS);
	if (memory_refuse(handle_memory(handle), token->account,
			  token->access_token, memory_is_id_token(token)) ||
	    record_add(request, "op", "invalidate") ||
	    record_add(request, "account", token->account) ||
	    record_add(request, "access_token", token->access_token) ||
	    record_add(request, "resource", memory_resource(token)) ||
	    record_add_int(request, "timeout_ms", INVALIDATE_MS))
		return VALETKEY_ERR_NOMEM;
	return VALETKEY_OK;
}

/* An account of another machine is asked for there, and no helper started. What
 * an event loop watches must ring, though, which the helper does. A file that
 * cannot be read is the helper's to tell. */
static void wait_look_far(struct valetkey_wait *wait)
{
	const char *name = wait->gets ? wait->ask.account
				      : record_get(&wait->request, "account");

	if (wait->bell || !*name)
		return;
	if (account_read(name, &wait->account, NULL) == VALETKEY_OK)
		wait->call.far = far_socket(&wait->account);
	if (!wait->call.far) {
		record_free(&wait->account);
		return;
	}
	wait->call.interactive = false;
	if (!wait->gets)
		kernel_withdraw(&wait->account,
				record_get(&wait->request, "access_token"));
}

void wait_start(struct valetkey_wait *wait)
{
	int rc = handle_call(&wait->visitor, &wait->request, &wait->ask.wait,
			     &wait->call);

	wait_look_far(wait);
	if (!rc && wait->gets)
		rc = ask_write(&wait->ask, &wait->request);
	if (!rc)
		rc = call_begin(&wait->call, wait->bell, &wait->channel,
				&wait->answer);
	wait->result = rc ? rc : CALL_PENDING;
}

int wait_step(struct valetkey_wait *wait, int64_t deadline,
	      const struct valetkey_token **token)
{
	int rc = wait->result;

	if (rc != CALL_PENDING) {
		call_failed(&wait->call, &wait->answer);
		return rc;
	}
	rc = call_step(&wait->call, &wait->channel, &wait->answer, deadline);
	if (!rc && wait->gets)
		rc = ask_keep(&wait->ask, &wait->answer, token);
	if (!rc && wait->gets && wait->call.far)
		far_publish(&wait->account, &wait->answer);
	return rc;
}
