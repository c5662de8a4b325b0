/* SPDX-License-Identifier: MIT */
/*
 * get.c - valetkey_get(), valetkey_invalidate() and valetkey_token_free(): the
 * calls that wait. What they ask and in which order is ask.c's.
 */
#include "ask.h"
#include "clock.h"
#include "handle.h"
#include "hit.h"
#include "memory.h"

#include <pthread.h>

#define INVALIDATE_MS 30000

static int ask_helper(const struct ask *ask,
		      const struct valetkey_token **token)
{
	struct record request = {0}, answer = {0};
	struct call call;
	int rc = ask_write(ask, &request);

	if (!rc)
		rc = handle_call(ask->handle, &request, &ask->wait, &call);
	if (!rc)
		rc = call_helper(&call, &answer);
	if (!rc)
		rc = ask_keep(ask, &answer, token);
	record_free(&request);
	record_free(&answer);
	return rc;
}

/* One thread of a handle asks for a slot, the others wait for what it gets. */
static int ask_helper_once(const struct ask *ask,
			   const struct valetkey_token **token)
{
	struct futex *lock = memory_slot_lock(ask->slot);
	int rc = VALETKEY_OK;

	/* Nobody waits behind a person who thinks. */
	if (ask->wait.interactive)
		return ask_helper(ask, token);
	if (futex_lock(lock, ask->wait.deadline))
		return VALETKEY_ERR_TIMEOUT;
	*token = memory_get(ask->slot, ask->request.min_valid_s, clock_ms());
	if (!*token)
		rc = ask_helper(ask, token);
	futex_unlock(lock);
	return rc;
}

/* The long way, see hit.h. */
static int ask_tiers(struct valetkey *handle,
		     const struct valetkey_request *request,
		     const struct valetkey_token **token)
{
	struct ask ask = {0};
	int rc, cancel;

	rc = ask_check(handle, request, &ask);
	if (rc)
		return rc;
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	rc = ask_cached(&ask, token);
	if (!rc && !*token)
		rc = ask_helper_once(&ask, token);
	pthread_setcancelstate(cancel, NULL);
	return rc;
}

int valetkey_get(struct valetkey *handle,
		 const struct valetkey_request *request,
		 const struct valetkey_token **token)
{
	struct visit visit;
	int rc;

	if (!token)
		return VALETKEY_ERR_ARG;
	*token = NULL;
	if (!handle || !request)
		return VALETKEY_ERR_ARG;
	rc = handle_enter(handle, &visit);
	if (rc)
		return rc;
	*token = hit_take(handle_memory(handle), request);
	if (!*token)
		rc = ask_tiers(handle, request, token);
	handle_leave(&visit);
	return rc;
}

void valetkey_token_free(const struct valetkey_token *token)
{
	memory_release(token);
}

int valetkey_invalidate(struct valetkey *handle,
			const struct valetkey_token *token)
{
	const struct handle_wait wait = {deadline_in(INVALIDATE_MS), false};
	struct record request = {0}, answer = {0};
	struct visit visit;
	struct call call;
	int rc, cancel;

	if (!handle || !token)
		return VALETKEY_ERR_ARG;
	rc = handle_enter(handle, &visit);
	if (rc)
		return rc;
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	memory_drop(handle_memory(handle), token->access_token);
	if (record_add(&request, "op", "invalidate") ||
	    record_add(&request, "account", token->account) ||
	    record_add(&request, "access_token", token->access_token) ||
	    record_add(&request, "resource", memory_resource(token)) ||
	    record_add_int(&request, "timeout_ms", INVALIDATE_MS))
		rc = VALETKEY_ERR_NOMEM;
	if (!rc)
		rc = handle_call(handle, &request, &wait, &call);
	if (!rc)
		rc = call_helper(&call, &answer);
	record_free(&request);
	record_free(&answer);
	pthread_setcancelstate(cancel, NULL);
	handle_leave(&visit);
	return rc;
}
