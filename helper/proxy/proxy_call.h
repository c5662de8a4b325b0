/* SPDX-License-Identifier: MIT */
/*
 * proxy_call.h - one request to the proxy on its way, from its head to its
 * answer, and the proxy that all of them share. One thread does all of it.
 */
#ifndef VALETKEY_PROXY_CALL_H
#define VALETKEY_PROXY_CALL_H

#include "client/client.h"
#include "net/net.h"
#include "proxy_guard.h"
#include "proxy_route.h"
#include <valetkey.h>

#include <stdbool.h>
#include <stddef.h>

struct proxy_wait;

struct proxy {
	const struct client *client; /* the account */
	struct proxy_guard guard;
	struct proxy_map map;
	bool cookies;

	const struct net *net;
	struct relay *relay;
	struct valetkey *handle;
	struct proxy_wait *waits; /* for tokens */
	size_t waits_count;
	struct buf said;      /* of the failure that is being finished */
	int64_t ask_in_full;  /* a deadline, see proxy_wait.c */
	uint32_t min_valid_s; /* 0: the usual */
	int told;	      /* the failure that the person was told of last */

	/* A new token that was refused at once: until then a 401 is not
	 * because of it. */
	struct proxy_bearer *doubted;
	int64_t doubted_until;
};

/* A token that several calls go with. */
struct proxy_bearer {
	const struct valetkey_token *token;
	size_t users;
};

struct proxy_call {
	struct proxy *proxy;
	struct relay_exchange *exchange;
	bool known;		 /* see PROXY_KNOWN */
	char origin[ORIGIN_MAX]; /* where it goes to */
	struct buf target, self; /* see struct relay_upstream */
	struct proxy_bearer *bearer;
	bool refused;		 /* its 401 is not handed on yet */
	bool repeated;		 /* this is the second time */
	struct proxy_wait *wait; /* what it waits for */
	struct proxy_call *next; /* who waits for the same */
};

/* Fills what proxy_call.c does of the options; the listener is the caller's. */
void proxy_call_serve(struct proxy *proxy, struct relay_options *options);

/* It has a token: on it goes. Takes one use of the bearer over. */
void proxy_call_go(struct proxy_call *call, struct proxy_bearer *bearer);

/* There is no token; proxy->said is what the person should know. */
void proxy_call_fail(struct proxy_call *call, int result);

/* One more user, or one less; the last one frees it. */
struct proxy_bearer *proxy_bearer_share(struct proxy_bearer *bearer);
void proxy_bearer_drop(struct proxy_bearer *bearer);

#endif
