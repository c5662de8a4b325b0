/* SPDX-License-Identifier: MIT */
/*
 * faults_processes.c - the helper or the host ends at any moment of a refresh.
 */
#include "campaign.h"
#include "valetkey.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PLANNED_MS 4000 /* for what may hang */

/* A killed helper has given no answer. */
static const int killed[] = {VALETKEY_OK, VALETKEY_ERR_HELPER, -1};
static const int fine[] = {VALETKEY_OK, -1};

/* How long an undisturbed get takes, in microseconds. */
static unsigned usual_us(void)
{
	const struct host_options options = {.account = "c0"};
	struct outcome outcome;
	struct host host;
	int64_t began = world_ms();

	for (int i = 0; i < 8; i++) {
		host_start(&host, &options);
		host_end(&host, &outcome);
	}
	host_await_helpers(host.pid);
	return (unsigned)(world_ms() - began) * 1000 / 8;
}

static void kill_helper_once(struct row *row, unsigned within_us)
{
	const struct host_options options = {.account = "c0"};
	struct outcome outcome;
	struct trial trial;
	struct host host;
	pid_t helper;

	trial_begin(&trial, row, "c0", killed);
	host_start(&host, &options);
	world_sleep_us(world_random(within_us));
	helper = host_helper(&host);
	if (helper)
		kill(helper, SIGKILL);
	host_end(&host, &outcome);
	host_await_helpers(host.pid);
	trial_outcome(&trial, &outcome, host.timeout_ms);
	trial_phase(&trial);
	trial_end(&trial);
}

static void kill_helper(void)
{
	struct row *row = table_row("helper killed");
	unsigned usual = usual_us();

	for (int i = 0; i < world_trials(60, 2000); i++)
		kill_helper_once(row, usual);
}

/* Most of the refresh is then the answer's way. */
static void kill_helper_waiting(void)
{
	struct row *row = table_row("helper killed, slow provider");
	unsigned usual = usual_us();

	world_faults("slow=50");
	for (int i = 0; i < world_trials(10, 200); i++)
		kill_helper_once(row, usual + 50000);
	world_faults("");
}

static void end_host_once(struct row *row, unsigned within_us, int how)
{
	struct host_options options = {.account = "c0"};
	unsigned after = 1000 + world_random(within_us);
	struct outcome outcome;
	struct trial trial;
	struct host host;

	trial_begin(&trial, row, "c0", fine);
	if (!how)
		options.exit_after_us = after;
	host_start(&host, &options);
	if (how) {
		world_sleep_us(after);
		kill(-host.pid, how);
	}
	host_end(&host, &outcome);
	host_await_helpers(host.pid);
	trial_outcome(&trial, &outcome, host.timeout_ms);
	trial_phase(&trial);
	trial_end(&trial);
}

static void end_host(const char *name, int how)
{
	struct row *row = table_row(name);
	unsigned usual = usual_us();

	for (int i = 0; i < world_trials(10, 200); i++)
		end_host_once(row, usual, how);
}

void faults_processes(void)
{
	kill_helper();
	kill_helper_waiting();
	end_host("host killed", SIGKILL);
	end_host("host: Ctrl-C", SIGINT);
	end_host("host exits", 0);
}

/* ---- the helper that is told where to fail: faulty.c ---- */

static const int any[] = {VALETKEY_OK,
			  VALETKEY_ERR_HELPER,
			  VALETKEY_ERR_NOMEM,
			  VALETKEY_ERR_NETWORK,
			  VALETKEY_ERR_NO_KEYRING,
			  VALETKEY_ERR_NO_BUS,
			  VALETKEY_ERR_DENIED,
			  VALETKEY_ERR_TIMEOUT,
			  VALETKEY_ERR_LOCKED,
			  VALETKEY_ERR_ACCOUNT,
			  -1};

static const char *plan_path(void)
{
	static char path[4096];

	snprintf(path, sizeof(path), "%s/campaign", getenv("XDG_RUNTIME_DIR"));
	return path;
}

static char plain_helper[4096];

/* From now on the helper does as this plan says; NULL: the real one runs. */
static void plan(const char *text)
{
	if (!*plain_helper)
		strcpy(plain_helper, helper_path);
	if (!text) {
		strcpy(helper_path, plain_helper);
		return;
	}
	world_write(plan_path(), text);
	snprintf(helper_path, sizeof(helper_path),
		 "%s/tests/campaign/helper-faulty", world.build);
}

static void planned_once(struct row *row, const char *text, bool phases)
{
	const struct host_options options = {.account = "c0",
					     .timeout_ms = PLANNED_MS};
	struct outcome outcome;
	struct trial trial;
	struct host host;

	trial_begin(&trial, row, "c0", phases ? killed : any);
	plan(text);
	host_start(&host, &options);
	host_end(&host, &outcome);
	host_await_helpers(host.pid);
	plan(NULL);
	trial_outcome(&trial, &outcome, host.timeout_ms);
	if (phases)
		trial_phase(&trial);
	trial_end(&trial);
}

/* How many calls of a kind a refresh makes: the traced helper's last words. */
static unsigned calls_of(const char *kind)
{
	struct row nowhere = {.name = "trace"};
	char path[4096], text[512], line[64];
	const char *at;

	planned_once(&nowhere, "trace", false);
	snprintf(path, sizeof(path), "%s/campaign-calls",
		 getenv("XDG_RUNTIME_DIR"));
	world_read(path, text, sizeof(text));
	snprintf(line, sizeof(line), "%s=", kind);
	at = strstr(text, line);
	return at ? (unsigned)strtoul(at + strlen(line), NULL, 10) : 0;
}

/* Every nth call of the kind, so that there are about `most` trials. */
static void each_call(const char *name, const char *what, const char *kind,
		      int most)
{
	struct row *row = table_row(name);
	unsigned calls = calls_of(kind);
	unsigned trials = calls < (unsigned)most ? calls : (unsigned)most;
	char text[64];

	if (!calls) {
		row->skipped = "the traced helper says nothing";
		return;
	}
	for (unsigned i = 0; i < trials; i++) {
		unsigned at = 1 + (unsigned)((uint64_t)i * calls / trials);

		snprintf(text, sizeof(text), "%s %s %u", what, kind, at);
		planned_once(row, text, strcmp(what, "kill") == 0);
	}
}

static void measure_window(const char *name, const char *plan)
{
	struct row *row = table_row(name);

	for (int i = 0; i < world_trials(20, 500); i++)
		planned_once(row, plan, true);
}

static const struct {
	const char *name, *what, *kind;
	int most_short, most;
} planned[] = {
    {"helper killed at each call", "kill", "call", 40, 1000},
    {"helper: no memory at malloc n", "fail", "memory", 10, 500},
    {"helper: no memory for the answer", "fail", "answer", 10, 300},
    {"helper: socket() or connect() fails", "fail", "socket", 8, 50},
    {"helper: send or receive fails", "fail", "transfer", 10, 300},
    {"helper: kernel takes no key", "fail", "key", 8, 50},
    {"helper: no thread", "fail", "thread", 3, 20},
    {"helper: open, lock, write fail", "fail", "file", 8, 100},
};

void faults_steps(void)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/tests/campaign/helper-faulty",
		 world.build);
	world_read(path, path, 2);
	if (!*path) {
		table_skip("helper with faults", "built with a sanitizer");
		return;
	}
	measure_window("nothing (the window to a key)", "trace");
	measure_window("nothing (the window to a file)", "trace file");
	for (unsigned i = 0; i < sizeof(planned) / sizeof(*planned); i++)
		each_call(planned[i].name, planned[i].what, planned[i].kind,
			  world_trials(planned[i].most_short, planned[i].most));
}
