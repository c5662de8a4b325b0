/* SPDX-License-Identifier: MIT */
/*
 * The log: one line for each request, written in one piece and before the
 * answer goes out, so that whoever has the answer can read the line. Where it
 * cannot be written we end: what tests count in it would be wrong.
 *
 * It never holds a query, a body, a header, or a path that is not one of
 * the provider's own: any of those could carry a secret.
 */
#include "provider.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static void log_line(struct provider *provider, const char *method,
		     const char *path, const char *words)
{
	struct buf line = {0};
	struct timespec now;
	ssize_t written;

	if (provider->log_fd < 0)
		return;
	clock_gettime(CLOCK_REALTIME, &now);
	buf_printf(&line, "%" PRId64 ".%03ld %s %s%s\n", (int64_t)now.tv_sec,
		   now.tv_nsec / 1000000, method, path, words);
	do {
		written = write(provider->log_fd, line.data, line.len);
	} while (written < 0 && errno == EINTR);
	if (written != (ssize_t)line.len) {
		perror("ninjaone-provider: the log");
		abort();
	}
	buf_clear(&line);
}

void log_write(struct provider *provider, const struct request *request)
{
	log_line(provider, request->method, request->path,
		 buf_text(&request->log));
}

void log_write_lost(struct provider *provider, const struct request *request)
{
	struct buf words = {0};

	if (request->client_id)
		buf_printf(&words, " client=%s", request->client_id);
	buf_adds(&words, " undelivered=1");
	log_line(provider, "LOST", request->path, buf_text(&words));
	buf_clear(&words);
}
