/* SPDX-License-Identifier: MIT */
/*
 * relay_fields.h - which fields of a request and of its answer go on, and which
 * are ours to make (RFC 9110 7.6.1). Called by relay_transfer.c for what goes
 * out and what comes back. Pure functions over texts.
 */
#ifndef VALETKEY_RELAY_FIELDS_H
#define VALETKEY_RELAY_FIELDS_H

#include "relay_head.h"

/* Whether a field of the request goes on: not what belongs to the connection,
 * nor the length, nor whom the client says to be, nor where a secret is in. */
bool relay_fields_sent(const struct relay_head *head,
		       const struct relay_header *field,
		       const struct relay_upstream *upstream);

/* What goes on of its value, behind `*before`: a Destination (RFC 4918 10.3) at
 * our own address is one at the server's. */
const char *relay_fields_value(const struct relay_header *field,
			       const struct relay_upstream *upstream,
			       const char **before);

/* ---- an answer ---- */

struct relay_fields {
	/* What is wanted: */
	bool cookies, no_referrer;
	const char *origin, *self; /* of struct relay_upstream */
	/* What was found: */
	int status;
	char reason[64]; /* "": none, or none that can go on */
	int64_t length;	 /* -1: not told */
	bool cut;	 /* memory ran out */
	bool garbled;	 /* no status, two lengths, or chunks and a length */
};

/*
 * Reads the head of an answer, lines as libcurl gives them one after another,
 * and adds the fields that go on to `out`, with CRLF behind each; Content-Length
 * is told instead. What is not a field is left out.
 */
void relay_fields_read(struct relay_fields *fields, char *text, size_t len,
		       struct buf *out);

/* The usual words for a status; "" if there are none. */
const char *relay_fields_reason(int status);

#endif
