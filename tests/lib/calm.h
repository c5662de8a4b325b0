/* SPDX-License-Identifier: MIT */
/*
 * calm.h - for programs that invalidate a token to have it renewed: what was
 * refused is forgotten again, since no server has refused it.
 */
#ifndef VALETKEY_TESTS_CALM_H
#define VALETKEY_TESTS_CALM_H

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

/* The file that begins so: ID from the account's file, .ID.lock. */
static inline int calm_open(const char *account)
{
	const char *config = getenv("XDG_CONFIG_HOME");
	char path[4096], line[4096], id[64] = "";
	FILE *file;

	snprintf(path, sizeof(path), "%s/valetkey/%s.conf",
		 config ? config : "", account);
	file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file))
		sscanf(line, "id = %63s", id);
	if (file)
		fclose(file);
	snprintf(path, sizeof(path), "%s/valetkey/.%s.lock",
		 config ? config : "", id);
	return open(path, O_RDWR | O_CLOEXEC);
}

static inline void calm(const char *account)
{
	char text[4097], rest[4097] = "";
	int fd = calm_open(account);
	char *at = text, *line;
	ssize_t len;

	if (fd < 0)
		return;
	len = flock(fd, LOCK_EX) ? -1 : pread(fd, text, sizeof(text) - 1, 0);
	text[len > 0 ? len : 0] = '\0';
	while (len > 0 && (line = strsep(&at, "\n")))
		if (*line && strncmp(line, "refused[]", 9) != 0)
			strcat(strcat(rest, line), "\n");
	if (len > 0 && ftruncate(fd, 0) == 0)
		(void)!pwrite(fd, rest, strlen(rest), 0);
	flock(fd, LOCK_UN); /* a child of fork() may have the descriptor */
	close(fd);
}

#endif
