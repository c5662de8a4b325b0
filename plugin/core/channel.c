/* SPDX-License-Identifier: MIT */
/*
 * channel.c - see channel.h. The plugin's and the helper's end of the socket.
 */
#include "channel.h"

#include "clock.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define VERSION_LINE "valetkey=1"

static int channel_wait_for(int fd, short events, int64_t deadline)
{
	struct pollfd poll_fd = {.fd = fd, .events = events};
	int left, n;

	do {
		left = deadline_left(deadline);
		n = poll(&poll_fd, 1, left);
	} while ((n < 0 && errno == EINTR) || (n == 0 && left > 0));
	return n > 0 ? 0 : n == 0 ? CHANNEL_TIMEOUT : CHANNEL_CLOSED;
}

static int read_some(struct channel *channel, int64_t deadline)
{
	struct buf *in = &channel->in;
	ssize_t n;
	int rc;

	if (in->len > CHANNEL_RECORD_MAX)
		return CHANNEL_MALFORMED;
	if (buf_reserve(in, 4096))
		return CHANNEL_NOMEM;
	do {
		rc = channel_wait_for(channel->fd, POLLIN, deadline);
		if (rc)
			return rc;
		n = recv(channel->fd, in->data + in->len, 4096, MSG_DONTWAIT);
	} while (n < 0 && (errno == EINTR || errno == EAGAIN));
	if (n <= 0)
		return CHANNEL_CLOSED;
	in->len += (size_t)n;
	return 0;
}

/* The length of the record at the front with its blank line, or 0. */
static size_t whole_record(const struct buf *in)
{
	const char *end;

	if (in->len && in->data[0] == '\n')
		return 1;
	end = in->len ? memmem(in->data, in->len, "\n\n", 2) : NULL;
	return end ? (size_t)(end - in->data) + 2 : 0;
}

static int parse_record(struct record *record, const char *text, size_t len)
{
	const char *end = memchr(text, '\n', len);
	size_t line = end ? (size_t)(end - text) : len;

	if (line != strlen(VERSION_LINE) || memcmp(text, VERSION_LINE, line))
		return CHANNEL_MALFORMED;
	for (size_t at = line + 1; at < len && text[at] != '\n';
	     at += line + 1) {
		int rc;

		end = memchr(text + at, '\n', len - at);
		line = (size_t)(end - (text + at));
		rc = record_parse_line(record, text + at, line);
		if (rc)
			return rc == RECORD_NOMEM ? CHANNEL_NOMEM
						  : CHANNEL_MALFORMED;
	}
	return 0;
}

int channel_read(struct channel *channel, struct record *record,
		 int64_t deadline)
{
	size_t len;
	int rc;

	while (!(len = whole_record(&channel->in))) {
		rc = read_some(channel, deadline);
		if (rc)
			return rc;
	}
	rc = parse_record(record, channel->in.data, len);
	buf_eat(&channel->in, len);
	return rc;
}

/* Async-signal-safe. */
void channel_ring(int bell)
{
	int before = errno;

	if (bell)
		(void)!send(bell, "", 1, MSG_NOSIGNAL | MSG_DONTWAIT);
	errno = before;
}

int channel_write(struct channel *channel, const struct record *record,
		  int64_t deadline)
{
	struct buf out = {0};
	size_t sent = 0;
	int rc = 0;

	if (buf_str(&out, VERSION_LINE "\n"))
		rc = RECORD_NOMEM;
	if (!rc)
		rc = record_write(record, &out);
	if (!rc && buf_char(&out, '\n'))
		rc = RECORD_NOMEM;
	if (rc)
		rc = rc == RECORD_NOMEM ? CHANNEL_NOMEM : CHANNEL_MALFORMED;
	while (!rc && sent < out.len) {
		ssize_t n = send(channel->fd, out.data + sent, out.len - sent,
				 MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n > 0)
			sent += (size_t)n;
		else if (n < 0 && errno == EAGAIN) {
			channel_ring(channel->bell);
			rc = channel_wait_for(channel->fd, POLLOUT, deadline);
		} else if (n < 0 && errno != EINTR)
			rc = CHANNEL_CLOSED;
	}
	channel_ring(channel->bell);
	buf_free(&out);
	return rc;
}

void channel_close(struct channel *channel)
{
	if (channel->fd >= 0)
		close(channel->fd);
	channel->fd = -1;
	if (channel->bell)
		close(channel->bell);
	channel->bell = 0;
	buf_free(&channel->in);
}
