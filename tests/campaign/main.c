/* SPDX-License-Identifier: MIT */
/*
 * campaign - see campaign.h; started by run.sh.
 *
 *	campaign [--short | --percent N] [--seed N] [--only NAME]... [--no-peer]
 *		 [--sealed] PORT LOG HELPER
 *
 * PORT and LOG are the provider's. NAME is one of the groups below; "peer",
 * oidc-agent, is none of --short, and the keyring's are none of --sealed. Exits with 1 where we lost a grant, did a
 * refresh twice, answered wrong or, in the long run, late, left something behind,
 * or the provider's count of answers that were not read is not ours. What ends it before its time
 * (Ctrl-C, SIGTERM, something that does not start) has the table printed as it
 * is then; its exit status is not 0.
 */
#include "campaign.h"

#include <fcntl.h>
#include <getopt.h>
#include <pthread.h>
#include <semaphore.h>
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
    {"processes", faults_processes},
    {"steps", faults_steps},
    {"keyring", faults_keyring},
    {"sealed", faults_sealed},
    {"provider", faults_provider},
    {"slow", faults_slow},
    {"tls", faults_tls},
    {"storm", faults_storm},
    {"verbs", faults_verbs},
    {"system", faults_system},
    {"peer", faults_peer},
};

#define GROUPS (sizeof(groups) / sizeof(*groups))
#define KEYRING 2
#define SEALED 3
#define PEER (GROUPS - 1)

static bool wanted[GROUPS];
static bool some, no_peer;
static unsigned seed = 1;

static void want(const char *name)
{
	unsigned i = 0;

	while (i < GROUPS && strcmp(groups[i].name, name) != 0)
		i++;
	if (i == GROUPS) {
		fprintf(stderr, "campaign: there is no group %s\n", name);
		exit(2);
	}
	wanted[i] = some = true;
}

static bool is_wanted(unsigned i)
{
	bool is_sealed = strcmp(world.store, "sealed") == 0;

	if (some)
		return wanted[i];
	if (i == PEER)
		return !no_peer && !world.is_short && !is_sealed;
	return i != (is_sealed ? KEYRING : SEALED);
}

static void read_options(int argc, char **argv)
{
	static const struct option options[] = {
	    {"short", no_argument, NULL, 's'},
	    {"seed", required_argument, NULL, 'n'},
	    {"only", required_argument, NULL, 'o'},
	    {"percent", required_argument, NULL, 'p'},
	    {"no-peer", no_argument, NULL, 'x'},
	    {"sealed", no_argument, NULL, 'e'},
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
		case 'e':
			world.store = "sealed";
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
		fputs("campaign: run it by run.sh in tests/lib/session\n",
		      stderr);
		exit(2);
	}
	snprintf(helper_path, sizeof(helper_path), "%s", argv[2]);
	signal(SIGPIPE, SIG_IGN);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	srandom(seed);
}

/* ---- the end, in time or not ---- */

static pid_t own;
static int64_t began;
static bool peer_runs;
static unsigned undelivered; /* when the peer began */
static sem_t cut;
static volatile sig_atomic_t cut_by;

static long long seconds(void)
{
	return (long long)(world_ms() - began) / 1000;
}

/* Whether all is as it must be; late answers may be the machine's doing where
 * it does other things, too. */
static bool judge(void)
{
	struct sums sums = table_sums(false);
	unsigned counted = peer_runs ? undelivered : world.counts.undelivered;
	bool fewer = sums.lost_network <= counted;

	/* The others had come far enough to be read. */
	printf("\nanswers that the provider counts as not read whole: %u; lost "
	       "by the network: %u%s\n",
	       counted, sums.lost_network, fewer ? "" : ", MORE");
	return fewer && !sums.lost && !sums.duplicates && !sums.wrong &&
	       !sums.left && (world.is_short || !sums.late);
}

/* Once: whoever comes second waits in vain. */
static _Noreturn void finish(int status)
{
	static pthread_mutex_t once = PTHREAD_MUTEX_INITIALIZER;
	bool good;

	pthread_mutex_lock(&once);
	table_print();
	table_windows();
	good = judge();
	printf("seed %u; %lld s\n", seed, seconds());
	if (status)
		printf("CUT SHORT by %s: this is what was found until then, "
		       "and the last try was not judged.\n",
		       cut_by ? strsignal(cut_by) : "what is said above");
	if (world.keyring > 0)
		kill(world.keyring, SIGKILL);
	fflush(stdout);
	_exit(status ? status : !good);
}

/* Somewhere somebody gave up. */
static void at_exit(void)
{
	if (getpid() == own)
		finish(99);
}

static void on_signal(int number)
{
	cut_by = number;
	sem_post(&cut);
}

static void *await_signal(void *unused)
{
	(void)unused;
	while (sem_wait(&cut))
		;
	finish(128 + cut_by);
}

static const int signals[] = {SIGHUP, SIGINT, SIGTERM};

static void handle_signals(void (*handler)(int))
{
	const struct sigaction action = {.sa_handler = handler,
					 .sa_flags = SA_RESTART};

	for (unsigned i = 0; i < sizeof(signals) / sizeof(*signals); i++)
		sigaction(signals[i], &action, NULL);
}

static void in_child(void)
{
	handle_signals(SIG_DFL);
}

static void expect_the_end(void)
{
	pthread_t thread;

	own = getpid();
	if (sem_init(&cut, 0, 0) || atexit(at_exit) ||
	    pthread_atfork(NULL, NULL, in_child) ||
	    pthread_create(&thread, NULL, await_signal, NULL)) {
		perror("campaign");
		_exit(99);
	}
	handle_signals(on_signal);
}

static void run(unsigned group)
{
	int64_t group_began = world_ms();

	fprintf(stderr, "## %s: begins after %lld s\n", groups[group].name,
		seconds());
	if (group == PEER) {
		undelivered = world_counts().undelivered;
		peer_runs = true;
	}
	groups[group].run();
	fprintf(stderr, "## %s: took %lld s\n", groups[group].name,
		(long long)(world_ms() - group_began) / 1000);
}

int main(int argc, char **argv)
{
	began = world_ms();
	read_options(argc, argv);
	look_around(argv + optind);
	expect_the_end();
	for (unsigned i = 0; i < GROUPS; i++)
		if (is_wanted(i))
			run(i);
	world_counts();
	finish(0);
}
