/* SPDX-License-Identifier: MIT */
/*
 * quota.c - see quota.h, and proc_key_users(5): "UID: USAGE KEYS/INSTANTIATED
 * KEYS/MOST BYTES/MOST", a line for each user.
 */
#include "quota.h"
#include "buf.h"
#include "descriptor.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FILE_MAX 16384

/* The whole file, or of many users the first. */
static bool read_users(struct buf *text)
{
	int fd = descriptor_lift(open("/proc/key-users", O_RDONLY | O_CLOEXEC));
	ssize_t n = 0;

	if (fd < 0)
		return false;
	if (buf_reserve(text, FILE_MAX + 1) == 0)
		do {
			text->len += (size_t)n;
			n = read(fd, text->data + text->len,
				 FILE_MAX - text->len);
		} while (n > 0);
	close(fd);
	return text->len > 0 && buf_char(text, '\0') == 0;
}

static const char *line_of(const char *text, unsigned long user)
{
	while (text && *text) {
		char *end;

		if (strtoul(text, &end, 10) == user && *end == ':')
			return end + 1;
		text = strchr(text, '\n');
		if (text)
			text++;
	}
	return NULL;
}

/* The numbers at the end of the line; 0: they are not there. */
static unsigned long last_pair(const char *line, unsigned long *used)
{
	size_t len = strcspn(line, "\n");
	char *end;

	while (len && line[len - 1] != ' ')
		len--;
	*used = strtoul(line + len, &end, 10);
	return *end == '/' ? strtoul(end + 1, NULL, 10) : 0;
}

bool quota_leaves_room(size_t bytes)
{
	unsigned long used = 0, most = 0;
	struct buf text = {0};
	const char *line;

	if (read_users(&text)) {
		line = line_of(text.data, (unsigned long)geteuid());
		if (line)
			most = last_pair(line, &used);
	}
	buf_free(&text);
	return !most || used + bytes <= most - most / 4;
}
