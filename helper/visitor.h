/* SPDX-License-Identifier: MIT */
/*
 * visitor.h - the listener from inside: listener.c has the sockets and the time,
 * visitor.c answers who comes. Both speak to libmicrohttpd, nobody else does.
 */
#ifndef VALETKEY_VISITOR_H
#define VALETKEY_VISITOR_H

#include "loopback.h"
#include "net_module.h"

#include <microhttpd.h>

#define VISITOR_WAITERS 8 /* browsers that may wait for the last page */

struct listener {
	struct MHD_Daemon *daemons[LOOPBACK_MAX];
	int epoll_fd;
	int timer_fd;
	uint16_t port;
	char *path;
	char *state;
	char *provider;
	char *account;
	const char *method; /* that the answer comes by */
	bool form_post;
	unsigned connections;
	struct listener_answer answer;
	bool answered; /* the state has been used */
	bool untold;   /* listener_run() has not returned it yet */
	bool settled;  /* listener_reply() was called: success, text */
	bool success;
	struct buf text;
	struct MHD_Connection *waiters[VISITOR_WAITERS];
	unsigned waiting; /* suspended, in waiters */
	unsigned unsent;  /* suspended or resumed, page not yet sent */
};

/* libmicrohttpd's callbacks; `context` is the listener. */
enum MHD_Result visitor_request(void *context,
				struct MHD_Connection *connection,
				const char *path, const char *method,
				const char *version, const char *body,
				size_t *body_len, void **mark);
void visitor_gone(void *context, struct MHD_Connection *connection, void **mark,
		  enum MHD_RequestTerminationCode why);

#endif
