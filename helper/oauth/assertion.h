/* SPDX-License-Identifier: MIT */
/*
 * assertion.h - the signed statement by which a client with a key proves who it
 * is (RFC 7523 2.2 and 3, OpenID Connect Core 9: private_key_jwt).
 */
#ifndef VALETKEY_ASSERTION_H
#define VALETKEY_ASSERTION_H

#include "client/client.h"
#include "core/buf.h"
#include "core/text.h"

#define ASSERTION_TYPE "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

/* A new one, good for a minute and for one request. 0, or a result code with
 * *problem set. */
int assertion_make(const struct client *client, struct buf *assertion,
		   struct problem *problem);

/* ---- the key ---- */

/* Reads a client's private key (PEM) out of a file that nobody else can read:
 * a regular file of the person's or root's, as ssh wants its keys. */

/* 0; ERR_DENIED with why not, and what to type; ERR_NOMEM. */
int key_file_read(const char *path, struct buf *pem, struct problem *problem);

#endif
