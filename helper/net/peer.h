/* SPDX-License-Identifier: MIT */
/*
 * peer.h - whose the other end of a loopback connection is: the kernel tells who
 * owns a socket (sock_diag(7)). Called by listener.c and listener_answer.c for
 * whoever comes to the listener. Never waits.
 */
#ifndef VALETKEY_PEER_H
#define VALETKEY_PEER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

enum peer_owner {
	PEER_OURS = 0,	  /* our own user, or root */
	PEER_UNKNOWN = 1, /* the system does not tell */
	PEER_OTHER = 2,	  /* another user */
	PEER_GONE = 3	  /* closed by now, whoever it was */
};

struct peers {
	int fd;	       /* -1: owners are not told here */
	uint32_t own;  /* our user, as the kernel tells it to us */
	uint16_t port; /* that we listen at */
};

/*
 * For a port that we listen at on the loopback address of this family. What is
 * told of that socket is the proof that owners are told at all; they are not
 * in some containers and sandboxes, nor in a user namespace in which we have the
 * number that stands for everybody else.
 */
void peer_open(struct peers *peers, int family, uint16_t port);

/* Who owns the other end of a connection from `peer` to our port. */
enum peer_owner peer_owner(const struct peers *peers,
			   const struct sockaddr *peer);

/* Whether such an owner is let in. */
bool peer_is_welcome(enum peer_owner owner);

void peer_close(struct peers *peers);

#endif
