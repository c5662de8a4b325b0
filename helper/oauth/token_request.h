/* SPDX-License-Identifier: MIT */
/*
 * token_request.h - what a provider's data adds to a token request: parameters
 * of its own, and JSON instead of a form. Never changes what we send ourselves.
 */
#ifndef VALETKEY_TOKEN_REQUEST_H
#define VALETKEY_TOKEN_REQUEST_H

#include "client/client.h"

/*
 * Adds the NAME=VALUE of `list` ("token_parameter[]") to the form: each whose
 * name is neither there already nor one that only a flow or the client's
 * authentication may give. 0 or -1.
 */
int token_request_add(const struct client *client, const char *list,
		      struct buf *form);

/* Adds the client's resource[] (RFC 8707), of an authorization request too. 0
 * or -1. */
int token_request_resources(const struct client *client, struct buf *form);

/* The same parameters as a JSON object; one that repeats is an array. 0, -1. */
int token_request_json(const struct buf *form, struct buf *json);

#endif
