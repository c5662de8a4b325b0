/* SPDX-License-Identifier: MIT */
/*
 * proxy_serve.h - runs the proxy until it is to end: by a signal, with the
 * command that it was started for, or after some time without clients.
 */
#ifndef VALETKEY_PROXY_SERVE_H
#define VALETKEY_PROXY_SERVE_H

#include "proxy_call.h"
#include "proxy_listen.h"

#include <stdint.h>

struct proxy_run {
	char *const *command; /* NULL: none */
	int64_t idle_s;	      /* 0: for ever */
	const struct proxy_listener *listener;
	int status; /* at the end: the command's, as of waitpid() */
};

/* Opens the relay on a socket that listens, which it takes over; then requests
 * are served as soon as proxy_serve() runs. 0 or a result, told. */
int proxy_open(struct proxy *proxy, int listener);

/* 0 or a result, told. At the end nothing is open any more, and the socket's
 * file is gone. */
int proxy_serve(struct proxy *proxy, struct proxy_run *run);

/* Cuts what is under way. */
void proxy_close(struct proxy *proxy);

#endif
