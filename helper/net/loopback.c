/* SPDX-License-Identifier: MIT */
/*
 * loopback.c - see loopback.h. Called by listener.c.
 *
 * No SO_REUSEPORT: it would let a second listener take half of the redirects
 * (RFC 8252 B.5). SO_REUSEADDR is set for a fixed port only. On Linux it never
 * lets two sockets listen on one address; without it the closed connections of
 * one login would block the port for the next one for a minute.
 */
#include "loopback.h"

#include <valetkey.h>

#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PORT_ATTEMPTS 16 /* to find one that is free in both families */

union loopback_address loopback_address(int family, uint16_t port)
{
	union loopback_address address = {.any.sa_family = (sa_family_t)family};

	if (family == AF_INET6) {
		address.v6.sin6_port = htons(port);
		address.v6.sin6_addr = in6addr_loopback;
	} else {
		address.v4.sin_port = htons(port);
		address.v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	}
	return address;
}

/* A listening descriptor with *port filled, or -1 with errno. */
static int listen_on(int family, uint16_t *port, bool reuse)
{
	union loopback_address address = loopback_address(family, *port);
	socklen_t len =
	    family == AF_INET6 ? sizeof(address.v6) : sizeof(address.v4);
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int on = 1, error;

	if (fd < 0)
		return -1;
	if (reuse)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, &address.any, len) || listen(fd, SOMAXCONN) ||
	    getsockname(fd, &address.any, &len)) {
		error = errno;
		close(fd);
		errno = error;
		return -1;
	}
	*port = ntohs(family == AF_INET6 ? address.v6.sin6_port
					 : address.v4.sin_port);
	return fd;
}

static bool family_is_missing(int error)
{
	return error == EAFNOSUPPORT || error == EADDRNOTAVAIL ||
	       error == EPROTONOSUPPORT;
}

/* Both families; -1 with errno. EADDRINUSE: IPv6's port was taken. */
static int open_both(uint16_t port, struct loopback *loopback)
{
	bool reuse = port != 0;

	loopback->port = port;
	loopback->fds[0] = listen_on(AF_INET, &loopback->port, reuse);
	if (loopback->fds[0] < 0)
		return -1;
	loopback->fds[1] = listen_on(AF_INET6, &loopback->port, reuse);
	if (loopback->fds[1] >= 0 || family_is_missing(errno))
		return 0;
	close(loopback->fds[0]);
	loopback->fds[0] = -1;
	return -1;
}

static int open_localhost(uint16_t port, struct loopback *loopback)
{
	int attempt, rc = -1;

	for (attempt = 0; attempt < PORT_ATTEMPTS; attempt++) {
		rc = open_both(port, loopback);
		if (!rc || port || errno != EADDRINUSE)
			break;
	}
	return rc;
}

static int open_literal(int family, uint16_t port, struct loopback *loopback)
{
	loopback->port = port;
	loopback->family = family;
	loopback->fds[0] = listen_on(family, &loopback->port, port != 0);
	return loopback->fds[0] < 0 ? -1 : 0;
}

static int loopback_explain(const char *host, uint16_t port, int error,
			    struct problem *problem)
{
	if (error == EADDRINUSE)
		return problem_set(problem, VALETKEY_ERR_DENIED,
				   "Port %u on %s is in use by another "
				   "program, so the browser could not hand "
				   "over the login. `ss -ltnp` shows which; "
				   "stop it and log in again.",
				   port, host);
	if (error == EACCES)
		return problem_set(problem, VALETKEY_ERR_DENIED,
				   "The system does not allow listening on "
				   "port %u of %s. Register a redirect with a "
				   "port above 1023.",
				   port, host);
	return problem_set(problem, VALETKEY_ERR_HELPER,
			   "Cannot listen on %s for the browser: %s. Check "
			   "the loopback interface.",
			   host, strerror(error));
}

int loopback_open(const char *host, uint16_t port, struct loopback *loopback,
		  struct problem *problem)
{
	char quoted[PROBLEM_QUOTE_MAX];
	int rc;

	*loopback = (struct loopback){.fds = {-1, -1}, .family = AF_INET};
	if (strcmp(host, "localhost") == 0)
		rc = open_localhost(port, loopback);
	else if (strcmp(host, "127.0.0.1") == 0)
		rc = open_literal(AF_INET, port, loopback);
	else if (strcmp(host, "[::1]") == 0)
		rc = open_literal(AF_INET6, port, loopback);
	else
		return problem_set(problem, VALETKEY_ERR_ARG,
				   "The redirect's host is %s, but must be "
				   "127.0.0.1, [::1] or localhost. Change "
				   "redirect in the account's file.",
				   problem_quote(quoted, host));
	return rc ? loopback_explain(host, port, errno, problem) : 0;
}

void loopback_close(struct loopback *loopback)
{
	int i;

	for (i = 0; i < LOOPBACK_MAX; i++) {
		if (loopback->fds[i] >= 0)
			close(loopback->fds[i]);
		loopback->fds[i] = -1;
	}
}
