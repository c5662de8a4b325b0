/* SPDX-License-Identifier: MIT */
/*
 * call.h - one request to the helper, from start to result: spawn it, send the
 * request, pass its messages to the conversation, take the answer.
 */
#ifndef VALETKEY_CALL_H
#define VALETKEY_CALL_H

#include "core/channel.h"
#include "core/record.h"
#include <valetkey.h>

#include <stdbool.h>

/*
 * What the conversation is handed. A host program's ends where the message's size
 * says; the command, which has this code inside, may look behind it.
 */
struct call_message {
	struct valetkey_message message;
	const char *local_url; /* OPEN: of this computer, leads to url; NULL:
				  none. Nothing of the login is in it, so it
				  may stand in a command line. */
};

/* The kind of a message that comes only if the request has `debug` (handle.h), so
 * that no host program ever sees one: what was asked of whom, and how long it
 * took. */
#define CALL_MESSAGE_DEBUG 1000

struct call {
	const struct record *request;
	int64_t deadline; /* of clock.h */
	bool interactive; /* OPEN, CODE and ASK may be delivered */
	const char *far;  /* far_socket(): asked instead of the helper */
	valetkey_converse *converse; /* may be NULL */
	void *data;
};

/*
 * Returns the helper's result; its final record is in `answer` (must be empty,
 * the caller frees it). What the helper says of a failure is delivered as an
 * ERROR message.
 */
int call_helper(const struct call *call, struct record *answer);

/*
 * The same in steps, for those who must not wait: call_begin() starts the helper
 * and sends the request, and tells nothing; if it fails it leaves in `answer`
 * what call_failed() tells then. The helper rings at `bell`, which stays the
 * caller's (0: nowhere). call_step() takes what is there and returns
 * CALL_PENDING until the result has come or `deadline` has passed. The channel
 * is the caller's to close.
 *
 * The conversation may leave by a jump: what these hold meanwhile is in channel
 * and answer.
 */
#define CALL_PENDING (-1)
int call_begin(const struct call *call, int bell, struct channel *channel,
	       struct record *answer);
void call_failed(const struct call *call, const struct record *answer);
int call_step(const struct call *call, struct channel *channel,
	      struct record *answer, int64_t deadline);

/* The time is up: ERR_TIMEOUT, and of another machine what that means. */
int call_late(const struct call *call, struct record *answer);

#endif
