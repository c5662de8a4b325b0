/* SPDX-License-Identifier: MIT */
/*
 * refused_tokens.h - new access tokens that a server refuses, one after the other. A
 * program that asks for another one after each 401 would have the provider asked
 * for ever: after three within a minute no more are issued for that server until
 * another minute has passed, or somebody logs in. It is kept in the account's lock
 * file, under whose lock these functions are called.
 *
 * `resource` is the URL that the token was for; NULL: the host did not say, which
 * then counts for all servers.
 */
#ifndef VALETKEY_REFUSED_TOKENS_H
#define VALETKEY_REFUSED_TOKENS_H

#include "client/client.h"
#include "core/text.h"

struct grant;

/* The grant's access token was refused. */
void refused_tokens_note(int lock, const char *resource,
			 const struct grant *grant);

/* 0: go ahead; else ERR_DENIED with *problem set. */
int refused_tokens_check(int lock, const char *resource,
			 const struct client *client, struct problem *problem);

/* Other machines together have two tokens a minute refused (ops/share.h): 0, and
 * this is one of them, or ERR_THROTTLED with *problem set. */
int refused_tokens_shared(int lock, const struct client *client,
			  struct problem *problem);

/* There is a new login. */
void refused_tokens_forget(int lock);

#endif
