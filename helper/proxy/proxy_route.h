/* SPDX-License-Identifier: MIT */
/*
 * proxy_route.h - where a request goes to: which of the account's hosts, and
 * which path there. What the provider's data does not name passes byte for byte.
 */
#ifndef VALETKEY_PROXY_ROUTE_H
#define VALETKEY_PROXY_ROUTE_H

#include "core/origin.h"
#include "core/record.h"

#include <stdbool.h>

struct proxy_map {
	const struct record *config; /* the client's, see client.h */
	char host[ORIGIN_MAX];	     /* the one that all goes to; "": the path's
					first part names it */
};

/* Which of the account's hosts `wanted` is, as a URL or a bare host; NULL takes
 * the only one, if there is one only. False: it is none of them. */
bool proxy_map_choose(struct proxy_map *map, const char *wanted);

struct proxy_route {
	bool token;		 /* it is for the token endpoint: here */
	char origin[ORIGIN_MAX]; /* "": no host of the account is named */
	size_t skipped;		 /* how much of the target named the host */
	struct buf target;
};

/* `target` without what shows the secret. 0 or ERR_NOMEM; `route` is to be
 * empty, and proxy_route_free() it in any case. */
int proxy_route_find(const struct proxy_map *map, const char *target,
		     struct proxy_route *route);
void proxy_route_free(struct proxy_route *route);

/* Adds "https://a, https://b": what there is to choose. */
int proxy_map_list(const struct proxy_map *map, struct buf *out);

#endif
