/* SPDX-License-Identifier: MIT */
/*
 * device_answer.h - what the device authorization endpoint answers (RFC 8628
 * 3.2). The person will see the code and the address, and open the address, so
 * each is judged before.
 */
#ifndef VALETKEY_DEVICE_ANSWER_H
#define VALETKEY_DEVICE_ANSWER_H

#include "client/client.h"
#include "core/text.h"
#include "core/record.h"
#include "net/net.h"

struct device_answer {
	struct record fields; /* device_code (a secret), user_code,
				 verification_uri, and if it was given
				 verification_uri_complete */
	int64_t interval_s;   /* between two questions; at least 1 */
	int64_t expires_in_s; /* -1: not said */
};

/*
 * 0: the fields are complete and clean. Otherwise *problem is set: ERR_DENIED
 * what the server calls the error; ERR_SCOPE; ERR_THROTTLED; ERR_NETWORK no
 * usable answer; ERR_NOMEM.
 */
int device_answer_read(const struct client *client,
		       const struct http_answer *http,
		       struct device_answer *answer, struct problem *problem);

void device_answer_free(struct device_answer *answer);

#endif
