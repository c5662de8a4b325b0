/* SPDX-License-Identifier: MIT */
/*
 * descriptor.h - keeps our descriptors above 2, also in a host that has closed
 * its standard streams: what it prints must never go into a socket of ours.
 */
#ifndef VALETKEY_DESCRIPTOR_H
#define VALETKEY_DESCRIPTOR_H

#include <fcntl.h>
#include <unistd.h>

/* Takes fd over; returns it, or a copy above `below`, or -1. CLOEXEC stays set.
 */
static inline int descriptor_above(int fd, int below)
{
	int lifted;

	if (fd < 0 || fd > below)
		return fd;
	lifted = fcntl(fd, F_DUPFD_CLOEXEC, below + 1);
	close(fd);
	return lifted;
}

static inline int descriptor_lift(int fd)
{
	return descriptor_above(fd, STDERR_FILENO);
}

#endif
