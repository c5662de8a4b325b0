/* SPDX-License-Identifier: MIT */
/*
 * faults_verbs.c - the verbs beside the refresh, for an account "v" that comes
 * and goes: the command, its helper or both are killed at any moment of it, and
 * two of the same verb run at once. Then any verb runs once, and what is left
 * that nobody owns is counted (left.c); a success that was told must be one.
 */
#include "lib/calm.h"
#include "campaign.h"
#include "valetkey.h"

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define ACCOUNT "v"
#define USUAL_RUNS 5
#define NO_PROMISE (-1)

#define THERE "[ -f \"$XDG_CONFIG_HOME/valetkey/v.conf\" ]"
#define ADD                                                            \
	"valetkey add v --provider ninjaone --instance demo "          \
	"--store \"$CAMPAIGN_STORE\" --client web --scope monitoring " \
	"--client-id "                                                 \
	"web-client --secret-fd 3 --redirect-uri "                     \
	"\"$PROVIDER_REDIRECT\" 3<\"$VALETKEY_TEST_DIR/web-secret\""
#define GONE "! " THERE " || valetkey remove v --yes"
#define LOG_IN                          \
	"{ " THERE " || " ADD "; } && " \
	"{ valetkey token v || valetkey login v --timeout 20; }"
/* What half a remove has left can be removed. */
#define LOGGED_IN \
	"{ " LOG_IN "; } || { valetkey remove v --yes && " LOG_IN "; }"
#define SHARED "grep -qx share=yes \"$XDG_CONFIG_HOME/valetkey/v.conf\""
#define UNITS "$XDG_CONFIG_HOME/systemd/user/valetkey-share"
/* Of where the secret goes, which is why it comes along. */
#define EDIT(what)              \
	"valetkey edit v " what \
	" --secret-fd 3 3<\"$VALETKEY_TEST_DIR/web-secret\""
#define UNLOCK                               \
	"valetkey unlock --passphrase-fd 3 " \
	"3<\"$VALETKEY_TEST_DIR/passphrase\""
#define MOVE(where) "valetkey move v --store \"$" where "\""
#define IS_IN(where) \
	"valetkey status v --json | grep -q '\"store\":\"'\"$" where "\""
#define TOKEN "$VALETKEY_TEST_DIR/token-of-v"
#define GIT "git-credential-valetkey "
#define GIT_INPUT(user) "<\"$VALETKEY_TEST_DIR/git-" user "\""

struct verb {
	const char *killed, *twice; /* the rows */
	const char *before;	    /* a line for the shell */
	const char *other;	    /* every second time, after that */
	const char *run;	    /* NULL: a host that invalidates */
	const char *promised;	    /* a line that succeeds after a success */
	const char *kept;	    /* one that succeeds in any case */
	int promise;		    /* what a get says after a success */
	bool keeps_grant;	    /* who was logged in still is */
	const char *only;	    /* in this store */
	const char *last;   /* right before it, when all was looked at */
	const char *mended; /* after a success was looked at, before all else */
	int part;	    /* one of so many trials: it takes long */
};

static const struct verb verbs[] = {
    {
	.killed = "add: killed",
	.twice = "add: two at once",
	.before = GONE,
	.run = "exec " ADD,
	.promise = VALETKEY_ERR_LOGIN,
    },
    {
	.killed = "add --register: killed",
	.twice = "add --register: two at once",
	.before = GONE,
	.run = "exec valetkey add v --issuer \"$PROVIDER_URL/\" --register "
	       "--store \"$CAMPAIGN_STORE\" --scope monitoring",
	.promise = VALETKEY_ERR_LOGIN,
    },
    {
	.killed = "edit: killed",
	.twice = "edit: two at once",
	.before = LOGGED_IN,
	.other = EDIT("--ca-file \"$VALETKEY_TEST_DIR/web-secret\""),
	.run = "exec " EDIT("--unset ca-file"),
	.promise = NO_PROMISE,
	.kept = "valetkey login v --timeout 20 --accept-change",
    },
    {
	.killed = "login: killed",
	.twice = "login: two at once",
	.before = LOGGED_IN,
	.other = "valetkey logout v",
	.run = "exec valetkey login v --timeout 20",
	.promise = VALETKEY_OK,
	.keeps_grant = true,
    },
    {
	.killed = "logout: killed",
	.twice = "logout: two at once",
	.before = LOGGED_IN,
	.run = "exec valetkey logout v",
	.promise = VALETKEY_ERR_LOGIN,
    },
    {
	.killed = "remove: killed",
	.twice = "remove: two at once",
	.before = LOGGED_IN,
	.run = "exec valetkey remove v --yes",
	.promise = VALETKEY_ERR_ACCOUNT,
    },
    {
	.killed = "share: killed",
	.twice = "share: two at once",
	.before = LOGGED_IN "; valetkey share v --off",
	.run = "exec valetkey share v",
	.promise = VALETKEY_OK,
	.promised = SHARED " && [ -f \"" UNITS ".socket\" ]",
	.kept = THERE,
	.keeps_grant = true,
    },
    {
	.killed = "share --off: killed",
	.twice = "share --off: two at once",
	.before = LOGGED_IN "; valetkey share v",
	.run = "exec valetkey share v --off",
	.promise = VALETKEY_OK,
	.promised = "! " SHARED " && ! [ -f \"" UNITS ".socket\" ]",
	.kept = THERE,
	.keeps_grant = true,
    },
    {
	.killed = "invalidate: killed",
	.twice = "invalidate: two at once",
	.before = LOGGED_IN,
	.promise = VALETKEY_OK,
	.keeps_grant = true,
    },
    {
	.killed = "valetkey invalidate: killed",
	.twice = "valetkey invalidate: two at once",
	.before = LOGGED_IN "; valetkey token v >\"" TOKEN "\"",
	.run = "exec valetkey invalidate v <\"" TOKEN "\"",
	.promise = VALETKEY_OK,
	.keeps_grant = true,
    },
    {
	.killed = "move: killed",
	.twice = "move: two at once",
	.before = LOGGED_IN "; " MOVE("CAMPAIGN_STORE"),
	.run = "exec " MOVE("CAMPAIGN_OTHER"),
	.promise = VALETKEY_OK,
	.promised = IS_IN("CAMPAIGN_OTHER"),
	.kept = THERE,
	.keeps_grant = true,
    },
    {
	.killed = "move back: killed",
	.twice = "move back: two at once",
	.before = LOGGED_IN "; " MOVE("CAMPAIGN_OTHER"),
	.run = "exec " MOVE("CAMPAIGN_STORE"),
	.promise = VALETKEY_OK,
	.promised = IS_IN("CAMPAIGN_STORE"),
	.kept = THERE,
	.keeps_grant = true,
    },
    {
	.killed = "unlock: killed",
	.twice = "unlock: two at once",
	.before = LOGGED_IN,
	.last = "valetkey lock",
	.run = "exec " UNLOCK,
	.promise = VALETKEY_OK,
	.promised = "valetkey status v",
	.kept = THERE,
	.keeps_grant = true,
	.only = "sealed",
	.mended = UNLOCK,
	.part = 5,
    },
    {
	.killed = "lock: killed",
	.twice = "lock: two at once",
	.before = LOGGED_IN,
	.run = "exec valetkey lock",
	.promise = VALETKEY_OK,
	.promised = "! valetkey status v",
	.kept = THERE,
	.keeps_grant = true,
	.only = "sealed",
	.mended = UNLOCK,
	.part = 5,
    },
    {
	.killed = "git store: killed",
	.twice = "git store: two at once",
	.before =
	    GIT "store " GIT_INPUT("keep") "; " GIT "erase " GIT_INPUT("user"),
	.run = "exec " GIT "store " GIT_INPUT("user"),
	.promise = NO_PROMISE,
	.promised = GIT "get " GIT_INPUT("user-name") " | grep -qx password=p",
	.kept = GIT "get " GIT_INPUT("keep-name") " | grep -qx password=k",
	.only = "keyring",
    },
    {
	.killed = "git erase: killed",
	.twice = "git erase: two at once",
	.before =
	    GIT "store " GIT_INPUT("keep") "; " GIT "store " GIT_INPUT("user"),
	.run = "exec " GIT "erase " GIT_INPUT("user"),
	.promise = NO_PROMISE,
	.promised =
	    "! " GIT "get " GIT_INPUT("user-name") " | grep -q password=",
	.kept = GIT "get " GIT_INPUT("keep-name") " | grep -qx password=k",
	.only = "keyring",
    },
};

static void verb_wrong(struct row *row, const char *what, int result)
{
	row->wrong++;
	fprintf(stderr, "# %s, try %u: %s, result %d\n", row->name, row->tried,
		what, result);
}

static int run_line(const char *line)
{
	char quiet[4096];

	if (!line)
		return 0;
	snprintf(quiet, sizeof(quiet), "{ %s; } </dev/null >/dev/null 2>&1",
		 line);
	return world_run((const char *const[]){"sh", "-c", quiet, NULL});
}

/* ---- one run of a verb ---- */

struct run {
	struct host host; /* of an invalidate; its pid of any */
	bool is_host;
	bool ended, succeeded; /* the latter: and said so */
};

static void run_start(struct run *run, const struct verb *verb)
{
	static const struct host_options invalidate = {.account = ACCOUNT,
						       .invalidate = true};
	extern char **environ;
	char line[4096];
	const char *const argv[] = {"sh", "-c", line, NULL};

	*run = (struct run){.is_host = !verb->run};
	if (run->is_host) {
		host_start(&run->host, &invalidate);
		return;
	}
	snprintf(line, sizeof(line), "exec </dev/null >/dev/null 2>&1; %s",
		 verb->run);
	run->host.began = world_ms();
	if (posix_spawnp(&run->host.pid, "sh", NULL, NULL, (char **)argv,
			 environ))
		run->host.pid = -1;
}

static void run_end(struct run *run)
{
	struct outcome outcome = {0};
	int status = -1;

	if (run->is_host) {
		host_end(&run->host, &outcome);
		run->succeeded =
		    outcome.answered && outcome.result == VALETKEY_OK;
		return;
	}
	while (waitpid(run->host.pid, &status, 0) < 0 && errno == EINTR)
		;
	run->succeeded = WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* The browsers of logins that nobody waits for any more. */
static void reap_strays(void)
{
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
}

/* How long the verb takes, in microseconds. */
static unsigned verb_usual_us(const struct verb *verb)
{
	int64_t took = 0;
	struct run run;

	for (int i = 0; i < USUAL_RUNS; i++) {
		run_line(verb->before);
		run_line(verb->last);
		run_start(&run, verb);
		run_end(&run);
		took += world_ms() - run.host.began;
		host_await_helpers(run.host.pid);
		run_line(verb->mended);
	}
	return (unsigned)(took + 1) * 1000 / USUAL_RUNS;
}

/* ---- what became of it ---- */

static int ask_account(struct outcome *outcome)
{
	const struct host_options options = {.account = ACCOUNT};
	struct host host;

	*outcome = (struct outcome){0};
	host_start(&host, &options);
	host_end(&host, outcome);
	host_await_helpers(host.pid);
	return outcome->result;
}

/* What a get says, and whether it is what must be. */
static void judge_grant(struct row *row, const struct verb *verb, bool success,
			bool had_grant)
{
	struct outcome outcome;
	int result = ask_account(&outcome);

	if (result == VALETKEY_OK && !world_token_good(outcome.token))
		verb_wrong(row, "a token that is not good", result);
	else if (result != VALETKEY_OK && result != VALETKEY_ERR_LOGIN &&
		 result != VALETKEY_ERR_ACCOUNT)
		verb_wrong(row, "a get after it", result);
	else if (success && result != verb->promise)
		verb_wrong(row, "a success that was none: a get", result);
	else if (verb->keeps_grant && had_grant && result != VALETKEY_OK) {
		row->lost++;
		fprintf(stderr, "# %s, try %u: LOST\n", row->name, row->tried);
	}
}

static void judge_promised(struct row *row, const struct verb *verb,
			   bool success)
{
	if (success && verb->promised && run_line(verb->promised) != 0)
		verb_wrong(row, "a success that was none", 0);
}

/* What else can be looked at only after it. */
static void mend_store(struct row *row, const struct verb *verb, bool success)
{
	if (!verb->mended)
		return;
	judge_promised(row, verb, success);
	if (run_line(verb->mended) != 0)
		verb_wrong(row, "it cannot be mended", 0);
}

static void judge_verb(struct row *row, const struct verb *verb, bool success,
		       bool had_grant)
{
	if (verb->promise != NO_PROMISE)
		judge_grant(row, verb, success, had_grant);
	if (!verb->mended)
		judge_promised(row, verb, success);
	if (verb->kept && run_line(verb->kept) != 0) {
		row->lost++;
		fprintf(stderr, "# %s, try %u: LOST another password\n",
			row->name, row->tried);
	}
}

/* Killed between the answer that told of a grant or of a client and its parked
 * copy: then nobody here can know of it. */
static bool is_in_window(void)
{
	static const char registering[] =
	    "cd \"$XDG_CONFIG_HOME/valetkey\" && [ ! -e .v.answer ] && "
	    "grep -q ^registration_endpoint= .v.adding";
	char id[64];

	if (world_find_id(ACCOUNT, id, sizeof(id)))
		return login_state(id) == 1;
	return run_line(registering) == 0;
}

/* The next run of any verb, and what is left after it. */
static void look_after(struct row *row, pid_t after, bool in_window)
{
	int status;

	left_note();
	status = run_line("valetkey status");
	host_await_helpers(after); /* it may go on after its answer */
	if (status)
		verb_wrong(row, "valetkey status", status);
	left_count(row, in_window);
}

/* What the lines before it leave is no doing of this verb's. */
static bool prepare_verb(struct row *row, const struct verb *verb,
			 bool *had_grant)
{
	struct row before = {0};
	bool other = verb->other && row->tried % 2;
	int status = run_line(verb->before);

	calm(ACCOUNT); /* no server has refused the token */
	row->tried++;
	*had_grant = !other;
	if (!status && other)
		status = run_line(verb->other);
	if (status)
		verb_wrong(row, "what must go before", status);
	left_begin();
	left_count(&before, false);
	if (!status)
		status = run_line(verb->last);
	return status == 0;
}

static void note_run_time(struct row *row, const struct run *run)
{
	int64_t took = world_ms() - run->host.began;

	if (took > row->worst_ms)
		row->worst_ms = took;
}

/* ---- killed ---- */

enum victim { COMMAND = 0, HELPER = 1, BOTH = 2, VICTIMS = 3 };

/* True where somebody was there. */
static bool kill_victim(const struct run *run, enum victim victim)
{
	pid_t helper = victim == COMMAND ? 0 : host_helper(&run->host);
	siginfo_t ended = {0};
	bool there = helper && kill(helper, SIGKILL) == 0;

	if (victim == HELPER)
		return there;
	waitid(P_PID, (id_t)run->host.pid, &ended, WEXITED | WNOHANG | WNOWAIT);
	return (kill(run->host.pid, SIGKILL) == 0 && !ended.si_pid) || there;
}

static bool kill_verb_once(struct row *row, const struct verb *verb,
			   unsigned within_us)
{
	enum victim victim = (enum victim)(row->tried % VICTIMS);
	bool had_grant, killed;
	struct run run;

	if (!prepare_verb(row, verb, &had_grant))
		return false;
	run_start(&run, verb);
	world_sleep_us(world_random(within_us));
	killed = kill_victim(&run, victim);
	run_end(&run);
	note_run_time(row, &run);
	host_await_helpers(run.host.pid);
	reap_strays();
	mend_store(row, verb, run.succeeded);
	look_after(row, run.host.pid, is_in_window());
	judge_verb(row, verb, run.succeeded, had_grant);
	return killed;
}

/* Until so many were killed: what came too late for that is no trial. */
static void kill_verb(const struct verb *verb, unsigned usual)
{
	struct row *row = table_row(verb->killed);
	int part = verb->part ? verb->part : 1;
	int wanted = world_trials(6, 1000 / part), killed = 0, runs;

	for (runs = 0; killed < wanted && runs < 3 * wanted; runs++)
		killed += kill_verb_once(row, verb, usual);
	fprintf(stderr, "# %s: %d kills in %d tries\n", row->name, killed,
		runs);
}

/* ---- two at once ---- */

/* Every second time the first one is killed. Where it was is seen before the other
 * one goes on, which forgets it. */
static void twice_once(struct row *row, const struct verb *verb,
		       unsigned within_us)
{
	bool had_grant, kills = row->tried % 2, in_window = false;
	struct run runs[2];

	if (!prepare_verb(row, verb, &had_grant))
		return;
	run_start(&runs[0], verb);
	world_sleep_us(world_random(within_us / 2));
	run_start(&runs[1], verb);
	if (kills) {
		world_sleep_us(world_random(within_us));
		kill_victim(&runs[0], BOTH);
		in_window = is_in_window();
	}
	for (int i = 0; i < 2; i++) {
		run_end(&runs[i]);
		note_run_time(row, &runs[i]);
	}
	host_await_helpers(runs[0].host.pid);
	reap_strays();
	mend_store(row, verb, runs[0].succeeded || runs[1].succeeded);
	look_after(row, runs[0].host.pid, in_window || is_in_window());
	if (!kills && !runs[0].succeeded && !runs[1].succeeded)
		verb_wrong(row, "neither succeeds", 0);
	judge_verb(row, verb, runs[0].succeeded || runs[1].succeeded,
		   had_grant);
}

static void run_twice(const struct verb *verb, unsigned usual)
{
	struct row *row = table_row(verb->twice);
	int part = verb->part ? verb->part : 1;

	for (int i = 0; i < world_trials(2, 100 / part); i++)
		twice_once(row, verb, usual);
}

static void write_git_inputs(void)
{
	static const struct {
		const char *name, *user, *password;
	} inputs[] = {{"git-user", "u", "password=p\n"},
		      {"git-user-name", "u", ""},
		      {"git-keep", "keep", "password=k\n"},
		      {"git-keep-name", "keep", ""}};
	char text[256];

	for (unsigned i = 0; i < sizeof(inputs) / sizeof(*inputs); i++) {
		snprintf(text, sizeof(text),
			 "protocol=https\nhost=example.com\nusername=%s\n%s\n",
			 inputs[i].user, inputs[i].password);
		world_write(world_path(inputs[i].name), text);
	}
}

void faults_verbs(void)
{
	write_git_inputs();
	for (unsigned i = 0; i < sizeof(verbs) / sizeof(*verbs); i++) {
		unsigned usual;

		if (verbs[i].only && strcmp(verbs[i].only, world.store) != 0)
			continue;
		run_line(GONE); /* that of another verb may be another kind */
		usual = verb_usual_us(&verbs[i]);
		kill_verb(&verbs[i], usual);
		run_twice(&verbs[i], usual);
	}
	run_line(GONE);
}
