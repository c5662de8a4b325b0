/* SPDX-License-Identifier: MIT */
/*
 * peers.h - for test_peer.c: programs of other users that come to the listener.
 * They are started by a process that was forked first, and keeps the rights that
 * the test has; the listener has fewer in most tests.
 */
#ifndef VALETKEY_TEST_PEERS_H
#define VALETKEY_TEST_PEERS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define PEERS_HIDDEN 18100 /* descriptors of PEER_HIDES */

enum peer_way {
	PEER_STAYS = 0,	    /* asks, and reads the answer */
	PEER_HALF = 1,	    /* the same, having closed its own half */
	PEER_CLOSES = 2,    /* asks, and closes before it is accepted */
	PEER_RESETS = 3,    /* the same, without a goodbye */
	PEER_DEVICE = 4,    /* binds itself to the loopback device first */
	PEER_ELSEWHERE = 5, /* to another one, when it has asked */
	PEER_MAPPED = 6,    /* comes from an IPv6 socket to ::ffff:127.0.0.1 */
	PEER_VANISHES = 7,  /* is gone, and nobody is told; needs root */
	PEER_LEAVES = 8,    /* has closed a while before it is accepted */
	PEER_SLOW = 9,	    /* 900 of them, that drip and come again */
	PEER_HIDES = 10 /* as ELSEWHERE, among thousands that look like it */
};

struct peer_order {
	uid_t uid;
	int family;
	enum peer_way way;
	uint16_t port;
};

/* Forks it; before anything else. */
void peers_start(void);

/* Sends one, and returns when it has asked. A socket: what it was answered comes
 * there, and end of file when it is done. Closing it ends the SLOW ones. -1: it
 * cannot come like that here. */
int peers_send(const struct peer_order *order);

/* Whether there is a second network device. */
bool peers_have_device(void);

#endif
