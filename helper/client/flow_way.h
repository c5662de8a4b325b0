/* SPDX-License-Identifier: MIT */
/*
 * flow_way.h - which way a person logs in: what was asked for, what the
 * account's file says, what the client's registration allows, and what can work
 * where the person sits. libc only: the command picks where it runs, the helper
 * checks.
 */
#ifndef VALETKEY_FLOW_WAY_H
#define VALETKEY_FLOW_WAY_H

#include "client.h"
#include "core/text.h"

#include <stdbool.h>

enum flow_way {
	FLOW_WAY_CODE = 1,  /* browser and loopback redirect */
	FLOW_WAY_PASTE = 2, /* the person pastes where the browser ended */
	FLOW_WAY_DEVICE = 3 /* a code, entered on any device (RFC 8628) */
};

/* "code", "paste", "device". */
const char *flow_way_name(enum flow_way way);

/* What there is to choose by. */
struct flow_wish {
	const char *word; /* asked for; NULL: nothing */
	bool remote;	  /* no browser here could come back to this machine */
	bool typing;	  /* the person can be asked */
};

/* 0, or ERR_ARG with what is in the way. */
int flow_way_pick(const struct client *client, const struct flow_wish *wish,
		  enum flow_way *way, struct problem *problem);

#endif
