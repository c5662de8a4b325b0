/* SPDX-License-Identifier: MIT */
/*
 * park.c - see park.h. What lies in the key or the file is either a line
 * "in-flight since=T", padded to the size that will be needed, or a sealed
 * record: the new grant with `replaces`, the digest of the refresh token that
 * it was got with.
 */
#include "park.h"
#include "clock.h"
#include "keyctl.h"
#include "newest.h"
#include "park_file.h"
#include "seal.h"

#include <stdio.h>
#include <string.h>

#define IN_FLIGHT "in-flight "
#define KEEP_S (30L * 24 * 3600)
#define STAY_S 60
#define MORE 2048 /* by which an answer may be longer than the last one */

static bool name_of(const struct client *client, char name[64])
{
	return snprintf(name, 64, "valetkey-parked:%s", client->id) < 64;
}

static int digest_of(const struct record *grant, struct buf *digest)
{
	const char *token = record_get(grant, "refresh_token");

	return token ? seal_digest(token, digest) : -1;
}

/* The stored grant, and the digest of a newer one's refresh token; "": there is
 * none. */
struct known {
	const struct record *stored;
	struct buf newest;
};

/* Whether the digest of this grant's refresh token is the wanted one. */
static bool is_of(const struct record *grant, const char *wanted)
{
	struct buf digest = {0};
	bool same =
	    digest_of(grant, &digest) == 0 && strcmp(digest.data, wanted) == 0;

	buf_free(&digest);
	return same;
}

/* Whether what was parked comes after the very grant that is stored. */
static bool comes_after(const struct known *known, const struct record *parked)
{
	const char *newest = buf_text(&known->newest);
	const char *replaces = record_get(parked, "replaces");

	return replaces && (is_of(known->stored, replaces) ||
			    strcmp(newest, replaces) == 0 ||
			    (*newest && is_of(parked, newest)));
}

static bool unseal(const struct known *known, const struct buf *payload,
		   struct record *parked)
{
	const char *seal = record_get(known->stored, "seal");
	struct buf plain = {0};
	bool good =
	    seal && seal_prepare() == 0 &&
	    seal_open(seal, payload, &plain) == 0 &&
	    record_parse_text(parked, plain.data, plain.len, NULL) == 0 &&
	    comes_after(known, parked);

	buf_free(&plain);
	if (good)
		record_remove(parked, "replaces");
	else
		record_free(parked);
	return good;
}

static enum park_state judge(const struct known *known,
			     const struct buf *payload, struct record *parked)
{
	if (!payload->len)
		return PARK_EMPTY;
	if (strncmp(payload->data, IN_FLIGHT, strlen(IN_FLIGHT)) == 0)
		return PARK_IN_FLIGHT;
	return unseal(known, payload, parked) ? PARK_GRANT : PARK_EMPTY;
}

enum park_state park_look(const struct client *client, int lock,
			  const struct record *stored, struct record *parked)
{
	enum park_state in_key = PARK_EMPTY, in_file = PARK_EMPTY;
	struct known known = {.stored = stored};
	struct buf payload = {0};
	char name[64];
	bool outdated;

	if (!name_of(client, name))
		return PARK_EMPTY;
	outdated = newest_other(lock, stored, &known.newest);
	if (keyctl_read(keyctl_find(name), &payload)) {
		in_key = judge(&known, &payload, parked);
		if (in_key == PARK_EMPTY && !outdated)
			keyctl_discard(name);
	}
	buf_free(&payload);
	if (in_key != PARK_GRANT && park_file_read(client->id, &payload)) {
		in_file = judge(&known, &payload, parked);
		if (in_file == PARK_EMPTY && !outdated)
			park_file_remove(client->id);
	}
	buf_free(&payload);
	buf_free(&known.newest);
	return in_file > in_key ? in_file : in_key;
}

static bool put(const struct client *client, const struct buf *payload)
{
	char name[64];

	return (name_of(client, name) && keyctl_put(name, payload, KEEP_S)) ||
	       park_file_put(client->id, payload);
}

bool park_reserve(const struct client *client, const struct record *stored)
{
	size_t size = stored->pairs.len + MORE + SEAL_OVERHEAD;
	struct buf payload = {0};
	bool good;

	if (size > KEYCTL_PAYLOAD_MAX)
		size = KEYCTL_PAYLOAD_MAX;
	good = seal_prepare() == 0 && buf_fmt(&payload, IN_FLIGHT "since=%lld",
					      (long long)clock_ms()) == 0;
	while (good && payload.len < size)
		good = buf_char(&payload, ' ') == 0;
	good = good && put(client, &payload);
	buf_free(&payload);
	return good;
}

bool park_put(const struct client *client, const struct record *stored,
	      const struct record *grant)
{
	const char *seal = record_get(stored, "seal");
	struct buf plain = {0}, sealed = {0}, digest = {0};
	struct record all = {0};
	bool good = seal && digest_of(stored, &digest) == 0 &&
		    record_append(&all, grant) == 0 &&
		    record_add(&all, "replaces", digest.data) == 0 &&
		    record_write(&all, &plain) == 0 &&
		    seal_close(seal, &plain, &sealed) == 0 &&
		    put(client, &sealed);

	record_free(&all);
	buf_free(&plain);
	buf_free(&sealed);
	buf_free(&digest);
	return good;
}

void park_keep(const struct client *client)
{
	struct buf payload = {0};
	char name[64];

	if (name_of(client, name) && keyctl_read(keyctl_find(name), &payload) &&
	    strncmp(payload.data, IN_FLIGHT, strlen(IN_FLIGHT)) != 0)
		park_file_put(client->id, &payload);
	buf_free(&payload);
}

void park_stored(const struct client *client, int64_t good_for)
{
	int64_t left = good_for + STAY_S;
	char name[64];

	if (name_of(client, name))
		keyctl_spare(name, left < KEEP_S ? (long)left : KEEP_S);
}

void park_clear(const struct client *client)
{
	char name[64];

	if (name_of(client, name))
		keyctl_discard(name);
	park_file_remove(client->id);
}
