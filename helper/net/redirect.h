/* SPDX-License-Identifier: MIT */
/*
 * redirect.h - the authorization response as a redirect brings it (RFC 6749
 * 4.1.2): which request counts as the one that is awaited. Knows no HTTP
 * library; listener_answer.c feeds it with what came in.
 */
#ifndef VALETKEY_REDIRECT_H
#define VALETKEY_REDIRECT_H

#include "net.h"

enum redirect_parameter {
	REDIRECT_STATE = 0,
	REDIRECT_CODE = 1,
	REDIRECT_ISS = 2,
	REDIRECT_ERROR = 3,
	REDIRECT_ERROR_DESCRIPTION = 4,
	REDIRECT_PARAMETERS = 5
};

struct redirect {
	const char *values[REDIRECT_PARAMETERS]; /* borrowed; NULL: absent */
	bool malformed; /* a parameter came twice, or with NUL in it, or the
			   encoding is broken */
};

/* A decoded parameter of the query. Unknown ones are passed over. */
void redirect_add(struct redirect *redirect, const char *key, size_t key_len,
		  const char *value, size_t value_len);

/*
 * The parameters of a form's body (or of a query without its '?'), decoded in
 * place: the values point into `text`, which must end with NUL. What is not
 * encoded as a form must be makes it malformed.
 */
void redirect_parse(struct redirect *redirect, char *text, size_t len);

/* Well-formed, with this state, and with a code or an error. */
bool redirect_matches(const struct redirect *redirect, const char *state);

/* Copies the parameters. 0, or -1 for memory (the answer is empty then). */
int redirect_answer(const struct redirect *redirect,
		    struct listener_answer *answer);

/* Whether a Host header names a loopback address and our port; a page of
 * another site that had its name point at us (DNS rebinding) does not. */
bool redirect_is_for_us(const char *host, uint16_t port);

#endif
