/* SPDX-License-Identifier: MIT */
/*
 * faults_storm.c - a hundred programs and a token that is too old each second.
 */
#include "campaign.h"
#include "valetkey.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define PROGRAMS 100
#define LIFETIME_S 3600 /* of the provider's access tokens */
#define GET_MS 15000

/* What they all write. */
struct findings {
	unsigned gets, wrong, late, lost;
	int64_t worst_ms;
};

static void note_time(struct findings *all, int64_t took)
{
	int64_t worst = __atomic_load_n(&all->worst_ms, __ATOMIC_RELAXED);

	while (took > worst &&
	       !__atomic_compare_exchange_n(&all->worst_ms, &worst, took, true,
					    __ATOMIC_RELAXED, __ATOMIC_RELAXED))
		;
	if (took > GET_MS + LATE_MS)
		__atomic_fetch_add(&all->late, 1, __ATOMIC_RELAXED);
}

static void get_once(struct valetkey *handle, struct findings *all,
		     char last[1024])
{
	const struct valetkey_request request = {
	    .size = sizeof(request),
	    .account = "c0",
	    .min_valid_s = LIFETIME_S - 1,
	    .timeout_ms = GET_MS,
	};
	const struct valetkey_token *token = NULL;
	int64_t began = world_ms();
	int rc = valetkey_get(handle, &request, &token);
	bool good = rc == VALETKEY_OK;

	note_time(all, world_ms() - began);
	__atomic_fetch_add(&all->gets, 1, __ATOMIC_RELAXED);
	if (good && strcmp(last, token->access_token) != 0) {
		snprintf(last, 1024, "%s", token->access_token);
		good = world_token_good(last);
	}
	if (rc == VALETKEY_ERR_LOGIN)
		__atomic_fetch_add(&all->lost, 1, __ATOMIC_RELAXED);
	else if (!good)
		__atomic_fetch_add(&all->wrong, 1, __ATOMIC_RELAXED);
	if (!good)
		fprintf(stderr, "# storm: result %d\n", rc);
	valetkey_token_free(token);
}

static void program(struct findings *all, int64_t until)
{
	struct valetkey *handle = NULL;
	char last[1024] = "";

	if (valetkey_open(NULL, &handle))
		_exit(1);
	while (world_ms() < until) {
		get_once(handle, all, last);
		world_sleep_us(50000);
	}
	_exit(0);
}

void faults_storm(void)
{
	struct row *row = table_row("100 programs, rotation each second");
	struct findings *all = mmap(NULL, sizeof(*all), PROT_READ | PROT_WRITE,
				    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct counts before = world_counts(), after;
	int64_t until = world_ms() + (world.is_short ? 10000 : 60000);
	pid_t programs[PROGRAMS];

	for (int i = 0; i < PROGRAMS; i++) {
		programs[i] = fork();
		if (programs[i] == 0)
			program(all, until);
	}
	for (int i = 0; i < PROGRAMS; i++)
		while (waitpid(programs[i], NULL, 0) < 0 && errno == EINTR)
			;
	host_await_helpers(programs[0]);
	after = world_counts();
	row->tried = after.rotated - before.rotated;
	row->lost = all->lost > 0;
	row->wrong = all->wrong;
	row->late = all->late;
	row->worst_ms = all->worst_ms;
	row->duplicates = after.reused - before.reused;
	fprintf(stderr, "# storm: %u gets, %u rotations\n", all->gets,
		row->tried);
}
