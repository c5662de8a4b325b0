/* SPDX-License-Identifier: MIT */
/*
 * get.c - valetkey_get(), valetkey_invalidate() and valetkey_token_free(): the
 * calls that wait. What they ask and in which order is request.c's.
 */
#include "hit.h"
#include "memory.h"
#include "request.h"

#include <pthread.h>

/* Waits until it has a result. */
static int wait_for_helper(struct valetkey_wait *wait,
			   const struct valetkey_token **token)
{
	int rc;

	wait_start(wait);
	rc = wait_step(wait, wait->ask.wait.deadline, token);
	return rc == CALL_PENDING ? call_late(&wait->call, &wait->answer) : rc;
}

/* One thread of a handle asks for an account, the others wait for what it gets.
 */
static int wait_for_one(struct valetkey_wait *wait,
			const struct valetkey_token **token)
{
	struct memory *memory = handle_memory(wait->ask.handle);
	struct visitor *visitor = &wait->visitor;
	int rc = VALETKEY_OK;

	/* Nobody waits behind a person who thinks. */
	if (!wait->ask.wait.interactive)
		visitor->lock = memory_account_lock(memory, wait->ask.account);
	if (!visitor->lock)
		return wait_for_helper(wait, token);
	if (futex_lock(visitor->lock, wait->ask.wait.deadline)) {
		visitor->lock = NULL;
		return VALETKEY_ERR_TIMEOUT;
	}
	rc = ask_cached(&wait->ask, token);
	if (!rc && !*token)
		rc = wait_for_helper(wait, token);
	if (visitor->lock)
		futex_unlock(visitor->lock);
	visitor->lock = NULL;
	return rc;
}

/* The long way, see hit.h. */
static int get_from_tiers(struct valetkey_wait *wait,
			  const struct valetkey_request *request,
			  const struct valetkey_token **token)
{
	int rc = ask_check(wait->visitor.visit.handle, request, &wait->ask);

	wait->gets = true;
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &wait->visitor.cancel);
	if (!rc)
		rc = ask_cached(&wait->ask, token);
	if (!rc && !*token)
		rc = wait_for_one(wait, token);
	pthread_setcancelstate(wait->visitor.cancel, NULL);
	return rc;
}

int valetkey_get(struct valetkey *handle,
		 const struct valetkey_request *request,
		 const struct valetkey_token **token)
{
	struct valetkey_wait *wait;
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
	if (*token) {
		handle_leave(&visit);
		return VALETKEY_OK;
	}
	wait = wait_new(&visit);
	if (!wait)
		return VALETKEY_ERR_NOMEM;
	rc = get_from_tiers(wait, request, token);
	wait_end(wait);
	return rc;
}

void valetkey_token_free(const struct valetkey_token *token)
{
	memory_release(token);
}

int valetkey_invalidate(struct valetkey *handle,
			const struct valetkey_token *token)
{
	struct valetkey_wait *wait;
	struct visit visit;
	int rc;

	if (!handle || !token)
		return VALETKEY_ERR_ARG;
	rc = handle_enter(handle, &visit);
	if (rc)
		return rc;
	wait = wait_new(&visit);
	if (!wait)
		return VALETKEY_ERR_NOMEM;
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &wait->visitor.cancel);
	rc = wait_refuse(wait, token);
	if (!rc)
		rc = wait_for_helper(wait, NULL);
	pthread_setcancelstate(wait->visitor.cancel, NULL);
	wait_end(wait);
	return rc;
}
