/* SPDX-License-Identifier: MIT */
/*
 * traces.c - see traces.h.
 */
#include "traces.h"

#include "core/kernel.h"
#include "lock.h"
#include "park.h"

#include <stdio.h>

static void discard_key(const char *prefix, const char *id)
{
	char name[64];

	if (snprintf(name, sizeof(name), "%s%s", prefix, id) <
	    (int)sizeof(name))
		keyctl_discard(name);
}

void traces_uncache(const char *id)
{
	discard_key(KEYCTL_CACHE, id);
	discard_key("valetkey-ahead:", id);
}

/* A login that goes on has its lock; it will find that the account has gone, and
 * the next run sees to the file. */
void traces_remove(const char *id)
{
	struct problem ignored = {0};
	int login;

	traces_uncache(id);
	park_forget(id);
	if (lock_take(id, LOCK_LOGIN, 0, &login, &ignored) == 0)
		lock_remove(&login, id, LOCK_LOGIN);
}
