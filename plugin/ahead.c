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
