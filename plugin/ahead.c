/* SPDX-License-Identifier: MIT */
/*
 * ahead.c - see ahead.h. A kernel key with a short life says that somebody is at
 * it; if two come at once, the account's lock leaves one.
 */
#include "ahead.h"

#include "core/channel.h"
#include "core/clock.h"
#include "core/kernel.h"
#include "launch.h"

#include <stdio.h>

#define CLAIM_S 30
#define SEND_MS 100
#define LEAST_MS (MIN_VALID_S * 1000) /* less is not enough for a renewal */

/* FNV-1a: a token is as good a die as any, and all processes throw the same. */
static uint32_t ahead_hash(const char *text)
{
	uint32_t hash = 2166136261U;

	for (; *text; text++)
		hash = (hash ^ (unsigned char)*text) * 16777619U;
	hash ^= hash >> 16;
	hash *= 0x85ebca6bU;
	return hash ^ hash >> 13;
}

/* Nobody is given what lasts less than MIN_VALID_S, and who calls only now and
 * then should come by before that: so the last quarter is left out. */
int64_t ahead_at(const char *access_token, int64_t good_until,
		 int64_t lifetime_ms)
{
	int64_t fifth = lifetime_ms / 5;
	int64_t spread = (fifth - LEAST_MS) / 4 * 3;

	if (fifth < LEAST_MS || good_until == INT64_MAX)
		return INT64_MAX;
	return good_until - fifth +
	       (int64_t)((double)spread * ahead_hash(access_token) /
			 UINT32_MAX);
}

static bool ahead_claim(const struct record *account)
{
	const char *id = record_get(account, "id");
	struct buf payload = {0};
	char name[64];
	bool mine;

	if (!id || snprintf(name, sizeof(name), "valetkey-ahead:%s", id) >=
		       (int)sizeof(name))
		return false;
	mine = keyctl_find(name) < 0 && buf_char(&payload, '1') == 0;
	if (mine)
		keyctl_put(name, &payload, CLAIM_S);
	buf_free(&payload);
	return mine;
}

void ahead_start(const char *name, const struct record *account)
{
	struct channel channel = {.fd = -1};
	struct record request = {0};

	if (!ahead_claim(account))
		return;
	if (record_add(&request, "op", "renew") == 0 &&
	    record_add(&request, "account", name) == 0 &&
	    launch_helper(0, &channel.fd) == 0)
		channel_write(&channel, &request, deadline_in(SEND_MS));
	channel_close(&channel);
	record_free(&request);
}
