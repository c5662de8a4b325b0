/* SPDX-License-Identifier: MIT */
/*
 * loopback.h - loopback addresses, and listening sockets on them and nowhere else,
 * for the redirect of RFC 8252 7.3.
 */
#ifndef VALETKEY_LOOPBACK_H
#define VALETKEY_LOOPBACK_H

#include "core/text.h"

#include <netinet/in.h>
#include <stdint.h>

#define LOOPBACK_MAX 2

union loopback_address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

struct loopback {
	int fds[LOOPBACK_MAX]; /* -1: there is none */
	int family;	       /* of the first */
	uint16_t port;
};

/*
 * host is 127.0.0.1, [::1] or localhost; localhost is both families on one
 * port, or IPv4 alone if the machine has no IPv6. port 0: any. 0, or a
 * result with *problem set: ARG (another host), DENIED (the port is in use or
 * not allowed), HELPER.
 */
int loopback_open(const char *host, uint16_t port, struct loopback *loopback,
		  struct problem *problem);

/* AF_INET's or AF_INET6's. */
union loopback_address loopback_address(int family, uint16_t port);

void loopback_close(struct loopback *loopback);

#endif
