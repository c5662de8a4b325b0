/* SPDX-License-Identifier: MIT */
/*
 * http_failure.h - what can go wrong between us and a provider, in our own
 * terms, and the sentence for a person that belongs to each. http.c tells the
 * kinds apart; the words know no library.
 */
#ifndef VALETKEY_HTTP_FAILURE_H
#define VALETKEY_HTTP_FAILURE_H

#include "problem.h"

enum http_failure {
	HTTP_FAILURE_OTHER = 0,
	HTTP_FAILURE_NOMEM = 1,
	HTTP_FAILURE_NAME = 2,	      /* the name has no address */
	HTTP_FAILURE_CONNECT = 3,     /* refused, unreachable */
	HTTP_FAILURE_SILENT = 4,      /* no connection in time */
	HTTP_FAILURE_DEADLINE = 5,    /* the caller's deadline is over */
	HTTP_FAILURE_PROXY_NAME = 6,  /* the proxy's name has no address */
	HTTP_FAILURE_PROXY = 7,	      /* the proxy fails or refuses */
	HTTP_FAILURE_UNTRUSTED = 8,   /* nobody we trust signed it */
	HTTP_FAILURE_EXPIRED = 9,     /* out of date, or not yet valid */
	HTTP_FAILURE_WRONG_NAME = 10, /* made for another host */
	HTTP_FAILURE_CA_FILE = 11,    /* ca_file cannot be read */
	HTTP_FAILURE_TLS = 12,	      /* no TLS 1.2 or later */
	HTTP_FAILURE_CUT_OFF = 13,    /* the answer ended too early */
	HTTP_FAILURE_TOO_LONG = 14,   /* more than HTTP_BODY_MAX */
	HTTP_FAILURE_GARBLED = 15     /* not HTTP */
};

/* Sets the problem; returns its result: NETWORK, TIMEOUT or NOMEM. */
int http_failure_set(struct problem *problem, enum http_failure failure,
		     const char *host);

#endif
