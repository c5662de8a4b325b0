/* SPDX-License-Identifier: MIT */
/*
 * test_ahead.c - ten thousand machines that logged in at the same time do not have
 * their tokens renewed in the same second, and all processes of one machine agree
 * on when that is.
 */
#include "ahead.h"
#include "lib/tap.h"

#include <stdint.h>
#include <stdio.h>

#define MACHINES 10000
#define LIFE_MS 3600000LL
#define END_MS 9000000LL
#define FIFTH_MS (LIFE_MS / 5)
#define MINUTE_MS 60000

static int64_t at_of(int machine)
{
	char token[32];

	snprintf(token, sizeof(token), "access-token-%d", machine);
	return ahead_at(token, END_MS, LIFE_MS);
}

static void test_spread(void)
{
	unsigned seconds[FIFTH_MS / 1000] = {0}, busiest = 0, used = 0;
	int outside = 0, other = 0;

	for (int i = 0; i < MACHINES; i++) {
		int64_t at = at_of(i), after = at - (END_MS - FIFTH_MS);

		other += at != at_of(i);
		if (after < 0 || at > END_MS - MINUTE_MS) {
			outside++;
			continue;
		}
		if (++seconds[after / 1000] > busiest)
			busiest = seconds[after / 1000];
	}
	for (size_t i = 0; i < sizeof(seconds) / sizeof(*seconds); i++)
		used += seconds[i] != 0;
	tap_ok(outside == 0,
	       "all in the last fifth, and not in the last minute");
	tap_ok(other == 0, "the same token at the same time");
	/* 20 a second on the average. */
	tap_ok(busiest <= 60, "few in the busiest second");
	tap_ok(used > 400, "and some in most seconds");
}

static void test_edges(void)
{
	tap_ok(ahead_at("a", INT64_MAX, LIFE_MS) == INT64_MAX,
	       "a token without an end is not renewed");
	tap_ok(ahead_at("a", END_MS, 0) == INT64_MAX,
	       "nor one of unknown life");
	tap_ok(ahead_at("a", END_MS, 5 * MINUTE_MS - 5) == INT64_MAX,
	       "nor one that lives too short");
	tap_ok(ahead_at("a", END_MS, 5 * MINUTE_MS) == END_MS - MINUTE_MS,
	       "of five minutes the last one is left");
}

int main(void)
{
	test_spread();
	test_edges();
	return tap_done();
}
