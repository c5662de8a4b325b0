/* SPDX-License-Identifier: MIT */
/*
 * proxy_wait.h - the proxy, its calls, and tokens for them without waiting: what
 * the library has at hand is given at once, and calls that need the same from the
 * helper share one question. No call waits for another one's answer.
 */
#ifndef VALETKEY_PROXY_WAIT_H
#define VALETKEY_PROXY_WAIT_H

#include "client/client.h"
#include "net/net.h"
#include "proxy_guard.h"
#include "proxy_route.h"
#include <valetkey.h>

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>

struct proxy_wait;
struct proxy_call;
struct proxy_bearer;

struct proxy {
	const struct client *client; /* the account */
	struct proxy_guard guard;
	struct proxy_map map;
	bool cookies, http2;

	/* What becomes of a call that needed a token, see proxy_call.c: it has
	 * one, of which one use is taken over; or there is none, and `said` is
	 * what the person should know. */
	void (*go)(struct proxy_call *call, struct proxy_bearer *bearer);
	void (*fail)(struct proxy_call *call, int result);

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
	int64_t renewed_until; /* likewise for what cannot be repeated */
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

/* One more user, or one less; the last one frees it. */
struct proxy_bearer *proxy_bearer_share(struct proxy_bearer *bearer);
void proxy_bearer_drop(struct proxy_bearer *bearer);

/* proxy->go() or proxy->fail(), now or later. */
void proxy_wait_token(struct proxy_call *call);

/* The server has refused its bearer: has that invalidated, and, if `again`, goes
 * on as proxy_wait_token(). */
void proxy_wait_refused(struct proxy_call *call, bool again);

/* The call waits no more. */
void proxy_wait_leave(struct proxy_call *call);

/* Fills proxy->waits_count entries. */
void proxy_wait_poll(const struct proxy *proxy, struct pollfd *fds);

/* Finishes what has a result. */
void proxy_wait_run(struct proxy *proxy);

/* Gives all of them up. */
void proxy_wait_end(struct proxy *proxy);

/* Where what is said of failures goes: data is the proxy. */
valetkey_converse proxy_wait_converse;

#endif
