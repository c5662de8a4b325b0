/* SPDX-License-Identifier: MIT */
/*
 * faults_keyring.c - the keyring daemon dies, is locked or hangs at each phase
 * of a refresh; and how anything is done to a store at such a moment.
 */
#include "campaign.h"
#include "valetkey.h"

#include <signal.h>
#include <stdio.h>

static const int gone[] = {VALETKEY_OK, VALETKEY_ERR_NO_KEYRING,
			   VALETKEY_ERR_LOCKED, VALETKEY_ERR_DENIED, -1};
static const int locked[] = {VALETKEY_OK, VALETKEY_ERR_LOCKED, -1};
static const int slow[] = {VALETKEY_OK, VALETKEY_ERR_TIMEOUT, -1};

enum moment {
	AT_START = 0,
	AT_RESERVED = 1,
	AT_PROCESSED = 2, /* the provider's answer is on its way */
	AT_PARKED = 3,
	AT_RANDOM = 4,
	MOMENTS = 5
};

/* Until the helper is so far, or has ended. */
static void await_moment(const struct trial *trial, enum moment moment)
{
	int64_t until = world_ms() + 2000;
	int wanted = moment == AT_PARKED ? 2 : 1;

	if (moment == AT_START)
		return;
	if (moment == AT_RANDOM) {
		world_sleep_us(world_random(60000));
		return;
	}
	if (moment == AT_PROCESSED)
		while (world_counts().rotated == trial->before.rotated &&
		       world_ms() < until)
			world_sleep_us(200);
	else
		while (parked_state(trial->account) < wanted &&
		       world_ms() < until)
			;
}

static void stop_keyring(void)
{
	keyring_signal(SIGSTOP);
}

static void continue_keyring(void)
{
	keyring_signal(SIGCONT);
}

static void disturb_once(struct row *row, const struct disturbance *how,
			 enum moment moment)
{
	const struct host_options options = {.account = "c0",
					     .timeout_ms = how->timeout_ms};
	struct outcome outcome;
	struct trial trial;
	struct host host;

	trial_begin(&trial, row, "c0", how->allowed);
	/* Its answer takes long enough to do something meanwhile. */
	world_faults(moment == AT_PROCESSED ? "slow=60" : "");
	host_start(&host, &options);
	await_moment(&trial, moment);
	how->begin();
	host_end(&host, &outcome);
	if (how->hangs)
		how->end();
	host_await_helpers(host.pid);
	trial_outcome(&trial, &outcome, host.timeout_ms);
	trial_phase(&trial);
	world_faults("");
	if (!how->hangs)
		how->end();
	trial_end(&trial);
}

void disturb(const struct disturbance *how)
{
	struct row *row = table_row(how->name);
	int trials = world_trials(how->trials_short, how->trials);

	for (int n = 0; n < trials; n++)
		disturb_once(row, how, (enum moment)(n % MOMENTS));
}

void faults_keyring(void)
{
	static const struct disturbance all[] = {
	    {"keyring killed", keyring_kill, keyring_start, gone, 0, 200, 10,
	     false},
	    {"keyring locked", keyring_lock, keyring_unlock, locked, 0, 200, 10,
	     false},
	    {"keyring hangs", stop_keyring, continue_keyring, slow, 400, 100, 5,
	     true},
	};

	for (unsigned i = 0; i < sizeof(all) / sizeof(*all); i++)
		disturb(&all[i]);
}
