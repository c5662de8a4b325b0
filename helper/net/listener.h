/* SPDX-License-Identifier: MIT */
/*
 * listener.h - the listener from inside: listener.c has the sockets, the time and
 * the connections, listener_answer.c answers requests. No other file knows
 * libmicrohttpd.
 */
#ifndef VALETKEY_LISTENER_H
#define VALETKEY_LISTENER_H

#include "loopback.h"
#include "net_module.h"
#include "peer.h"

#include <microhttpd.h>

#define LISTENER_WAITERS 8 /* browsers that may wait for the last page */
#define LISTENER_PATH 34   /* "/", 128 bits in hexadecimal digits, NUL */

/* A connection that was let in. */
struct guest {
	struct guest *next; /* one that came later */
	int fd;
	int64_t until; /* of clock.h */
	enum peer_owner owner;
	bool ended;   /* by us */
	bool waiting; /* for the last page */
};

struct listener {
	struct MHD_Daemon *daemons[LOOPBACK_MAX];
	int epoll_fd;
	int timer_fd;
	char *path;
	char *state;
	char *provider;
	char *account;
	char *program;		   /* "": not known */
	const struct buf *to;	   /* where the start leads */
	char start[LISTENER_PATH]; /* for our browser's first visit; "": none */
	char landing[LISTENER_PATH]; /* for its last one */
	struct buf address;	     /* of the start; empty: none */
	struct peers peers;
	enum peer_owner arriving; /* the owner of the next guest */
	struct guest *guests;	  /* the oldest first */
	unsigned guest_count;	  /* of them that have not been ended */
	uint16_t port;
	bool form_post; /* that the answer comes by, else by GET */
	bool refused;	/* another user's connection, since we were asked */
	bool answered;	/* the state has been used */
	bool untold;	/* listener_run() has not returned it yet */
	bool settled;	/* listener_reply() was called: end, text */
	bool shown;	/* the last page has been sent, since it is settled */
	enum listener_end end;
	struct listener_answer answer;
	struct buf text;
	struct MHD_Connection *waiters[LISTENER_WAITERS];
	unsigned waiting; /* suspended, in waiters */
	unsigned unsent;  /* suspended or resumed, page not yet sent */
};

/* libmicrohttpd's callbacks; `context` is the listener. */
enum MHD_Result listener_request(void *context,
				 struct MHD_Connection *connection,
				 const char *path, const char *method,
				 const char *version, const char *body,
				 size_t *body_len, void **mark);
void listener_gone(void *context, struct MHD_Connection *connection,
		   void **mark, enum MHD_RequestTerminationCode why);

#endif
