/* SPDX-License-Identifier: MIT */
/*
 * campaign.h - the fault campaign: refreshes that are disturbed in every way we
 * know, by the thousand, at a provider that rotates and kills the grant of a
 * refresh token that comes twice; and one table of what became of the grants.
 * Run by run.sh in a tests/lib/session.
 *
 * How it judges. After each disturbed get everything is mended, and a second
 * get has to refresh. Where that ends in LOGIN the grant is gone:
 *   lost by the network   the provider rotated, and counts the answer as not
 *                         read whole by the client
 *   lost in the window    the helper was killed after it had read the whole
 *                         answer and before it was parked
 *   lost                  all else
 * oidc-agent is judged by the same rules; its window ends when its file is
 * written.
 *
 * The accounts are in the keyring or, with --sealed, in the sealed store; what is
 * done to the one or to the other has a group of its own.
 *
 * The other verbs (add, login, logout, ...) are killed as well, the command, its
 * helper or both, and run twice at once; see left.c for what may not be left
 * behind after the next run of any verb.
 */
#ifndef VALETKEY_CAMPAIGN_H
#define VALETKEY_CAMPAIGN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define MANY_ACCOUNTS 8 /* c0 to c7, for faults that take a minute */
#define TIMEOUT_MS 20000
#define LATE_MS 100

/* ---- the table (table.c) ---- */

enum phase {
	PHASE_BEFORE = 0,    /* nothing was sent, nothing reserved */
	PHASE_RESERVED = 1,  /* room is reserved, the provider did nothing */
	PHASE_PROCESSED = 2, /* rotated, and the answer not read whole */
	PHASE_WINDOW = 3,    /* read whole, not yet parked */
	PHASE_PARKED = 4,    /* parked, not yet in the keyring */
	PHASE_STORED = 5,    /* in the keyring, the parked copy stays a while */
	PHASE_DONE = 6,	     /* in the keyring alone */
	PHASE_COUNT = 7
};

/* What nobody owns any more (left.c). */
enum left {
	LEFT_ITEM = 0,	   /* of a store that is no account's there */
	LEFT_NEW_FILE = 1, /* half an account's file */
	LEFT_FILE = 2,	   /* lock, parked or half sealed, of no account */
	LEFT_KEY = 3,	   /* of the kernel's keyring, of no account */
	LEFT_GRANT = 4,	   /* alive at the provider */
	LEFT_CLIENT = 5,   /* registered at the provider */
	LEFT_KINDS = 6
};

struct row {
	const char *name;
	const char *skipped; /* the reason, or NULL */
	int64_t worst_ms;
	unsigned tried;
	unsigned lost;
	unsigned lost_network;
	unsigned lost_window;
	unsigned duplicates;
	unsigned wrong;
	unsigned late;
	unsigned phases[PHASE_COUNT];
	unsigned left[LEFT_KINDS];
	unsigned unread; /* given in an answer that nobody has read */
	bool has_phases;
	bool peer;     /* of another program than ours */
	bool has_left; /* what is left behind was looked for */
};

const char *table_phase_name(enum phase phase); /* PHASE_COUNT: not known */
struct row *table_row(const char *name);
struct row *table_skip(const char *name, const char *reason);
void table_print(void);
void table_windows(void);

struct sums {
	unsigned tried, lost, lost_network, lost_window, duplicates, wrong;
	unsigned late;
	unsigned left, unread;
	bool has_left;
	int64_t worst_ms;
};
struct sums table_sums(bool peer);

/* ---- the world (world.c, keyring.c) ---- */

/* What the provider has logged. */
struct counts {
	unsigned requests; /* for a refresh */
	unsigned rotated;
	unsigned undelivered;
	unsigned reused;
	unsigned refused; /* invalid_grant */
	unsigned faulted; /* met a fault of the provider */
};

struct world {
	const char *dir, *build;
	uint16_t port;
	int log;
	const char *store; /* where the accounts are: "keyring" or "sealed" */
	bool is_short;
	int percent;   /* of the long run's trials */
	pid_t keyring; /* ours, or 0: the session's own runs */
	struct counts counts;
};

extern struct world world;

const char *world_path(const char *name); /* in the session's folder */
int64_t world_ms(void);			  /* CLOCK_BOOTTIME */
unsigned world_random(unsigned below);
int world_trials(int in_short, int in_long);
void world_sleep_us(unsigned us);
struct counts world_counts(void);
void world_faults(const char *lines);
void world_expire(void);
bool world_token_good(const char *token);
const char *world_id(const char *account); /* names keys and items */
/* The same of one that comes and goes; false: it is not there. */
bool world_find_id(const char *account, char *id, size_t size);
/* What the provider answers to this GET; "" where it does not. */
void world_get(const char *path, char *answer, size_t size);
void world_forget_failures(const char *account);
/* Runs a program to its end; its exit status. */
int world_run(const char *const argv[]);
void world_login(const char *account);
/* Reads a small text; "" where it cannot. */
void world_read(const char *path, char *text, size_t size);
void world_write(const char *path, const char *text);

void keyring_kill(void);
void keyring_start(void);
void keyring_restart(void);
void keyring_lock(void);
void keyring_unlock(void);
void keyring_signal(int number);

/* Whether the account's item was written since then (of world_ms()). */
bool store_holds_since(const char *account, int64_t when);

/* The helper's place to park, key or file: 0 none, 1 reserved, 2 sealed. */
int parked_state(const char *account);
/* What stays there for a minute after it was stored. */
void parked_forget(const char *account);

/* The same of a login, whose place is another one. */
int login_state(const char *id);

/* ---- what is left behind (left.c) ---- */

/* Remembers whose traces to look for: the accounts of now, and those that only
 * files tell of. left_begin() forgets the ones before. */
void left_begin(void);
void left_note(void);
/* After the next run of a verb: counts what nobody owns, each thing once, and
 * cleans up. in_window: a login was killed after the answer was read and before
 * it was parked. */
void left_count(struct row *row, bool in_window);

/* ---- hosts and their helpers (host.c) ---- */

struct host {
	pid_t pid;
	int answers;
	int64_t began;
	uint32_t timeout_ms;
};

struct outcome {
	bool answered; /* false: killed before it could say */
	int result;
	int64_t took_ms;
	char token[1024];
};

struct host_options {
	const char *account;
	uint32_t timeout_ms;	/* 0: TIMEOUT_MS */
	unsigned exit_after_us; /* it ends so soon, in the midst of the get */
	bool invalidate;	/* it says that its token is no good */
	bool no_file_size;	/* it may write no file */
	const char *no_call;	/* this call fails: clone, spawn, socketpair */
};

void host_start(struct host *host, const struct host_options *options);
void host_end(struct host *host, struct outcome *outcome);
/* The helper that a host's call started, or 0; waits for it a moment. */
pid_t host_helper(const struct host *host);
/* Until all helpers that came after this process have ended. */
void host_await_helpers(pid_t after);

extern char helper_path[4096]; /* what the next host starts */

/* ---- one trial (trial.c) ---- */

struct trial {
	struct row *row;
	const char *account;
	struct counts before;
	int64_t began;
	const int *allowed; /* results, ended by -1 */
	pid_t first;	    /* processes of this trial come after it */
};

void trial_begin(struct trial *trial, struct row *row, const char *account,
		 const int *allowed);
/* What the disturbed host was told. */
void trial_outcome(struct trial *trial, const struct outcome *outcome,
		   uint32_t timeout_ms);
/* Mends everything and judges. */
void trial_end(struct trial *trial);
/* Records where the helper was when it was killed. */
void trial_phase(const struct trial *trial);

/* The parts of these for whom we do not ask ourselves: account is NULL. */
void trial_found(const struct trial *trial, enum phase phase);
void trial_time(struct trial *trial, const struct outcome *outcome,
		uint32_t timeout_ms);
void trial_judge(struct trial *trial, const struct outcome *after);

/* ---- oidc-agent, under the same faults (peer.c) ---- */

/* False: it cannot be run here, and *why says the reason. */
bool peer_open(const char **why);
void peer_close(void);
void peer_kill(void);
/* Starts it as its user would, with the files that it has; false: its grant is
 * refused or its file cannot be read, and a login is needed. */
bool peer_start(void);
void peer_login(void);
const char *peer_said(void); /* the first line of what its last program said */
/* oidc-token, for a token that is good for so long; its end, or ours. */
void peer_ask(struct host *host, int min_valid_s);
void peer_answer(struct host *host, struct outcome *outcome);
/* Changes with its file; 0: there is none. */
int64_t peer_file_time(void);

/* ---- the faults ---- */

/* What happens to the store at some moment of a refresh (faults_keyring.c), and is
 * mended after it. */
struct disturbance {
	const char *name;
	void (*begin)(void);
	void (*end)(void);
	const int *allowed;
	uint32_t timeout_ms; /* 0: TIMEOUT_MS */
	int trials, trials_short;
	bool hangs; /* mended before the helper ends */
};
void disturb(const struct disturbance *how);

void faults_processes(void);
void faults_steps(void);
void faults_keyring(void);
void faults_sealed(void);
void faults_provider(void);
void faults_slow(void);
void faults_tls(void);
void faults_system(void);
void faults_storm(void);
void faults_peer(void);
void faults_verbs(void);

#endif
