/* SPDX-License-Identifier: MIT */
/*
 * begin.c - valetkey_begin(), _invalidate_begin(), _fd(), _finish(), _cancel():
 * the calls for event loops. Nothing here waits. The host watches one end of a
 * socket pair whose other end the helper has: a byte comes with whatever there
 * is to read, and when time has run out, and the end of file once the helper is
 * gone. All kinds of loops take it, also those that read what they watch.
 */
#include "call.h"
#include "core/clock.h"
#include "core/descriptor.h"
#include "launch.h"
#include "request.h"

#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

/* The conversation was left: the host still has it, and is to end it. */
static void begun_left(struct visitor *visitor)
{
	struct valetkey_wait *wait = (struct valetkey_wait *)visitor;

	channel_close(&wait->channel);
	record_free(&wait->answer);
	wait->result = VALETKEY_ERR_CANCELED;
}

static int open_bell(struct valetkey_wait *wait)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0,
		       pair) != 0)
		return VALETKEY_ERR_DENIED; /* no descriptor is free */
	pair[0] = descriptor_lift(pair[0]);
	pair[1] = descriptor_above(pair[1], CHANNEL_BELL_FD);
	wait->ready = pair[0] < 0 ? 0 : pair[0];
	wait->bell = pair[1] < 0 ? 0 : pair[1];
	return wait->ready && wait->bell ? VALETKEY_OK : VALETKEY_ERR_DENIED;
}

/* Without a helper that has it too, this makes the descriptor readable. */
static void close_bell(struct valetkey_wait *wait)
{
	close(wait->bell);
	wait->bell = 0;
}

/* From the tiers that are at hand, else the helper is at work on it. */
static int start_get(struct valetkey_wait *wait,
		     const struct valetkey_request *request)
{
	struct valetkey *handle = wait->visitor.visit.handle;
	int rc = ask_check(handle, request, &wait->ask);

	if (!rc)
		rc = open_bell(wait);
	if (rc)
		return rc;
	wait->gets = true;
	wait->result = ask_cached(&wait->ask, &wait->token);
	if (!wait->result && !wait->token)
		wait_start(wait);
	return VALETKEY_OK;
}

static int start_invalidate(struct valetkey_wait *wait,
			    const struct valetkey_token *token)
{
	int rc = open_bell(wait);

	if (rc)
		return rc;
	wait->result = wait_refuse(wait, token);
	if (!wait->result)
		wait_start(wait);
	return VALETKEY_OK;
}

static int begin_request(struct valetkey *handle,
			 const struct valetkey_request *request,
			 const struct valetkey_token *token,
			 struct valetkey_wait **out)
{
	struct valetkey_wait *wait;
	struct visit visit;
	int rc, cancel;

	if (!out)
		return VALETKEY_ERR_ARG;
	*out = NULL;
	if (!handle || (!request && !token))
		return VALETKEY_ERR_ARG;
	rc = handle_enter(handle, &visit);
	if (rc)
		return rc;
	wait = wait_new(&visit);
	if (!wait)
		return VALETKEY_ERR_NOMEM;
	wait->visitor.left = begun_left;
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	rc = request ? start_get(wait, request) : start_invalidate(wait, token);
	pthread_setcancelstate(cancel, NULL);
	if (rc) {
		wait_end(wait);
		return rc;
	}
	close_bell(wait);
	*out = wait;
	return VALETKEY_OK;
}

int valetkey_begin(struct valetkey *handle,
		   const struct valetkey_request *request,
		   struct valetkey_wait **wait)
{
	return begin_request(handle, request, NULL, wait);
}

int valetkey_invalidate_begin(struct valetkey *handle,
			      const struct valetkey_token *token,
			      struct valetkey_wait **wait)
{
	return begin_request(handle, NULL, token, wait);
}

int valetkey_fd(const struct valetkey_wait *wait)
{
	return wait ? wait->ready : -1;
}

static void drain_wakeups(int fd)
{
	char bytes[64];

	while (recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT) > 0)
		;
}

int valetkey_finish(struct valetkey_wait *wait,
		    const struct valetkey_token **token)
{
	const struct valetkey_token *none;
	int rc;

	if (!token)
		token = &none;
	*token = NULL;
	if (!wait || (wait->gets && token == &none))
		return VALETKEY_ERR_ARG;
	if (handle_talking(wait->visitor.visit.handle))
		return VALETKEY_ERR_BUSY;
	*token = wait->token;
	wait->token = NULL;
	drain_wakeups(
	    wait->ready); /* before the look: what comes later rings later */
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &wait->visitor.cancel);
	rc = wait_step(wait, 0, token);
	pthread_setcancelstate(wait->visitor.cancel, NULL);
	if (rc == CALL_PENDING && clock_ms() < wait->ask.wait.deadline)
		return VALETKEY_PENDING;
	wait_end(wait);
	return rc == CALL_PENDING ? VALETKEY_ERR_TIMEOUT : rc;
}

void valetkey_cancel(struct valetkey_wait *wait)
{
	if (wait && !handle_talking(wait->visitor.visit.handle))
		wait_end(wait);
}
