/* SPDX-License-Identifier: MIT */
/*
 * resource.h - what a protected resource says of itself (RFC 9728): by which
 * authorization servers' tokens it is reached, and with which scopes. MCP servers
 * have it. Nothing of it is believed before the document has named the very
 * resource that was asked for (RFC 9728 3.3), and no authorization server is taken
 * that is not https; on this computer's own addresses only if the resource is too.
 */
#ifndef VALETKEY_RESOURCE_H
#define VALETKEY_RESOURCE_H

#include "core/record.h"
#include "core/text.h"

#include <stdbool.h>

/* The URL as it is compared and sent as `resource`: scheme and host in lower case,
 * no usual port. ERR_ARG if it cannot be one: not https (http on this computer
 * alone), or with a fragment. */
int resource_canonical(const char *url, struct buf *canonical,
		       struct problem *problem);

/* The places, in the order that they are asked in. */
enum resource_place {
	RESOURCE_NAMED = 0, /* which the server's challenge names */
	RESOURCE_PATH = 1,  /* between host and path */
	RESOURCE_ROOT = 2,  /* without the path: of the whole host */
	RESOURCE_PLACES = 3
};

/* What is asked for. */
struct resource_wish {
	const char *url;	   /* canonical */
	enum resource_place place; /* where this document came from */
};

/*
 * Adds the URL of a well-known place; nothing of RESOURCE_ROOT if it is the same as
 * RESOURCE_PATH. 0 or -1 for memory.
 */
int resource_place(const char *url, enum resource_place place, struct buf *out);

/* Whether the place that a challenge names may be asked: it is on the resource's own
 * server. 0 or ERR_DENIED. */
int resource_named_ok(const char *url, const char *named,
		      struct problem *problem);

/*
 * Reads a document. 0, and in `found` resource (as the server spells it), and of
 * authorization_server[] and scope what there is. ERR_NETWORK if it is not such a
 * document, ERR_DENIED if it must not be used, ERR_NOMEM.
 */
int resource_read(const struct resource_wish *wish, const struct buf *text,
		  struct record *found, struct problem *problem);

#endif
