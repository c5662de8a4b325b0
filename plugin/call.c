/* SPDX-License-Identifier: MIT */
/*
 * call.c - see call.h. Trusts neither the helper's exit status nor the order of
 * events: the result is the complete answer, and without one it is an error.
 */
#include "call.h"

#include "core/channel.h"
#include "core/clock.h"
#include "core/far.h"
#include "core/paths.h"
#include "core/text.h"
#include "launch.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define REPLY_MAX 32768

static const struct {
	const char *name;
	int type;
	bool interactive;
	bool reply;
	bool url;
} kinds[] = {
    {"info", VALETKEY_MESSAGE_INFO, false, false, false},
    {"error", VALETKEY_MESSAGE_ERROR, false, false, false},
    {"open", VALETKEY_MESSAGE_OPEN, true, false, true},
    {"code", VALETKEY_MESSAGE_CODE, true, false, true},
    {"ask", VALETKEY_MESSAGE_ASK, true, true, false},
    {"ask-secret", VALETKEY_MESSAGE_ASK_SECRET, true, true, false},
    {"wait", VALETKEY_MESSAGE_WAIT, false, false, false},
    {"debug", CALL_MESSAGE_DEBUG, false, false, false},
};

static int channel_result(int rc)
{
	return rc == CHANNEL_NOMEM     ? VALETKEY_ERR_NOMEM
	       : rc == CHANNEL_TIMEOUT ? VALETKEY_ERR_TIMEOUT
	       : rc		       ? VALETKEY_ERR_HELPER
				       : VALETKEY_OK;
}

/* Only http and https, and nothing that a browser's command line could take
 * for an option or a terminal for a control sequence. */
static bool clean_url(const char *url)
{
	return url &&
	       (strncasecmp(url, "https://", 8) == 0 ||
		strncasecmp(url, "http://", 7) == 0) &&
	       text_visible(url, strlen(url));
}

static int send_reply(const struct call *call, struct channel *channel,
		      const char *reply)
{
	struct record record = {0};
	int rc = record_add(&record, "reply", reply);

	if (!rc)
		rc = channel_write(channel, &record, call->deadline);
	record_free(&record);
	return channel_result(rc);
}

static int call_tell(const struct call *call,
		     const struct valetkey_message *message, char *reply)
{
	pid_t before = getpid();
	int rc;

	if (!call->converse)
		return 0;
	*reply = '\0';
	rc = call->converse(message, reply, REPLY_MAX, call->data);
	reply[REPLY_MAX - 1] = '\0';
	/* A child that came back from the conversation has no business on the
	 * parent's socket. */
	return rc || getpid() != before ? VALETKEY_ERR_CANCELED : VALETKEY_OK;
}

static int handle_message(const struct call *call, struct channel *channel,
			  const struct record *record, const char *name)
{
	char reply[REPLY_MAX];
	const char *text = record_get(record, "text");
	struct call_message more = {.local_url = NULL};
	struct valetkey_message *message = &more.message;
	size_t i;
	int rc;

	for (i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (strcmp(kinds[i].name, name) == 0)
			break;
	if (i == sizeof(kinds) / sizeof(*kinds))
		return VALETKEY_OK; /* a newer helper's */
	if (kinds[i].interactive && (!call->interactive || !call->converse))
		return VALETKEY_ERR_LOGIN;
	*message = (struct valetkey_message){
	    .size = sizeof(*message),
	    .type = kinds[i].type,
	    .seconds_left = (uint32_t)record_get_int(record, "seconds_left", 0),
	    .text = text ? text : "",
	};
	if (kinds[i].url) {
		message->url = record_get(record, "url");
		message->code = record_get(record, "code");
		more.local_url = record_get(record, "local_url");
		if (!clean_url(message->url))
			return VALETKEY_ERR_HELPER;
		if (!clean_url(more.local_url))
			more.local_url = NULL;
	}
	rc = call_tell(call, message, reply);
	if (!rc && kinds[i].reply)
		rc = send_reply(call, channel, reply);
	explicit_bzero(reply, sizeof(reply));
	return rc;
}

void call_failed(const struct call *call, const struct record *answer)
{
	const char *text = record_get(answer, "text");
	struct valetkey_message message = {.size = sizeof(message),
					   .type = VALETKEY_MESSAGE_ERROR,
					   .text = text};
	char reply[REPLY_MAX];

	if (text && *text)
		call_tell(call, &message, reply);
}

static int take_result(const struct call *call, const struct record *answer)
{
	int64_t result = record_get_int(answer, "result", -1);

	if (result < 0 || result > 125)
		return VALETKEY_ERR_HELPER;
	if (result != VALETKEY_OK)
		call_failed(call, answer);
	return (int)result;
}

/* The helper's end tells nothing; that of another machine does. */
static int no_answer(const struct call *call, struct record *answer, int rc)
{
	struct problem problem = {0};

	if (!call->far || rc != CHANNEL_CLOSED)
		return channel_result(rc);
	far_ended(&problem);
	record_free(answer);
	if (record_add(answer, "text", problem.text))
		return VALETKEY_ERR_NOMEM;
	call_failed(call, answer);
	return problem.result;
}

int call_step(const struct call *call, struct channel *channel,
	      struct record *answer, int64_t deadline)
{
	const char *message;
	int rc = VALETKEY_OK;

	while (!rc) {
		rc = channel_read(channel, answer, deadline);
		if (rc == CHANNEL_TIMEOUT)
			return CALL_PENDING;
		if (rc)
			return no_answer(call, answer, rc);
		message = record_get(answer, "message");
		if (!message)
			return take_result(call, answer);
		rc = handle_message(call, channel, answer, message);
		record_free(answer);
		/* Who never stops talking gets no more time than who is silent;
		 * a person may take longer. */
		if (!rc && call->far && !deadline_left(deadline))
			return CALL_PENDING;
	}
	return rc;
}

int call_late(const struct call *call, struct record *answer)
{
	record_free(answer);
	if (call->far &&
	    record_add(answer, "text",
		       "The machine that keeps this login has not answered in "
		       "time. Is the connection to it still alive?") == 0)
		call_failed(call, answer);
	return VALETKEY_ERR_TIMEOUT;
}

/* The other end of the channel, with a problem's text if that is told. */
static int call_open(const struct call *call, int bell, int *fd,
		     struct problem *problem)
{
	int rc;

	if (call->far)
		return far_connect(call->far, call->deadline, fd, problem);
	rc = launch_helper(bell, fd);
	if (rc == VALETKEY_ERR_HELPER)
		problem_set(problem, rc,
			    "Cannot start %s; is valetkey fully installed?",
			    paths_helper);
	return rc;
}

int call_begin(const struct call *call, int bell, struct channel *channel,
	       struct record *answer)
{
	struct problem problem = {0};
	int rc = call_open(call, bell, &channel->fd, &problem);
	int wrote;

	if (!rc) {
		wrote = channel_write(channel, call->request, call->deadline);
		if (call->far && wrote == CHANNEL_CLOSED)
			rc = far_ended(&problem);
		else
			rc = channel_result(wrote);
	}
	if (*problem.text && record_add(answer, "text", problem.text))
		rc = VALETKEY_ERR_NOMEM;
	return rc;
}

int call_helper(const struct call *call, struct record *answer)
{
	struct channel channel = {.fd = -1};
	int rc = call_begin(call, 0, &channel, answer);

	if (rc)
		call_failed(call, answer);
	else
		rc = call_step(call, &channel, answer, call->deadline);
	channel_close(&channel);
	return rc == CALL_PENDING ? call_late(call, answer) : rc;
}
