/* SPDX-License-Identifier: MIT */
/*
 * begin.c - valetkey_begin(), _fd(), _finish(), _cancel(): a get for event
 * loops. Nothing here waits; one epoll descriptor stands for the helper's
 * socket, the deadline, and a result that was there at once.
 */
#include "ask.h"
#include "call.h"
#include "clock.h"
#include "descriptor.h"
#include "handle.h"
#include "memory.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>

struct valetkey_wait {
	struct visit visit;
	struct ask ask;
	struct call call;
	struct record request;
	struct channel channel; /* fd -1 where no helper was needed */
	int epoll, timer;
	int result;			    /* of begin, or CALL_PENDING */
	const struct valetkey_token *token; /* a hit */
};

static int watch(int epoll, int fd)
{
	struct epoll_event event = {.events = EPOLLIN};

	return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

/* Makes the descriptor readable when the deadline comes: now, if it is done. */
static int set_timer(struct valetkey_wait *wait)
{
	int64_t at = wait->result == CALL_PENDING ? wait->ask.wait.deadline : 1;
	const struct itimerspec when = {
	    .it_value = {at / 1000, at % 1000 * 1000000L}};

	return timerfd_settime(wait->timer, TFD_TIMER_ABSTIME, &when, NULL);
}

static int open_descriptors(struct valetkey_wait *wait)
{
	wait->epoll = descriptor_lift(epoll_create1(EPOLL_CLOEXEC));
	wait->timer = descriptor_lift(
	    timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK));
	if (wait->epoll < 0 || wait->timer < 0 ||
	    watch(wait->epoll, wait->timer) != 0)
		return VALETKEY_ERR_DENIED; /* no descriptor is free */
	return VALETKEY_OK;
}

static int start_helper(struct valetkey_wait *wait)
{
	int rc = ask_write(&wait->ask, &wait->request);

	if (!rc)
		rc = handle_call(wait->visit.handle, &wait->request,
				 &wait->ask.wait, &wait->call);
	if (!rc)
		rc = call_begin(&wait->call, &wait->channel);
	if (!rc && watch(wait->epoll, wait->channel.fd) != 0)
		rc = VALETKEY_ERR_HELPER;
	return rc ? rc : CALL_PENDING;
}

static void end(struct valetkey_wait *wait)
{
	handle_leave(&wait->visit);
	memory_release(wait->token);
	channel_close(&wait->channel);
	record_free(&wait->request);
	if (wait->epoll >= 0)
		close(wait->epoll);
	if (wait->timer >= 0)
		close(wait->timer);
	free(wait);
}

/* From the tiers that are at hand, else the helper is at work on it. */
static int start(struct valetkey_wait *wait)
{
	int rc = open_descriptors(wait);

	if (rc)
		return rc;
	wait->result = ask_cached(&wait->ask, &wait->token);
	if (!wait->result && !wait->token)
		wait->result = start_helper(wait);
	return set_timer(wait) == 0 ? VALETKEY_OK : VALETKEY_ERR_HELPER;
}

int valetkey_begin(struct valetkey *handle,
		   const struct valetkey_request *request,
		   struct valetkey_wait **out)
{
	struct valetkey_wait *wait;
	int rc, cancel;

	if (!out)
		return VALETKEY_ERR_ARG;
	*out = NULL;
	if (!handle || !request)
		return VALETKEY_ERR_ARG;
	wait = calloc(1, sizeof(*wait));
	if (!wait)
		return VALETKEY_ERR_NOMEM;
	wait->channel.fd = -1;
	rc = ask_check(handle, request, &wait->ask);
	if (!rc)
		rc = handle_enter(handle, &wait->visit);
	if (rc) {
		free(wait);
		return rc;
	}
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	rc = start(wait);
	pthread_setcancelstate(cancel, NULL);
	if (rc)
		end(wait);
	else
		*out = wait;
	return rc;
}

int valetkey_fd(const struct valetkey_wait *wait)
{
	return wait ? wait->epoll : -1;
}

int valetkey_finish(struct valetkey_wait *wait,
		    const struct valetkey_token **token)
{
	struct record answer = {0};
	int rc, cancel;

	if (!wait || !token)
		return VALETKEY_ERR_ARG;
	*token = NULL;
	if (handle_talking(wait->visit.handle))
		return VALETKEY_ERR_BUSY;
	*token = wait->token;
	wait->token = NULL;
	rc = wait->result;
	if (rc == CALL_PENDING) {
		pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
		rc = call_step(&wait->call, &wait->channel, &answer, 0);
		if (rc == VALETKEY_OK)
			rc = ask_keep(&wait->ask, &answer, token);
		record_free(&answer);
		pthread_setcancelstate(cancel, NULL);
	}
	if (rc == CALL_PENDING && clock_ms() < wait->ask.wait.deadline)
		return VALETKEY_PENDING;
	end(wait);
	return rc == CALL_PENDING ? VALETKEY_ERR_TIMEOUT : rc;
}

void valetkey_cancel(struct valetkey_wait *wait)
{
	if (wait && !handle_talking(wait->visit.handle))
		end(wait);
}
