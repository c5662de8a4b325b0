/* SPDX-License-Identifier: MIT */
/*
 * trial.c - one disturbed refresh and what became of the grant; see campaign.h
 * for how it is judged.
 */
#include "campaign.h"
#include "valetkey.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#define MEND_TRIES 3

static enum phase found; /* by trial_phase(), for trial_end() */
static bool reserved;	 /* the same: room was taken, and nothing lay there */

void trial_begin(struct trial *trial, struct row *row, const char *account,
		 const int *allowed)
{
	*trial = (struct trial){
	    .row = row,
	    .account = account,
	    .before = world_counts(),
	    .began = world_ms(),
	    .allowed = allowed,
	};
	found = PHASE_COUNT;
	reserved = false;
	if (account)
		parked_forget(account);
	row->tried++;
}

/* The account "tls" has a provider of its own. */
static bool good(const struct trial *trial, const char *token)
{
	return (trial->account && strcmp(trial->account, "tls") == 0) ||
	       world_token_good(token);
}

static void wrong(struct trial *trial, const char *what, int result)
{
	struct counts now = world_counts();

	trial->row->wrong++;
	fprintf(stderr,
		"# %s, try %u: %s, result %d (%u requests, %u rotated, %u met "
		"a fault)\n",
		trial->row->name, trial->row->tried, what, result,
		now.requests - trial->before.requests,
		now.rotated - trial->before.rotated,
		now.faulted - trial->before.faulted);
}

void trial_time(struct trial *trial, const struct outcome *outcome,
		uint32_t timeout_ms)
{
	if (outcome->took_ms > trial->row->worst_ms)
		trial->row->worst_ms = outcome->took_ms;
	if (outcome->took_ms > (int64_t)timeout_ms + LATE_MS)
		trial->row->late++;
}

void trial_outcome(struct trial *trial, const struct outcome *outcome,
		   uint32_t timeout_ms)
{
	const int *allowed = trial->allowed;

	if (!outcome->answered)
		return;
	trial_time(trial, outcome, timeout_ms);
	while (*allowed >= 0 && *allowed != outcome->result)
		allowed++;
	if (*allowed < 0)
		wrong(trial, "the disturbed get", outcome->result);
	else if (outcome->result == VALETKEY_OK && !good(trial, outcome->token))
		wrong(trial, "a token that is not good", outcome->result);
}

void trial_found(const struct trial *trial, enum phase phase)
{
	trial->row->has_phases = true;
	trial->row->phases[phase]++;
	found = phase;
}

void trial_phase(const struct trial *trial)
{
	struct counts now;
	enum phase phase;
	int parked = parked_state(trial->account);

	reserved = parked == 1;
	/* The provider sees the end of the connection a moment later. What was in
	 * flight should not be overtaken by the next request, which libmicrohttpd 1.0
	 * may answer first: that one would then have been used twice. */
	world_sleep_us(reserved ? 100000 : 3000);
	now = world_counts();
	if (now.undelivered != trial->before.undelivered)
		phase = PHASE_PROCESSED;
	else if (now.rotated == trial->before.rotated)
		phase = parked == 1 ? PHASE_RESERVED : PHASE_BEFORE;
	else if (parked == 1)
		phase = PHASE_WINDOW;
	else if (parked == 2)
		phase = store_holds_since(trial->account, trial->began)
			    ? PHASE_STORED
			    : PHASE_PARKED;
	else
		phase = PHASE_DONE;
	trial_found(trial, phase);
}

/* Killed in the window, even where a busy provider told us too late that it had
 * rotated: the room was there, the answer was read, and was not put there. */
static bool was_in_window(const struct trial *trial, const struct counts *now)
{
	return found == PHASE_WINDOW ||
	       (reserved && now->rotated > trial->before.rotated &&
		now->undelivered == trial->before.undelivered);
}

/* The grant is gone: whose fault it was. */
static void judge_loss(struct trial *trial)
{
	struct counts now = world_counts();

	if (now.undelivered > trial->before.undelivered)
		trial->row->lost_network++;
	else if (was_in_window(trial, &now))
		trial->row->lost_window++;
	else {
		trial->row->lost++;
		fprintf(stderr,
			"# %s, try %u: LOST, disturbed when: %s (%u requests, "
			"%u rotated, %u reused)\n",
			trial->row->name, trial->row->tried,
			table_phase_name(found),
			now.requests - trial->before.requests,
			now.rotated - trial->before.rotated,
			now.reused - trial->before.reused);
	}
}

/* The one try with the old token, where no whole answer came, is none. */
static void judge_duplicates(struct trial *trial)
{
	struct counts now = world_counts();
	unsigned reused = now.reused - trial->before.reused;
	bool one_try = now.undelivered > trial->before.undelivered ||
		       was_in_window(trial, &now);

	if (reused > (one_try ? 1 : 0)) {
		trial->row->duplicates += reused - (one_try ? 1 : 0);
		fprintf(stderr, "# %s, try %u: %u used twice\n",
			trial->row->name, trial->row->tried, reused);
	}
}

void trial_judge(struct trial *trial, const struct outcome *after)
{
	if (after->result == VALETKEY_ERR_LOGIN)
		judge_loss(trial);
	judge_duplicates(trial);
	if (after->result == VALETKEY_OK && !good(trial, after->token))
		wrong(trial, "the get after it: a token that is not good", 0);
}

void trial_end(struct trial *trial)
{
	struct host_options options = {.account = trial->account};
	struct outcome outcome = {0};
	struct host host;

	for (int tries = 0; tries < MEND_TRIES; tries++) {
		world_forget_failures(trial->account);
		host_start(&host, &options);
		host_end(&host, &outcome);
		host_await_helpers(host.pid);
		trial_time(trial, &outcome, host.timeout_ms);
		if (outcome.result == VALETKEY_OK ||
		    outcome.result == VALETKEY_ERR_LOGIN)
			break;
		wrong(trial, "the get after it", outcome.result);
	}
	trial_judge(trial, &outcome);
	if (outcome.result == VALETKEY_ERR_LOGIN)
		world_login(trial->account);
}
