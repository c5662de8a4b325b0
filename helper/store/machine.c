/* SPDX-License-Identifier: MIT */
/*
 * machine.c - see machine.h.
 */
#include "machine.h"

#include "crypto/crypto.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define MACHINE_ID 32 /* hex digits */

static bool read_machine_id(const char *path, char id[MACHINE_ID + 1])
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, id, MACHINE_ID);

	if (fd >= 0)
		close(fd);
	id[n == MACHINE_ID ? n : 0] = '\0';
	return strspn(id, "0123456789abcdef") == MACHINE_ID;
}

int machine_mark(const struct client *client, struct buf *mark)
{
	char id[MACHINE_ID + 1];
	struct buf text = {0};
	int rc;

	if (!read_machine_id("/etc/machine-id", id) &&
	    !read_machine_id("/var/lib/dbus/machine-id", id))
		return 0;
	rc = buf_fmt(&text, "%s %s", client->id, id) ||
	     crypto_digest(text.data, mark);
	buf_free(&text);
	return rc ? -1 : 0;
}

bool machine_is_other(const struct client *client, const char *mark)
{
	struct buf here = {0};
	bool other = mark && *mark && machine_mark(client, &here) == 0 &&
		     here.len && strcmp(here.data, mark) != 0;

	buf_free(&here);
	return other;
}

bool machine_may_share(const struct client *client)
{
	const char *shared = record_get(&client->config, "shared");

	return shared && strcmp(shared, "yes") == 0;
}

/* ---- which run of the machine ---- */

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
