/* SPDX-License-Identifier: MIT */
/*
 * hit.c - see hit.h. Slots are made for requests that were judged, with origins
 * as origin_of() writes them. A URL that begins with just these characters and
 * goes on with a path of clean ones is of that origin; any other spelling takes
 * the long way.
 */
#include "hit.h"

#include "core/channel.h"
#include "core/clock.h"
#include "core/text.h"

#include <string.h>

#define LENGTH_MAX 4096

static bool hit_take_origin(const char *url, struct memory_key *key)
{
	size_t len = strlen(url), front = 8;
	const char *path;

	if (len < front || len > LENGTH_MAX)
		return false;
	if (memcmp(url, "https://", 8) != 0) {
		front = 7;
		if (memcmp(url, "http://", 7) != 0)
			return false;
	}
	path = memchr(url + front, '/', len - front);
	key->origin = url;
	key->origin_len = path ? (size_t)(path - url) : len;
	return !path || text_visible(path, len - key->origin_len);
}

const struct valetkey_token *hit_take(struct memory *memory,
				      const struct valetkey_request *request)
{
	struct memory_key key = {.account = "", .scope = ""};
	uint32_t min_valid_s = request->min_valid_s;
	struct memory_slot *slot;
	int64_t now;

	if (request->size != sizeof(*request) ||
	    request->flags &
		~(uint64_t)(VALETKEY_INTERACTIVE | VALETKEY_CACHED_ONLY))
		return NULL;
	if (request->account) {
		if (!*request->account)
			return NULL; /* not the same as none */
		key.account = request->account;
	}
	if (request->scope)
		key.scope = request->scope;
	if (request->resource && !hit_take_origin(request->resource, &key))
		return NULL;
	now = clock_ms();
	slot = memory_find(memory, &key);
	if (!slot || memory_renewal_near(slot, now))
		return NULL;
	return memory_get(slot, min_valid_s ? min_valid_s : MIN_VALID_S, now);
}
