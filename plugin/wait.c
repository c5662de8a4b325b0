/* SPDX-License-Identifier: MIT */
/*
 * wait.c - see wait.h.
 */
#include "wait.h"

#include "core/clock.h"
#include "memory.h"

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

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
			  token->access_token) ||
	    record_add(request, "op", "invalidate") ||
	    record_add(request, "account", token->account) ||
	    record_add(request, "access_token", token->access_token) ||
	    record_add(request, "resource", memory_resource(token)) ||
	    record_add_int(request, "timeout_ms", INVALIDATE_MS))
		return VALETKEY_ERR_NOMEM;
	return VALETKEY_OK;
}

void wait_start(struct valetkey_wait *wait)
{
	int rc = handle_call(&wait->visitor, &wait->request, &wait->ask.wait,
			     &wait->call);

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
	return rc;
}
