/* SPDX-License-Identifier: MIT */
/*
 * fuzz_channel.c - any bytes from the other end of the socket into
 * channel_read(), record after record, until it is closed: a clean end or a
 * clean error, and what was taken can be sent.
 */
#include "core/channel.h"
#include "core/clock.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void send_back(const struct record *record)
{
	int pair[2];
	struct channel from = {.fd = -1}, to = {.fd = -1};
	struct record again = {0};

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
		return;
	from.fd = pair[0];
	to.fd = pair[1];
	if (channel_write(&from, record, deadline_in(1000)) == 0 &&
	    channel_read(&to, &again, deadline_in(1000)) != 0)
		abort();
	record_free(&again);
	channel_close(&from);
	channel_close(&to);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct channel channel = {.fd = -1};
	struct record record = {0};
	int pair[2], rc;

	if (size > 64 << 10 || /* fits into the socket */
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
		return 0;
	channel.fd = pair[1];
	if (size && send(pair[0], data, size, MSG_DONTWAIT | MSG_NOSIGNAL) !=
			(ssize_t)size)
		goto out;
	shutdown(pair[0], SHUT_WR);
	do {
		rc = channel_read(&channel, &record, deadline_in(1000));
		if (rc == 0)
			send_back(&record);
		else if (rc != CHANNEL_CLOSED && rc != CHANNEL_MALFORMED)
			abort();
		record_free(&record);
	} while (rc == 0);
out:
	close(pair[0]);
	channel_close(&channel);
	return 0;
}
