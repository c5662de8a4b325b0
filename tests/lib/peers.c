/* SPDX-License-Identifier: MIT */
/*
 * peers.c - see peers.h.
 */
#include "peers.h"

#include "browser.h"

#include <errno.h>
#include <grp.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define SLOW 900
#define LEFT_MS 300 /* TIME_WAIT by then, and nobody's */
#define DECOYS 18000

static int orders = -1; /* to the process that starts them */

/* ---- what they do ---- */

static int come(const struct peer_order *order, int flags)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET,
				 .sin_port = htons(order->port),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6,
				  .sin6_port = htons(order->port),
				  .sin6_addr = in6addr_loopback};
	bool mapped = order->way == PEER_MAPPED;
	int family = mapped ? AF_INET6 : order->family;
	int fd = socket(family, SOCK_STREAM | flags, 0);
	int rc;

	if (mapped) {
		memset(&v6.sin6_addr, 0, sizeof(v6.sin6_addr));
		memset(v6.sin6_addr.s6_addr + 10, 0xff, 2);
		memcpy(v6.sin6_addr.s6_addr + 12, &v4.sin_addr, 4);
	}
	if (order->way == PEER_DEVICE &&
	    setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3))
		return -1;
	rc = family == AF_INET6
		 ? connect(fd, (struct sockaddr *)&v6, sizeof(v6))
		 : connect(fd, (struct sockaddr *)&v4, sizeof(v4));
	if (!rc || errno == EINPROGRESS)
		return fd;
	close(fd);
	return -1;
}

static bool other_device(char name[IF_NAMESIZE])
{
	struct if_nameindex *all = if_nameindex();
	bool found = false;

	for (struct if_nameindex *one = all; one && one->if_index; one++) {
		if (strcmp(one->if_name, "lo") == 0)
			continue;
		snprintf(name, IF_NAMESIZE, "%s", one->if_name);
		found = true;
	}
	if (all)
		if_freenameindex(all);
	return found;
}

bool peers_have_device(void)
{
	char name[IF_NAMESIZE];

	return other_device(name);
}

static bool leaves(enum peer_way way)
{
	return way == PEER_CLOSES || way == PEER_RESETS ||
	       way == PEER_VANISHES || way == PEER_LEAVES;
}

static void raise_limit(void)
{
	struct rlimit limit;

	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

/* From the same port to the same port, between other addresses. */
static int hide(int fd, uint16_t number)
{
	struct sockaddr_in from = {0}, there = {.sin_family = AF_INET,
						.sin_port = htons(number)};
	socklen_t len = sizeof(from);
	int one;

	raise_limit();
	there.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1);
	one = socket(AF_INET, SOCK_STREAM, 0);
	if (bind(one, (struct sockaddr *)&there, sizeof(there)) ||
	    listen(one, 4096))
		return -1;
	getsockname(fd, (struct sockaddr *)&from, &len);
	for (uint32_t i = 0; i < DECOYS; i++) {
		from.sin_addr.s_addr = htonl(0x7f100001 + i);
		one = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		if (one < 0 ||
		    bind(one, (struct sockaddr *)&from, sizeof(from)) ||
		    (connect(one, (struct sockaddr *)&there, sizeof(there)) &&
		     errno != EINPROGRESS))
			return -1;
	}
	return 0;
}

/* When it has asked; -1: it cannot. */
static int disguise(int fd, enum peer_way way)
{
	const struct linger at_once = {.l_onoff = 1};
	char device[IF_NAMESIZE] = "";
	int on = 1;

	if (way == PEER_HALF)
		return shutdown(fd, SHUT_WR);
	if (way == PEER_ELSEWHERE || way == PEER_HIDES)
		return other_device(device)
			   ? setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, device,
					(socklen_t)strlen(device) + 1)
			   : -1;
	if (way == PEER_VANISHES &&
	    setsockopt(fd, IPPROTO_TCP, TCP_REPAIR, &on, sizeof(on)))
		return -1;
	if (way == PEER_RESETS &&
	    setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once)))
		return -1;
	return leaves(way) ? close(fd) : 0;
}

static void read_answer(int fd, int report)
{
	struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
	char part[4096];
	ssize_t n;

	while (poll(&poll_fd, 1, 3000) > 0 &&
	       (n = recv(fd, part, sizeof(part), 0)) > 0)
		send(report, part, (size_t)n, MSG_NOSIGNAL);
}

static void ask_once(const struct peer_order *order, int report)
{
	int fd = come(order, 0);
	char text[256];
	int len = snprintf(text, sizeof(text),
			   "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n\r\n",
			   GOOD, (unsigned)order->port);

	if (fd < 0 || (order->way == PEER_HIDES && hide(fd, order->port)) ||
	    send(fd, text, (size_t)len, MSG_NOSIGNAL) != len ||
	    disguise(fd, order->way))
		return;
	if (order->way == PEER_LEAVES)
		poll(NULL, 0, LEFT_MS);
	send(report, "", 1, MSG_NOSIGNAL); /* it has asked */
	if (!leaves(order->way))
		read_answer(fd, report);
}

/* Until nobody listens to the report any longer. */
static void crowd(const struct peer_order *order, int report)
{
	struct pollfd gone = {.fd = report, .events = POLLIN};
	int fds[SLOW];

	raise_limit();
	for (int i = 0; i < SLOW; i++)
		fds[i] = come(order, SOCK_NONBLOCK);
	send(report, "", 1, MSG_NOSIGNAL);
	while (poll(&gone, 1, 100) == 0)
		for (int i = 0; i < SLOW; i++) {
			const char *part = "G";
			char byte;
			ssize_t n = recv(fds[i], &byte, 1, MSG_DONTWAIT);

			if (n == 0 || (n < 0 && errno != EAGAIN)) {
				close(fds[i]);
				fds[i] = come(order, SOCK_NONBLOCK);
			}
			send(fds[i], part, 1, MSG_NOSIGNAL | MSG_DONTWAIT);
		}
}

/* ---- who starts them ---- */

static void become(const struct peer_order *order, int report)
{
	if (order->uid != geteuid() &&
	    (setgroups(0, NULL) ||
	     setresuid(order->uid, order->uid, order->uid)))
		return;
	prctl(PR_SET_PDEATHSIG, SIGKILL); /* another user's is forgotten */
	if (order->way == PEER_SLOW)
		crowd(order, report);
	else
		ask_once(order, report);
}

static int take_report(int from)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control;
	struct peer_order order;
	struct iovec part = {&order, sizeof(order)};
	struct msghdr message = {.msg_iov = &part,
				 .msg_iovlen = 1,
				 .msg_control = &control,
				 .msg_controllen = sizeof(control)};
	int report;

	if (recvmsg(from, &message, MSG_CMSG_CLOEXEC) != sizeof(order))
		return -1;
	memcpy(&report, CMSG_DATA(&control.header), sizeof(report));
	if (fork() == 0) {
		become(&order, report);
		_exit(0);
	}
	close(report);
	return 0;
}

void peers_start(void)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		exit(99);
	if (fork() == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		signal(SIGCHLD, SIG_IGN);
		close(pair[0]);
		while (take_report(pair[1]) == 0)
			;
		_exit(0);
	}
	close(pair[1]);
	orders = pair[0];
}

int peers_send(const struct peer_order *order)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = {.header = {.cmsg_len = CMSG_LEN(sizeof(int)),
				.cmsg_level = SOL_SOCKET,
				.cmsg_type = SCM_RIGHTS}};
	struct iovec part = {(void *)order, sizeof(*order)};
	struct msghdr message = {.msg_iov = &part,
				 .msg_iovlen = 1,
				 .msg_control = &control,
				 .msg_controllen = sizeof(control)};
	int pair[2];
	char byte;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		return -1;
	memcpy(CMSG_DATA(&control.header), &pair[1], sizeof(int));
	if (sendmsg(orders, &message, 0) < 0)
		exit(99);
	close(pair[1]);
	if (recv(pair[0], &byte, 1, 0) == 1)
		return pair[0];
	close(pair[0]);
	return -1;
}
