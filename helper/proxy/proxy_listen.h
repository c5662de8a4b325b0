/* SPDX-License-Identifier: MIT */
/*
 * proxy_listen.h - the socket that the proxy listens on: a port of this computer
 * alone, a unix socket that only its own user can open, or the one that systemd
 * has opened for us.
 */
#ifndef VALETKEY_PROXY_LISTEN_H
#define VALETKEY_PROXY_LISTEN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct proxy_listener {
	int fd;		  /* -1: none */
	uint16_t port;	  /* of a unix socket 0 */
	const char *path; /* the unix socket's, if we have made it; or NULL */
	dev_t dev;	  /* which file that is */
	ino_t ino;
	char place[108]; /* what `path` may point to */
};

/* Each tells why not: 0 or a result. Port 0: any that is free. */
int proxy_listen_port(uint16_t port, struct proxy_listener *listener);
int proxy_listen_socket(const char *path, struct proxy_listener *listener);

/* What proxy_listen_socket() asks of a path: that it is one, and that nobody else
 * can put another socket there. Makes the folder if there is none. */
int proxy_listen_check(const char *path);

/* Whether systemd has started us for a socket (sd_listen_fds(3)); and that one,
 * if it is of this computer alone, and a path that proxy_listen_check() takes. */
bool proxy_listen_is_given(void);
int proxy_listen_take(struct proxy_listener *listener);

/* Takes the socket's file away, if it still is ours. The descriptor is the
 * relay's by now. */
void proxy_listen_end(const struct proxy_listener *listener);

#endif
