/* SPDX-License-Identifier: MIT */
/*
 * lifetime.c - see lifetime.h.
 */
#include "lifetime.h"

#include "store/learned.h"

#define DAY_S 86400
#define DAYS_MAX 36500

static void lifetime_try(struct lifetime *life, int64_t began, int64_t after_s,
			 const char *by)
{
	int64_t dies_on = began + after_s;

	if (began <= 0 || after_s <= 0 ||
	    (life->dies_on && life->dies_on <= dies_on))
		return;
	life->dies_on = dies_on;
	life->began = began;
	life->by = by;
}

static void lifetime_try_idle(struct lifetime *life, const struct grant *grant,
			      int64_t idle_s, const char *by)
{
	lifetime_try(life, grant->issued_at, idle_s, by);
	if (idle_s > 0 && (!life->idle_s || idle_s < life->idle_s))
		life->idle_s = idle_s;
}

static int64_t seconds_of_days(const struct client *client, const char *key)
{
	int64_t days = record_get_int(&client->config, key, 0);

	return days > 0 && days <= DAYS_MAX ? days * DAY_S : 0;
}

void lifetime_find(const struct client *client, const struct grant *grant,
		   struct lifetime *life)
{
	int64_t told_s = grant->refresh_until - grant->issued_at;
	struct learned_age learned;

	*life = (struct lifetime){.refreshes = grant->refresh_token != NULL};
	if (client->grant_type == GRANT_TYPE_CLIENT_CREDENTIALS)
		return;
	if (!life->refreshes) {
		if (grant->access_token && grant->lifetime == GRANT_EXPIRES)
			lifetime_try(life, grant->issued_at, grant->expires_in,
				     "told");
		return;
	}
	if (grant->refresh_until > 0)
		lifetime_try_idle(life, grant, told_s, "told");
	lifetime_try_idle(life, grant,
			  seconds_of_days(client, "refresh_idle_days"), "data");
	lifetime_try(life, grant->login_at,
		     seconds_of_days(client, "refresh_max_days"), "data");
	learned_read(client->id, &learned);
	lifetime_try_idle(life, grant, learned.idle_s, "learned");
	lifetime_try(life, grant->login_at, learned.login_s, "learned");
}

bool lifetime_refreshed(const struct grant *grant)
{
	return grant->login ? grant->generation != grant->login
			    : grant->generation > 1;
}
