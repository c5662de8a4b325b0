/* SPDX-License-Identifier: MIT */
/*
 * faults_peer.c - oidc-agent under the faults that ours is under, where it can
 * be brought into them: its rows stand below ours.
 */
#include "campaign.h"
#include "valetkey.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define REFRESH_S 1000000 /* no token is good for so long */
#define LIFETIME_S 3600	  /* of the provider's access tokens */
#define PROGRAMS 20
#define PAUSE_US 200000
#define OLD_S 5 /* a token is too old then */
#define MEND_TRIES 3

/* It has one status for all that goes wrong. */
static const int failed[] = {VALETKEY_ERR_NETWORK, -1};
static const int either[] = {VALETKEY_OK, VALETKEY_ERR_NETWORK, -1};
static const int fine[] = {VALETKEY_OK, -1};

static struct row *peer_row(const char *name)
{
	struct row *row = table_row(name);

	row->peer = true;
	return row;
}

static struct outcome ask(void)
{
	struct outcome outcome;
	struct host host;

	peer_ask(&host, REFRESH_S);
	peer_answer(&host, &outcome);
	return outcome;
}

/* The provider has refused its grant since then. */
static bool refused(const struct trial *trial)
{
	return world_counts().refused != trial->before.refused;
}

/*
 * Asks again; where that fails for another reason than the grant its user starts
 * it again. What cannot be read or is refused needs a login.
 */
static void end_trial(struct trial *trial, bool loaded)
{
	struct outcome outcome = {.result = VALETKEY_ERR_LOGIN};

	for (int tries = 0; loaded && tries < MEND_TRIES; tries++) {
		outcome = ask();
		trial_time(trial, &outcome, TIMEOUT_MS);
		if (outcome.result == VALETKEY_OK)
			break;
		outcome.result = VALETKEY_ERR_LOGIN;
		if (refused(trial))
			break;
		peer_kill();
		loaded = peer_start();
	}
	trial_judge(trial, &outcome);
	if (outcome.result == VALETKEY_ERR_LOGIN) {
		fprintf(stderr, "# %s, try %u: %s\n", trial->row->name,
			trial->row->tried, peer_said());
		peer_login();
	}
}

/* ---- processes ---- */

static unsigned usual_us(void)
{
	int64_t began = world_ms();

	for (int i = 0; i < 4; i++)
		ask();
	return (unsigned)(world_ms() - began) * 1000 / 4;
}

static void note_phase(const struct trial *trial, int64_t file)
{
	struct counts now;
	enum phase phase = PHASE_BEFORE;

	/* The provider sees the end of the connection a moment later. */
	world_sleep_us(3000);
	now = world_counts();
	if (now.undelivered != trial->before.undelivered)
		phase = PHASE_PROCESSED;
	else if (now.rotated != trial->before.rotated)
		phase = peer_file_time() == file ? PHASE_WINDOW : PHASE_DONE;
	trial_found(trial, phase);
}

static void kill_agent_once(struct row *row, unsigned within_us)
{
	struct outcome outcome;
	struct trial trial;
	struct host host;
	int64_t file;

	trial_begin(&trial, row, NULL, either);
	file = peer_file_time();
	peer_ask(&host, REFRESH_S);
	world_sleep_us(world_random(within_us));
	peer_kill();
	peer_answer(&host, &outcome);
	trial_outcome(&trial, &outcome, host.timeout_ms);
	note_phase(&trial, file);
	end_trial(&trial, peer_start());
}

static void kill_asking_once(struct row *row, unsigned within_us)
{
	struct outcome outcome;
	struct trial trial;
	struct host host;

	trial_begin(&trial, row, NULL, fine);
	peer_ask(&host, REFRESH_S);
	world_sleep_us(world_random(within_us));
	kill(host.pid, SIGKILL);
	peer_answer(&host, &outcome);
	trial_outcome(&trial, &outcome, host.timeout_ms);
	end_trial(&trial, true);
}

static void end_processes(void)
{
	unsigned usual = usual_us();
	struct row *row = peer_row("oidc-agent: killed");

	for (int i = 0; i < world_trials(3, 200); i++)
		kill_agent_once(row, usual);
	row = peer_row("oidc-agent: oidc-token killed");
	for (int i = 0; i < world_trials(2, 50); i++)
		kill_asking_once(row, usual);
}

/* ---- the provider ---- */

static const struct fault {
	const char *name, *lines;
	const int *allowed;
	int trials;
} list[] = {
    {"oidc-agent: 500", "http-500", failed, 50},
    {"oidc-agent: 503", "http-503", failed, 50},
    {"oidc-agent: 429", "http-429=2", failed, 50},
    {"oidc-agent: reset before rotation", "reset-before", failed, 50},
    {"oidc-agent: reset after rotation", "reset-after", failed, 50},
    {"oidc-agent: half an answer", "truncate", failed, 50},
    {"oidc-agent: noise", "garbage", failed, 50},
    {"oidc-agent: HTML of a proxy", "html", failed, 50},
    {"oidc-agent: HTML after rotation", "html\nafter", failed, 50},
    {"oidc-agent: token of a wrong type", "wrong-type", failed, 50},
    {"oidc-agent: slow, 500 ms", "slow=500", fine, 50},
    {"oidc-agent: a byte each ms", "drip=1", fine, 20},
};

static void provoke(struct row *row, const struct fault *fault)
{
	struct outcome outcome;
	struct trial trial;

	trial_begin(&trial, row, NULL, fault->allowed);
	world_faults(fault->lines);
	outcome = ask();
	world_faults("");
	trial_outcome(&trial, &outcome, TIMEOUT_MS);
	end_trial(&trial, true);
}

static void disturb_provider(void)
{
	for (unsigned i = 0; i < sizeof(list) / sizeof(*list); i++) {
		struct row *row = peer_row(list[i].name);

		for (int n = 0; n < world_trials(1, list[i].trials); n++)
			provoke(row, &list[i]);
	}
}

/* ---- several programs ---- */

struct findings {
	unsigned wrong, late;
	int64_t worst_ms;
};

static void get_once(struct findings *all)
{
	struct outcome outcome;
	struct host host;
	int64_t worst;

	peer_ask(&host, LIFETIME_S - OLD_S);
	peer_answer(&host, &outcome);
	if (outcome.took_ms > TIMEOUT_MS + LATE_MS)
		__atomic_fetch_add(&all->late, 1, __ATOMIC_RELAXED);
	else if (outcome.result != VALETKEY_OK ||
		 !world_token_good(outcome.token))
		__atomic_fetch_add(&all->wrong, 1, __ATOMIC_RELAXED);
	worst = __atomic_load_n(&all->worst_ms, __ATOMIC_RELAXED);
	while (outcome.took_ms > worst &&
	       !__atomic_compare_exchange_n(&all->worst_ms, &worst,
					    outcome.took_ms, true,
					    __ATOMIC_RELAXED, __ATOMIC_RELAXED))
		;
}

static void race(void)
{
	struct findings *all = mmap(NULL, sizeof(*all), PROT_READ | PROT_WRITE,
				    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct row *row = peer_row("oidc-agent: 20, rotation each 5 s");
	int64_t until = world_ms() + world_trials(5, 60) * 1000;
	struct trial trial;
	pid_t programs[PROGRAMS];

	trial_begin(&trial, row, NULL, fine);
	for (int i = 0; i < PROGRAMS; i++) {
		programs[i] = fork();
		while (programs[i] == 0 && world_ms() < until) {
			get_once(all);
			world_sleep_us(PAUSE_US);
		}
		if (programs[i] == 0)
			_exit(0);
	}
	for (int i = 0; i < PROGRAMS; i++)
		while (waitpid(programs[i], NULL, 0) < 0 && errno == EINTR)
			;
	row->tried = world_counts().rotated - trial.before.rotated;
	row->wrong = all->wrong;
	row->late = all->late;
	row->worst_ms = all->worst_ms;
	end_trial(&trial, true);
}

void faults_peer(void)
{
	const char *why;

	if (!peer_open(&why)) {
		table_skip("oidc-agent", why)->peer = true;
		return;
	}
	peer_login();
	end_processes();
	disturb_provider();
	race();
	peer_close();
	world_login("c0");
}
