/* SPDX-License-Identifier: MIT */
/*
 * proxy_wait.h - tokens for the calls, without waiting: what the library has at
 * hand is given at once, and calls that need the same from the helper share one
 * question. No call waits for another one's answer.
 */
#ifndef VALETKEY_PROXY_WAIT_H
#define VALETKEY_PROXY_WAIT_H

#include "proxy_call.h"

#include <poll.h>

/* proxy_call_go() or proxy_call_fail(), now or later. */
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
