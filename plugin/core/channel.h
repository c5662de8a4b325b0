/* SPDX-License-Identifier: MIT */
/*
 * channel.h - records over the stream socket between plugin and helper.
 *
 * Every record starts with the line `valetkey=1` (the protocol's version) and
 * ends with a blank line. A request has `op`. The helper answers with any
 * number of messages (`message=info|error|open|code|ask|ask-secret|wait|debug`),
 * each ask answered by a record with `reply`, and at last with `result=N` (enum
 * valetkey_result), `text` if there is more to say, and what was asked for.
 */
#ifndef VALETKEY_CHANNEL_H
#define VALETKEY_CHANNEL_H

#include "record.h"

#define CHANNEL_RECORD_MAX (1u << 20)

#define MIN_VALID_S 60 /* of a token, if a request does not say it */

#define CHANNEL_HELPER_FD 3 /* where the helper finds its end */
#define CHANNEL_BELL_FD 4   /* and its bell, if it has one */

/*
 * A bell is the helper's end of a second socket, of whose other end an event
 * loop learns that there is something to read: a byte comes with every record,
 * and one when the request has run out of time. What the bytes are means
 * nothing, so that anybody may read them.
 */
struct channel {
	int fd;
	int bell; /* 0: none */
	struct buf in;
};

void channel_ring(int bell);

enum channel_error {
	CHANNEL_OK = 0,
	CHANNEL_NOMEM = -1,
	CHANNEL_MALFORMED = -2, /* not our protocol, or too long */
	CHANNEL_CLOSED = -3,
	CHANNEL_TIMEOUT = -4
};

/* Waits until a whole record is there; record must be empty. */
int channel_read(struct channel *channel, struct record *record,
		 int64_t deadline);

/* Sends a record; the version line is added. Never raises SIGPIPE. */
int channel_write(struct channel *channel, const struct record *record,
		  int64_t deadline);

/* Closes the descriptors and wipes what was read. */
void channel_close(struct channel *channel);

#endif
