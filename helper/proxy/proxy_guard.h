/* SPDX-License-Identifier: MIT */
/*
 * proxy_guard.h - who may use the proxy, judged by a request's head alone. Other
 * users of this computer can reach a port of ours, and so can every web page in
 * our own browser: neither knows the secret, and no page gets so far.
 */
#ifndef VALETKEY_PROXY_GUARD_H
#define VALETKEY_PROXY_GUARD_H

#include "net/net.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define PROXY_SECRET_LENGTH 64 /* lower case hex digits: 256 bits */

struct proxy_guard {
	char secret[PROXY_SECRET_LENGTH + 1];
	uint16_t port; /* where we listen; of a unix socket 0 */
	uid_t uid;     /* who may come by a unix socket */
	bool in_path;  /* /SECRET/... is a way to show it */
};

enum proxy_verdict {
	/* It has shown the secret, or is a program of our own user. */
	PROXY_KNOWN = 1,
	/* Nothing speaks against it, but only a token request may still show
	 * the secret, in its body. */
	PROXY_STRANGER = 2,
	/* It is a web page's, for another server, or another user's. */
	PROXY_FORBIDDEN = 3
};

/* *why is set with FORBIDDEN, for the answer. */
enum proxy_verdict proxy_guard_judge(const struct proxy_guard *guard,
				     const struct relay_request *request,
				     const char **why);

/* How long the part of the target is that shows the secret: 0 if it is not
 * there, or is not to be. */
size_t proxy_guard_path(const struct proxy_guard *guard, const char *target);

/* In a time that tells nothing of the secret. */
bool proxy_guard_secret_is(const struct proxy_guard *guard, const char *text,
			   size_t len);

/* The value of a header that is there exactly once, or NULL. */
const char *proxy_header(const struct relay_request *request, const char *name);

#endif
