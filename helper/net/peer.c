/* SPDX-License-Identifier: MIT */
/*
 * peer.c - see peer.h.
 *
 * One socket is looked up by its four-tuple, which costs the kernel one look
 * into a hash table. A socket that is bound to a device is missed by that, and
 * its owner can bind it at any time: what is not found is searched for in the
 * whole table before it counts as not there.
 *
 * A connection whose other end is nowhere in this system's table is one that a
 * relay made in another network namespace, if our own end is still open. If it is
 * not, somebody has said something and left, as another user would who does not
 * want to be seen. So would one who makes the table so long that it is not read
 * to its end.
 */
#include "peer.h"

#include "loopback.h"

#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define LOOPBACK_DEVICE 1 /* in every network namespace */
#define ANSWERS_MAX 64	  /* to one question */
#define CONNECTED (~(1u << TCP_LISTEN) & 0xfffu) /* these states */

/* One end of a connection, as sock_diag names it. */
struct end {
	int family;
	struct inet_diag_sockid id; /* idiag_src is that end itself */
};

struct question {
	struct nlmsghdr header;
	struct inet_diag_req_v2 request;
};

static void peer_set_address(const struct sockaddr *address, __be32 words[4],
			     __be16 *port)
{
	const union loopback_address *at = (const void *)address;

	if (address->sa_family == AF_INET6) {
		memcpy(words, &at->v6.sin6_addr, sizeof(at->v6.sin6_addr));
		*port = at->v6.sin6_port;
	} else {
		words[0] = at->v4.sin_addr.s_addr;
		*port = at->v4.sin_port;
	}
}

static struct end make_end(const struct sockaddr *here,
			   const struct sockaddr *there)
{
	struct end end = {
	    .family = here->sa_family,
	    .id = {.idiag_if = LOOPBACK_DEVICE,
		   .idiag_cookie = {INET_DIAG_NOCOOKIE, INET_DIAG_NOCOOKIE}}};

	peer_set_address(here, end.id.idiag_src, &end.id.idiag_sport);
	peer_set_address(there, end.id.idiag_dst, &end.id.idiag_dport);
	return end;
}

/* An IPv6 socket may have the IPv4 address ::ffff:127.0.0.1. */
static bool same_address(const struct end *end, const __be32 wanted[4],
			 int family, const __be32 found[4])
{
	if (end->family == family)
		return memcmp(wanted, found,
			      family == AF_INET6 ? 16 : sizeof(*found)) == 0;
	return family == AF_INET6 && !found[0] && !found[1] &&
	       found[2] == htonl(0xffff) && found[3] == wanted[0];
}

/* The kernel's look-up falls back to a socket that listens there. */
static bool is_end(const struct end *end, const struct inet_diag_msg *found)
{
	return found->id.idiag_sport == end->id.idiag_sport &&
	       found->id.idiag_dport == end->id.idiag_dport &&
	       same_address(end, end->id.idiag_src, found->idiag_family,
			    found->id.idiag_src) &&
	       same_address(end, end->id.idiag_dst, found->idiag_family,
			    found->id.idiag_dst);
}

static int send_question(int fd, const struct end *end, int family,
			 unsigned flags)
{
	struct question question = {
	    .header = {.nlmsg_len = sizeof(question),
		       .nlmsg_type = SOCK_DIAG_BY_FAMILY,
		       .nlmsg_flags = (__u16)(NLM_F_REQUEST | flags)},
	    .request = {.sdiag_family = (__u8)family,
			.sdiag_protocol = IPPROTO_TCP,
			.idiag_states = CONNECTED,
			.id = end->id},
	};
	ssize_t n = send(fd, &question, sizeof(question), MSG_DONTWAIT);

	return n == sizeof(question) ? 0 : -1;
}

/* How a question ended. */
enum answer {
	ANSWER_NOT_ENDED = -1, /* more is coming, or it broke off */
	ANSWER_NONE = 0,
	ANSWER_FOUND = 1
};

/* The kernel has answered before send() returned, or answers in recv(). True:
 * no more is coming. */
static bool take_part(int fd, const struct end *end,
		      struct inet_diag_msg *found, enum answer *answer)
{
	union {
		struct nlmsghdr header;
		char bytes[16384];
	} part;
	struct nlmsghdr *at = &part.header;
	ssize_t n = recv(fd, &part, sizeof(part), MSG_DONTWAIT);
	int left = (int)n;

	if (n <= 0)
		return true;
	for (; left >= (int)sizeof(*at) && NLMSG_OK(at, (unsigned)left);
	     at = NLMSG_NEXT(at, left)) {
		const struct inet_diag_msg *one = NLMSG_DATA(at);
		bool is_one = at->nlmsg_type == SOCK_DIAG_BY_FAMILY;
		bool last = !is_one || !(at->nlmsg_flags & NLM_F_MULTI);

		if (is_one && at->nlmsg_len >= NLMSG_LENGTH(sizeof(*one)) &&
		    (!end || is_end(end, one))) {
			*found = *one;
			*answer = ANSWER_FOUND;
		} else if (last && *answer != ANSWER_FOUND) {
			*answer = ANSWER_NONE;
		}
		if (last)
			return true;
	}
	return false;
}

/* What an earlier question left must not answer this one. */
static void peer_drain(int fd)
{
	char byte;
	int i;

	for (i = 0; i < ANSWERS_MAX; i++)
		if (recv(fd, &byte, 1, MSG_DONTWAIT | MSG_TRUNC) < 0)
			return;
}

/* `wanted` NULL: whatever is found. */
static enum answer peer_ask_kernel(int fd, const struct end *asked,
				   unsigned flags, const struct end *wanted,
				   struct inet_diag_msg *found)
{
	enum answer answer = ANSWER_NOT_ENDED;
	int i;

	peer_drain(fd);
	if (send_question(fd, asked, asked->family, flags))
		return answer;
	for (i = 0; i < ANSWERS_MAX; i++)
		if (take_part(fd, wanted, found, &answer))
			break;
	return answer;
}

static bool peer_look_up(int fd, const struct end *end,
			 struct inet_diag_msg *found)
{
	return peer_ask_kernel(fd, end, 0, end, found) == ANSWER_FOUND;
}

static int open_kernel(void)
{
	const struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);

	/* Connected, it takes nothing from other processes. */
	if (fd >= 0 && connect(fd, (const void *)&kernel, sizeof(kernel))) {
		close(fd);
		fd = -1;
	}
	return fd;
}

/* The dump of one family has no sockets of the other, though an IPv6 one may
 * have an IPv4 address. What is not read of a dump must not come in between
 * later answers: a descriptor of its own. */
static enum answer search(const struct end *end, struct inet_diag_msg *found)
{
	struct end asked = *end;
	enum answer answer = ANSWER_NOT_ENDED;
	int fd = open_kernel();

	if (fd < 0)
		return answer;
	asked.id.idiag_if = 0;
	answer = peer_ask_kernel(fd, &asked, NLM_F_DUMP, end, found);
	if (answer == ANSWER_NONE && end->family != AF_INET6) {
		asked.family = AF_INET6;
		answer = peer_ask_kernel(fd, &asked, NLM_F_DUMP, end, found);
	}
	close(fd);
	return answer;
}

/* A closed socket, or one in TIME_WAIT, is shown as root's on some kernels, and
 * has no inode on any. */
static enum peer_owner owner_of(const struct peers *peers,
				const struct inet_diag_msg *found)
{
	if (!found->idiag_uid && !found->idiag_inode)
		return PEER_GONE;
	if (found->idiag_uid == peers->own)
		return PEER_OURS;
	return !found->idiag_uid && found->idiag_state == TCP_ESTABLISHED
		   ? PEER_OURS
		   : PEER_OTHER;
}

enum peer_owner peer_owner(const struct peers *peers,
			   const struct sockaddr *peer)
{
	const union loopback_address ours =
	    loopback_address(peer->sa_family, peers->port);
	const struct end theirs = make_end(peer, &ours.any);
	const struct end our_end = make_end(&ours.any, peer);
	struct inet_diag_msg found;

	if (peers->fd < 0)
		return PEER_UNKNOWN;
	if (peer_look_up(peers->fd, &theirs, &found))
		return owner_of(peers, &found);
	if (!peer_look_up(peers->fd, &our_end, &found) ||
	    found.idiag_state != TCP_ESTABLISHED)
		return PEER_GONE;
	switch (search(&theirs, &found)) {
	case ANSWER_FOUND:
		return owner_of(peers, &found);
	case ANSWER_NONE:
		return PEER_UNKNOWN;
	case ANSWER_NOT_ENDED:
		break;
	}
	return PEER_OTHER;
}

bool peer_is_welcome(enum peer_owner owner)
{
	return owner == PEER_OURS || owner == PEER_UNKNOWN;
}

/* The number that stands for every user who is not in our user namespace. In
 * the first one everybody is, and it is a user like others. */
static bool stands_for_others(uint32_t uid)
{
	unsigned long overflow = 65534, inside = 1, outside = 1, count = 0;
	FILE *file = fopen("/proc/sys/kernel/overflowuid", "re");
	char line[64];

	if (file && fgets(line, sizeof(line), file))
		overflow = strtoul(line, NULL, 10);
	if (file)
		fclose(file);
	if (uid != overflow)
		return false;
	file = fopen("/proc/self/uid_map", "re");
	if (file && fgets(line, sizeof(line), file)) {
		char *at = line;

		inside = strtoul(at, &at, 10);
		outside = strtoul(at, &at, 10);
		count = strtoul(at, &at, 10);
	}
	if (file)
		fclose(file);
	return inside || outside || count != UINT32_MAX;
}

void peer_open(struct peers *peers, int family, uint16_t port)
{
	const union loopback_address ours = loopback_address(family, port);
	const union loopback_address nobody = loopback_address(family, 0);
	const struct end listening = make_end(&ours.any, &nobody.any);
	struct inet_diag_msg found;

	*peers = (struct peers){.own = geteuid(), .port = port};
	peers->fd = open_kernel();
	if (peers->fd < 0)
		return;
	if (peer_ask_kernel(peers->fd, &listening, 0, NULL, &found) !=
		ANSWER_FOUND ||
	    found.id.idiag_sport != htons(port) ||
	    found.idiag_uid != peers->own || stands_for_others(peers->own))
		peer_close(peers);
}

void peer_close(struct peers *peers)
{
	if (peers->fd >= 0)
		close(peers->fd);
	peers->fd = -1;
}
