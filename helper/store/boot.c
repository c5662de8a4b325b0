/* SPDX-License-Identifier: MIT */
/*
 * boot.c - see boot.h, and random(4) for the file.
 */
#include "boot.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static void read_id(char id[BOOT_ID_SIZE])
{
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, id, BOOT_ID_SIZE - 1);

	if (fd >= 0)
		close(fd);
	if (n != BOOT_ID_SIZE - 1)
		n = 0;
	id[n] = '\0';
}

/* It is asked for while a new grant is not yet safe, and stays what it is. */
bool boot_id(char id[BOOT_ID_SIZE])
{
	static char known[BOOT_ID_SIZE];

	if (!*known)
		read_id(known);
	memcpy(id, known, sizeof(known));
	return *known;
}

bool boot_is(const char *id)
{
	char now[BOOT_ID_SIZE];

	return id && boot_id(now) && strcmp(id, now) == 0;
}
