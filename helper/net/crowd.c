/* SPDX-License-Identifier: MIT */
/*
 * crowd.c - see crowd.h. Called by listener.c.
 *
 * Another user's connection is closed before anything is read from it. What is
 * let in has a few seconds for the whole of its request, however it drips, and
 * among more connections than a browser has any use for the oldest gives way, so
 * that the browser always gets in.
 */
#include "crowd.h"

#include "core/clock.h"

#include <stdlib.h>
#include <sys/socket.h>

#define STAY_MS 5000
#define CROWD 64u /* connections */

enum MHD_Result crowd_admit(void *context, const struct sockaddr *peer,
			    socklen_t len)
{
	struct listener *listener = context;

	(void)len;
	listener->arriving = peer_owner(&listener->peers, peer);
	listener->refused |= listener->arriving == PEER_OTHER;
	return peer_is_welcome(listener->arriving) ? MHD_YES : MHD_NO;
}

/* libmicrohttpd sees the end of it, and closes it. */
static void end_guest(struct listener *listener, struct guest *guest)
{
	guest->ended = true;
	listener->crowd--;
	shutdown(guest->fd, SHUT_RDWR);
}

static void end_oldest(struct listener *listener)
{
	struct guest *guest = listener->guests;

	while (guest && (guest->ended || guest->waiting))
		guest = guest->next;
	if (guest)
		end_guest(listener, guest);
}

static void add_guest(struct listener *listener, struct guest *guest, int fd)
{
	struct guest **end = &listener->guests;

	while (*end)
		end = &(*end)->next;
	*end = guest;
	guest->fd = fd;
	guest->owner = listener->arriving;
	guest->until = deadline_in(STAY_MS);
	if (++listener->crowd > CROWD)
		end_oldest(listener);
}

static void remove_guest(struct listener *listener, struct guest *guest)
{
	struct guest **at = &listener->guests;

	while (*at != guest)
		at = &(*at)->next;
	*at = guest->next;
	listener->crowd -= !guest->ended;
	free(guest);
}

void crowd_changed(void *context, struct MHD_Connection *connection,
		   void **mark, enum MHD_ConnectionNotificationCode code)
{
	int fd = MHD_get_connection_info(connection,
					 MHD_CONNECTION_INFO_CONNECTION_FD)
		     ->connect_fd;
	struct guest *guest = *mark;

	if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
		if (guest)
			remove_guest(context, guest);
		return;
	}
	*mark = guest = calloc(1, sizeof(*guest));
	if (guest)
		add_guest(context, guest, fd);
	else
		shutdown(fd, SHUT_RDWR);
}

int64_t crowd_end_late(struct listener *listener)
{
	struct guest *guest;
	int64_t next = INT64_MAX;

	for (guest = listener->guests; guest; guest = guest->next) {
		if (guest->ended || guest->waiting)
			continue;
		if (guest->until <= clock_ms())
			end_guest(listener, guest);
		else if (guest->until < next)
			next = guest->until;
	}
	return next;
}
