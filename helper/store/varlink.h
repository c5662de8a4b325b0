/* SPDX-License-Identifier: MIT */
/*
 * varlink.h - one call of a service of the system over its socket
 * (https://varlink.org): a JSON object and NUL there, one back. What is in them is the
 * caller's business.
 *
 * The socket counts only if root listens. A service that ends the connection without
 * an answer may serve too many at the moment: it is asked again for a while.
 */
#ifndef VALETKEY_VARLINK_H
#define VALETKEY_VARLINK_H

#include "core/buf.h"
#include "core/text.h"

#include <stdbool.h>
#include <stdint.h>

#define VARLINK_ANSWER_MAX 65536

/* Whether root has such a socket. */
bool varlink_offered(const char *path);

/*
 * Adds the answer, without its NUL. ERR_NO_KEYRING: nobody is there; ERR_DENIED: it is
 * not root's, or the answer ends too soon or never; ERR_TIMEOUT.
 */
struct varlink_call {
	const char *path;
	const char *request;
	int64_t deadline;
};
int varlink_call(const struct varlink_call *call, struct buf *answer,
		 struct problem *problem);

#endif
