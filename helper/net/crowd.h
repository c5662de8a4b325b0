/* SPDX-License-Identifier: MIT */
/*
 * crowd.h - who is let in to the listener, for how long, and how many at once.
 * The connections, where visitor.h has the requests.
 */
#ifndef VALETKEY_CROWD_H
#define VALETKEY_CROWD_H

#include "visitor.h"

/* libmicrohttpd's callbacks; `context` is the listener. */
enum MHD_Result crowd_admit(void *context, const struct sockaddr *peer,
			    socklen_t len);
void crowd_changed(void *context, struct MHD_Connection *connection,
		   void **mark, enum MHD_ConnectionNotificationCode code);

/* Ends what has been here too long. When to look again, INT64_MAX: never. */
int64_t crowd_end_late(struct listener *listener);

#endif
