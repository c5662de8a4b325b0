/* SPDX-License-Identifier: MIT */
/*
 * descriptor.h - keeps our descriptors above 2, also in a host that has closed
 * its standard streams: what it prints must never go into a socket of ours.
 */
#ifndef VALETKEY_DESCRIPTOR_H
#define VALETKEY_DESCRIPTOR_H

#include <fcntl.h>
#include <unistd.h>

/* Takes fd over; returns it, or a copy above 2, or -1. CLOEXEC stays set. */
static inline int descriptor_lift(int fd)
{
	int lifted;

	if (fd < 0 || fd > 2)
		return fd;
	lifted = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	close(fd);
	return lifted;
}

#endif
