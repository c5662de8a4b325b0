/* SPDX-License-Identifier: MIT */
/*
 * token_answer.h - what an answer of the token endpoint means (RFC 6749 5.1,
 * 5.2), with the provider's quirks.
 */
#ifndef VALETKEY_TOKEN_ANSWER_H
#define VALETKEY_TOKEN_ANSWER_H

#include "client/client.h"
#include "json/json.h"
#include "net/net.h"

#include <stdbool.h>
#include <stdint.h>

struct token_answer {
	long status;	       /* of HTTP; 0: no whole answer */
	bool unknown;	       /* it was sent, and no whole answer came: nobody
			       knows whether the server acted on it */
	char error[64];	       /* RFC 6749 5.2, "" if none */
	char name[64];	       /* what the server calls that */
	char moved_to[128];    /* the host of a redirect, "" if none */
	bool web_page;	       /* it is HTML */
	int64_t retry_after_s; /* -1: not said */
	int64_t date;	       /* when it was sent, Unix seconds: the server's
				  clock, or ours if it does not tell */
	struct record fields;  /* of a success, as text: access_token,
				  refresh_token, scope (with spaces between),
				  expires_in (0: it never expires),
				  refresh_expires_in (the same), id_token
				  and id_token_date (when that was sent, as
				  date), identity, identity_id; of one that is
				  unusable: refresh_token, if any */
};

/* Results as endpoint_token()'s. */
int token_answer_read(const struct client *client,
		      const struct http_answer *http,
		      struct token_answer *answer, struct problem *problem);

void token_answer_free(struct token_answer *answer);

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

/*
 * Sets problem, answer->name and answer->error (the name of RFC 6749 if the
 * provider's data tell it). `json` is what the answer holds, NULL: no JSON.
 * Results as endpoint_token()'s.
 */
int token_error_set(const struct client *client, const struct json *json,
		    struct token_answer *answer, struct problem *problem);

#endif
