/* SPDX-License-Identifier: MIT */
/*
 * free_port.c - see free_port.h. Chosen by chance, so that two users of one
 * machine seldom have the same; above what services are known by, and above
 * the ports that browsers do not go to.
 */
#include "free_port.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#define USUAL_FIRST 20000u /* below what Linux gives out by default */
#define USUAL_PORTS 12768u
#define FIRST 11000u
#define TRIES 400

/* As wide as no port where the kernel does not tell. */
static void read_ephemeral(unsigned long *first, unsigned long *last)
{
	FILE *file = fopen("/proc/sys/net/ipv4/ip_local_port_range", "re");
	char line[64] = "", *end = line;

	if (file && !fgets(line, sizeof(line), file))
		*line = '\0';
	if (file)
		fclose(file);
	*first = strtoul(line, &end, 10);
	*last = strtoul(end, NULL, 10);
}

static bool can_bind(int family, const struct sockaddr *address, socklen_t len)
{
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool can = fd >= 0 && bind(fd, address, len) == 0;

	if (!can) /* without IPv6 nobody is there */
		can = family == AF_INET6 && errno != EADDRINUSE;
	if (fd >= 0)
		close(fd);
	return can;
}

static bool is_free(uint16_t port)
{
	const struct sockaddr_in v4 = {.sin_family = AF_INET,
				       .sin_port = htons(port),
				       .sin_addr.s_addr =
					   htonl(INADDR_LOOPBACK)};
	const struct sockaddr_in6 v6 = {.sin6_family = AF_INET6,
					.sin6_port = htons(port),
					.sin6_addr = in6addr_loopback};

	return can_bind(AF_INET, (const struct sockaddr *)&v4, sizeof(v4)) &&
	       can_bind(AF_INET6, (const struct sockaddr *)&v6, sizeof(v6));
}

uint16_t free_port_choose(void)
{
	unsigned long first, last;
	uint16_t second_best = 0;

	read_ephemeral(&first, &last);
	for (unsigned i = 0; i < TRIES; i++) {
		uint16_t dice, port;

		if (getrandom(&dice, sizeof(dice), 0) != sizeof(dice))
			return 0;
		port = (uint16_t)(i < TRIES / 2
				      ? USUAL_FIRST + dice % USUAL_PORTS
				      : FIRST + dice % (0x10000 - FIRST));
		if (!is_free(port))
			continue;
		if (port < first || port > last)
			return port;
		second_best = port;
	}
	return second_best;
}
