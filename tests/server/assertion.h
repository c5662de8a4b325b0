/* SPDX-License-Identifier: MIT */
/*
 * A client's signed statement (RFC 7523, section 3) and its certificate in TLS
 * (RFC 8705, section 2), each looked at as strictly as one can. What is wrong
 * with one is a word for the log.
 */
#ifndef PROVIDER_ASSERTION_H
#define PROVIDER_ASSERTION_H

#include "client.h"

#define ASSERTION_TYPE "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
#define ASSERTION_MAX_SEEN 256

/* The statements that were made use of: none is good for two requests. */
struct assertions {
	char *seen[ASSERTION_MAX_SEEN];
	size_t count;
};

/* NULL when it is good, else why not. */
const char *assertion_check(struct provider *provider, struct request *request,
			    const struct client *client, const char *text);
void assertions_free(struct assertions *assertions);

/* The fingerprint of a PEM certificate, and of the one that a GnuTLS session's
 * peer has shown; NULL where there is none that is trusted. */
char *assertion_fingerprint(const char *pem);
char *assertion_peer(void *session);

#endif
