/* SPDX-License-Identifier: MIT */
/*
 * faults_provider.c - the provider, or the way to it, does not do its part.
 */
#include "campaign.h"
#include "valetkey.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const int network[] = {VALETKEY_ERR_NETWORK, -1};
static const int throttled[] = {VALETKEY_ERR_THROTTLED, -1};
static const int unusable[] = {VALETKEY_ERR_NETWORK, VALETKEY_ERR_DENIED, -1};
static const int late[] = {VALETKEY_ERR_TIMEOUT, -1};
static const int fine[] = {VALETKEY_OK, -1};

static const struct fault {
	const char *name, *lines;
	const int *allowed;
	int trials, trials_short;
	uint32_t timeout_ms;
} list[] = {
    {"provider: 500", "http-500", network, 50, 3, 0},
    {"provider: 503", "http-503", network, 50, 3, 0},
    {"provider: 429", "http-429=2", throttled, 50, 3, 0},
    {"provider: reset before rotation", "reset-before", network, 50, 3, 0},
    {"provider: reset after rotation", "reset-after", network, 50, 3, 0},
    {"provider: half an answer", "truncate", network, 50, 3, 0},
    {"provider: 100 MB", "huge=104857600", network, 20, 2, 0},
    {"provider: never ends", "huge", network, 20, 2, 0},
    {"provider: noise", "garbage", network, 50, 3, 0},
    {"provider: HTML of a proxy", "html", network, 50, 3, 0},
    {"provider: HTML after rotation", "html\nafter", network, 50, 3, 0},
    {"provider: redirect elsewhere", "redirect=http://127.0.0.2:1/", network,
     50, 3, 0},
    {"provider: token of a wrong type", "wrong-type", unusable, 50, 3, 0},
    {"provider: token type mac", "token-type=mac", unusable, 50, 3, 0},
    {"provider: JSON 10,000 deep", "deep", unusable, 50, 3, 0},
    {"provider: slow, 300 ms to wait", "slow=500", late, 50, 3, 300},
    {"provider: a byte each ms", "drip=1", fine, 20, 2, 0},
};

static void provoke(struct row *row, const struct fault *fault)
{
	const struct host_options options = {.account = "c0",
					     .timeout_ms = fault->timeout_ms};
	struct outcome outcome;
	struct trial trial;
	struct host host;

	trial_begin(&trial, row, "c0", fault->allowed);
	world_faults(fault->lines);
	host_start(&host, &options);
	host_end(&host, &outcome);
	host_await_helpers(host.pid);
	world_faults("");
	trial_outcome(&trial, &outcome, host.timeout_ms);
	trial_end(&trial);
}

void faults_provider(void)
{
	for (unsigned i = 0; i < sizeof(list) / sizeof(*list); i++) {
		struct row *row = table_row(list[i].name);
		int trials = world_trials(list[i].trials_short, list[i].trials);

		for (int n = 0; n < trials; n++)
			provoke(row, &list[i]);
	}
}

/* ---- what takes the helper a minute: several accounts at a time ---- */

static void provoke_all(struct row *row, const char *lines)
{
	static char names[MANY_ACCOUNTS][8];
	struct trial trials[MANY_ACCOUNTS];
	struct host hosts[MANY_ACCOUNTS];
	struct outcome outcome;

	world_faults(lines);
	for (int i = 0; i < MANY_ACCOUNTS; i++) {
		struct host_options options = {.account = names[i],
					       .timeout_ms = 2000};

		snprintf(names[i], sizeof(names[i]), "c%d", i);
		trial_begin(&trials[i], row, names[i], late);
		host_start(&hosts[i], &options);
	}
	for (int i = 0; i < MANY_ACCOUNTS; i++) {
		host_end(&hosts[i], &outcome);
		trial_outcome(&trials[i], &outcome, hosts[i].timeout_ms);
	}
	host_await_helpers(hosts[0].pid);
	world_faults("");
	/* One by one: what came before is none of the others' business. */
	for (int i = 0; i < MANY_ACCOUNTS; i++) {
		struct counts now = world_counts();

		trials[i].before = now;
		trials[i].before.undelivered -= 1;
		trial_end(&trials[i]);
	}
}

void faults_slow(void)
{
	if (world.is_short)
		return;
	provoke_all(table_row("provider: silent after rotation"), "silent");
	provoke_all(table_row("provider: a byte each second"), "drip=1000");
}
