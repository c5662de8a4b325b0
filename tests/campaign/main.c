/* SPDX-License-Identifier: MIT */
/*
 * campaign - see campaign.h; started by run.sh.
 *
 *	campaign [--short | --percent N] [--seed N] [--only NAME]... [--no-peer]
 *		 PORT LOG HELPER
 *
 * PORT and LOG are the provider's. NAME is one of the groups below, or "peer":
 * oidc-agent, which comes last, and not with --short. Exits with 1 where we
 * lost a grant, did a refresh twice, or answered wrong, or the provider's count
 * of answers that were not read is not ours.
 */
#include "campaign.h"

#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

static const struct {
	const char *name;
	void (*run)(void);
} groups[] = {
    {"processes", faults_processes}, {"steps", faults_steps},
    {"keyring", faults_keyring},     {"provider", faults_provider},
    {"slow", faults_slow},	     {"tls", faults_tls},
    {"storm", faults_storm},	     {"system", faults_system},
};

#define GROUPS (sizeof(groups) / sizeof(*groups))

static bool wanted[GROUPS];
static bool some, wanted_peer, no_peer;
static unsigned seed = 1;

static void want(const char *name)
{
	for (unsigned i = 0; i < GROUPS; i++)
		if (strcmp(groups[i].name, name) == 0)
			wanted[i] = some = true;
	if (strcmp(name, "peer") == 0)
		wanted_peer = some = true;
}

static bool with_peer(void)
{
	return wanted_peer || !(some || no_peer || world.is_short);
}

static void read_options(int argc, char **argv)
{
	static const struct option options[] = {
	    {"short", no_argument, NULL, 's'},
	    {"seed", required_argument, NULL, 'n'},
	    {"only", required_argument, NULL, 'o'},
	    {"percent", required_argument, NULL, 'p'},
	    {"no-peer", no_argument, NULL, 'x'},
	    {NULL, 0, NULL, 0},
	};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1)
		switch (option) {
		case 's':
			world.is_short = true;
			break;
		case 'n':
			seed = (unsigned)strtoul(optarg, NULL, 10);
			break;
		case 'p':
			world.percent = (int)strtol(optarg, NULL, 10);
			break;
		case 'x':
			no_peer = true;
			break;
		case 'o':
			want(optarg);
			break;
		default:
			exit(2);
		}
	if (argc - optind != 3)
		exit(2);
}

static void look_around(char **argv)
{
	world.dir = getenv("VALETKEY_TEST_DIR");
	world.build = getenv("VALETKEY_BUILD");
	world.port = (uint16_t)strtoul(argv[0], NULL, 10);
	world.log = open(argv[1], O_RDONLY | O_CLOEXEC);
	if (!world.dir || !world.build || world.log < 0) {
		fputs("campaign: run it by run.sh in tests/session\n", stderr);
		exit(2);
	}
	snprintf(helper_path, sizeof(helper_path), "%s", argv[2]);
	signal(SIGPIPE, SIG_IGN);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	srandom(seed);
}

int main(int argc, char **argv)
{
	int64_t began = world_ms();
	struct sums sums;
	char windows[4096];
	unsigned undelivered;

	read_options(argc, argv);
	look_around(argv + optind);
	for (unsigned i = 0; i < GROUPS; i++)
		if (!some || wanted[i])
			groups[i].run();
	undelivered = world_counts().undelivered;
	if (with_peer())
		faults_peer();
	table_print();
	snprintf(windows, sizeof(windows), "%s/campaign-windows",
		 getenv("XDG_RUNTIME_DIR"));
	table_windows(windows);
	sums = table_sums(false);
	printf("\nanswers that the provider counts as not read whole: %u; "
	       "seed %u; %lld s\n",
	       undelivered, seed, (long long)(world_ms() - began) / 1000);
	if (world.keyring > 0)
		kill(world.keyring, SIGKILL);
	return sums.lost || sums.duplicates || sums.wrong ||
	       sums.lost_network != undelivered;
}
