/* SPDX-License-Identifier: MIT */
/*
 * proxy_route.c - see proxy_route.h. Only the front of a path is ever looked at,
 * and only whole segments of it count.
 */
#include "proxy_route.h"

#include <valetkey.h>

#include <string.h>
#include <strings.h>

/* ---- hosts ---- */

static const char *without_scheme(const char *origin)
{
	return strstr(origin, "://") + strlen("://");
}

/* The next of the account's hosts after `previous`, in one spelling. */
static const char *next_host(const struct proxy_map *map, const char *previous,
			     char origin[ORIGIN_MAX])
{
	const char *host = previous;

	while ((host = record_next(map->config, "hosts[]", host)))
		if (origin_of(host, origin) == 0)
			return host;
	return NULL;
}

/* The host whose name and port are the first len bytes of text. */
static bool find_host(const struct proxy_map *map, const char *text, size_t len,
		      char origin[ORIGIN_MAX])
{
	const char *host = NULL;

	while ((host = next_host(map, host, origin))) {
		const char *name = without_scheme(origin);

		if (strlen(name) == len && strncasecmp(name, text, len) == 0)
			return true;
	}
	*origin = '\0';
	return false;
}

static bool is_only_host(const struct proxy_map *map, char origin[ORIGIN_MAX])
{
	char other[ORIGIN_MAX];
	const char *host = next_host(map, NULL, origin);

	if (!host)
		return false;
	while ((host = next_host(map, host, other)))
		if (strcmp(origin, other) != 0)
			return false;
	return true;
}

bool proxy_map_choose(struct proxy_map *map, const char *wanted)
{
	char origin[ORIGIN_MAX];
	const char *name = wanted;

	if (!wanted) {
		if (!is_only_host(map, map->host))
			*map->host = '\0';
		return true;
	}
	if (strstr(wanted, "://")) {
		if (origin_of(wanted, origin) != 0)
			return false;
		name = without_scheme(origin);
	}
	return find_host(map, name, strlen(name), map->host) &&
	       (name == wanted || strcmp(origin, map->host) == 0);
}

int proxy_map_list(const struct proxy_map *map, struct buf *out)
{
	char origin[ORIGIN_MAX];
	const char *host = NULL;
	int rc = 0;

	while (!rc && (host = next_host(map, host, origin)))
		rc = (out->len && buf_str(out, ", ")) || buf_str(out, origin);
	return rc ? VALETKEY_ERR_NOMEM : VALETKEY_OK;
}

/* ---- paths ---- */

static size_t path_length(const char *target)
{
	return strcspn(target, "?");
}

/* The path of the provider's token endpoint, or one of its other spellings. */
static bool is_token_path(const struct proxy_map *map, const char *target)
{
	const char *endpoint = record_get(map->config, "token_endpoint");
	const char *path =
	    endpoint ? strchr(without_scheme(endpoint), '/') : NULL;
	size_t len = path_length(target);

	if (path && path_length(path) == len && strncmp(path, target, len) == 0)
		return true;
	path = NULL;
	while ((path = record_next(map->config, "proxy_token_path[]", path)))
		if (strlen(path) == len && strncmp(path, target, len) == 0)
			return true;
	return false;
}

/* If FROM of FROM=TO is the front of the target: how long it is. */
static size_t match_front(const char *pair, const char *target)
{
	size_t len = strcspn(pair, "=");

	return pair[len] && strncmp(pair, target, len) == 0 &&
		       (!target[len] || strchr("/?", target[len]))
		   ? len
		   : 0;
}

static int map_path(const struct proxy_map *map, const char *target,
		    struct buf *out)
{
	const char *pair = NULL, *to;
	size_t len;
	int rc = 0;

	while ((pair = record_next(map->config, "proxy_path[]", pair))) {
		len = match_front(pair, target);
		if (!len)
			continue;
		to = strchr(pair, '=') + 1;
		target += len;
		rc = buf_add(out, to, strlen(to) - (strcmp(to, "/") == 0));
		break;
	}
	if (!rc && *target != '/' && !out->len)
		rc = buf_char(out, '/');
	return rc || buf_str(out, target) ? VALETKEY_ERR_NOMEM : VALETKEY_OK;
}

int proxy_route_find(const struct proxy_map *map, const char *target,
		     struct proxy_route *route)
{
	size_t len;

	if (*map->host) {
		memcpy(route->origin, map->host, ORIGIN_MAX);
	} else if (*target == '/') {
		len = strcspn(target + 1, "/?");
		if (find_host(map, target + 1, len, route->origin))
			route->skipped = len + 1;
	}
	target += route->skipped;
	route->token = is_token_path(map, target);
	return map_path(map, target, &route->target);
}

void proxy_route_free(struct proxy_route *route)
{
	buf_free(&route->target);
	*route = (struct proxy_route){0};
}
