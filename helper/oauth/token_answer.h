/* SPDX-License-Identifier: MIT */
/*
 * token_answer.h - what an answer of the token endpoint means (RFC 6749 5.1,
 * 5.2), with the provider's quirks.
 */
#ifndef VALETKEY_TOKEN_ANSWER_H
#define VALETKEY_TOKEN_ANSWER_H

#include "endpoint.h"
#include "net/net.h"

#include <stdbool.h>

/* Results as endpoint_token()'s. */
int token_answer_read(const struct client *client,
		      const struct http_answer *http,
		      struct endpoint_answer *answer, struct problem *problem);

/* What an answer says of the refresh token that was sent. */
enum refresh_verdict {
	REFRESH_NOTHING = 0,
	REFRESH_NEW = 1,       /* here is one that supersedes it, or is it */
	REFRESH_UNREADABLE = 2 /* one came, it seems, and cannot be read */
};

/*
 * By the bytes of an answer with 2xx. REFRESH_NEW: *token, empty before, has it;
 * whether it is the one that was sent the caller compares. REFRESH_UNREADABLE:
 * the answer came to its end (`whole`) and has the word refresh_token, but is no
 * answer that can be read, or what it has there can be none. Of an answer that
 * was cut off the members count that came completely, and it is never
 * REFRESH_UNREADABLE, but for want of memory.
 */
enum refresh_verdict token_answer_refresh(const struct client *client,
					  const struct buf *body, bool whole,
					  struct buf *token);

#endif
