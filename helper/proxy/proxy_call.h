/* SPDX-License-Identifier: MIT */
/*
 * proxy_call.h - one request to the proxy on its way, from its head to its
 * answer. One thread does all of it.
 */
#ifndef VALETKEY_PROXY_CALL_H
#define VALETKEY_PROXY_CALL_H

#include "proxy_wait.h"

/* Sets what the relay and proxy_wait.c call; the listener is the caller's. */
void proxy_call_serve(struct proxy *proxy, struct relay_options *options);

#endif
