/* SPDX-License-Identifier: MIT */
/*
 * assertion.h - the signed statement by which a client with a key proves who it
 * is (RFC 7523 2.2 and 3, OpenID Connect Core 9: private_key_jwt).
 */
#ifndef VALETKEY_ASSERTION_H
#define VALETKEY_ASSERTION_H

#include "client/client.h"

#define ASSERTION_TYPE "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

/* A new one, good for a minute and for one request. 0, or a result code with
 * *problem set. */
int assertion_make(const struct client *client, struct buf *assertion,
		   struct problem *problem);

#endif
