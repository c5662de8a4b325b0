/* SPDX-License-Identifier: MIT */
/*
 * relay_head.h - the head of a request (RFC 9112), read strictly: what two
 * programs could understand in two ways is refused, so that nobody can hide a
 * second request in a first one. Called by relay_client.c with what has arrived;
 * a pure function over the bytes, which are ended with NUL where they are.
 */
#ifndef VALETKEY_RELAY_HEAD_H
#define VALETKEY_RELAY_HEAD_H

#include "net/net.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RELAY_HEAD_MAX 32768u
#define RELAY_LINE_MAX 16384u /* of the request line */
#define RELAY_FIELDS_MAX 128u

struct relay_head {
	const char *method;
	const char *target; /* origin-form, 0x21 to 0x7e, no '#' */
	struct relay_header fields[RELAY_FIELDS_MAX];
	size_t count;
	int64_t length; /* Content-Length; -1: there is none */
	bool chunked;
	bool old;   /* HTTP/1.0 */
	bool close; /* the client wants no more after this one */
	bool awaits_100;
	int status;	    /* if it was refused: which answer it has, */
	const char *reason; /* and one sentence */
};

/* Where the head ends, the blank line included; 0: it is not all here. From
 * *seen on, where the last call stopped, and which is 0 at first. */
size_t relay_head_end(const char *data, size_t len, size_t *seen);

/* Reads a whole head of that length. 0, or -1 with status and reason set. */
int relay_head_read(struct relay_head *head, char *data, size_t len);

/* The same refusal for one that does not end within RELAY_HEAD_MAX. */
void relay_head_too_long(struct relay_head *head, const char *data, size_t len);

/* Whether a comma-separated list of tokens (RFC 9110 5.6.1) has this one, in
 * any case of letters. */
bool relay_head_lists(const char *list, const char *token, size_t len);

/* Whether it is a token (RFC 9110 5.6.2). */
bool relay_head_token(const char *text, size_t len);

#endif
