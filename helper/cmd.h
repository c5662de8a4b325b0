/* SPDX-License-Identifier: MIT */
/*
 * cmd.h - the command `valetkey`: one file cmd_VERB.c for each verb, and what
 * the verbs share. libc only; like any other host it gets tokens through
 * valetkey.h, and asks the helper for the rest.
 *
 * A function that returns int returns a result of valetkey.h, which is also the
 * exit status, and has told the person of a failure already.
 */
#ifndef VALETKEY_CMD_H
#define VALETKEY_CMD_H

#include "problem.h"
#include "record.h"
#include "valetkey.h"

#include <stdbool.h>

/* ---- verbs and their options ---- */

struct cmd_option {
	const char *name;     /* without "--" */
	const char *argument; /* "NAME" for the help; NULL: takes none */
	const char *help;
};

/* What was typed after the verb. */
struct cmd_args {
	const struct cmd_verb *verb;
	const char *account;   /* NULL: none given */
	struct record options; /* --NAME VALUE as a pair, flags as "1" */
};

struct cmd_verb {
	const char *name;
	const char *summary;		  /* for the list of verbs */
	const char *usage;		  /* behind "valetkey " */
	const char *about;		  /* a paragraph or two */
	const struct cmd_option *options; /* the last one has no name */
	const char *examples;
	bool account; /* takes an account's name */
	bool account_optional;
	int (*run)(struct cmd_args *args);
};

extern const struct cmd_verb cmd_add, cmd_login, cmd_token, cmd_status,
    cmd_logout, cmd_remove, cmd_providers;

/* Reads argv behind the verb. *run false: it was --help, which is done. */
int cmd_options_read(const struct cmd_verb *verb, int argc, char **argv,
		     struct cmd_args *args, bool *run);
void cmd_options_free(struct cmd_args *args);

const char *cmd_option(const struct cmd_args *args, const char *name);

/* A whole number of seconds up to max; `value` stays where not given. */
int cmd_option_seconds(const struct cmd_args *args, const char *name,
		       int64_t max, int64_t *value);

/* ---- telling ---- */

/* "valetkey: ..." on standard error; returns result. */
int cmd_fail(int result, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The same with the problem's text. */
int cmd_fail_problem(const struct problem *problem);

/* Standard output is written out; a full disk or a closed pipe is an error. */
int cmd_flush(void);

/* ---- asking the helper (cmd_talk.c) ---- */

/* How the conversation goes; handed to it as data. */
struct cmd_talk {
	const char *account; /* for hints, may be NULL */
	bool browser;	     /* OPEN starts one */
	bool told;	     /* an ERROR message has been shown */
};

valetkey_converse cmd_converse;

struct cmd_call {
	struct record *request; /* op and what it needs */
	struct record *answer;	/* must be empty */
	int64_t timeout_s;
	bool interactive;
	struct cmd_talk talk;
};

/* call_helper() with a failure told. */
int cmd_call(struct cmd_call *call);

/* Tells of a failure, where the conversation has not yet. Returns result. */
int cmd_tell_failure(int result, const struct cmd_talk *talk);

/* Whether the account has a file; where not, says so: 0 or ERR_ACCOUNT. */
int cmd_account_exists(const char *account);

/* ---- adding (cmd_add.c, cmd_steps.c, cmd_account.c) ---- */

struct cmd_adding {
	const struct cmd_args *args;
	const char *account;
	bool person;		/* may be asked */
	struct record provider; /* its file; empty: a custom one */
	struct record keys;	/* of the account's file, as they come to be */
	char kind[65];
	bool machine;	/* client_credentials: nobody logs in */
	bool no_secret; /* a public client */
};

/* Provider's accounts: chooses instance, kind and scope, shows the steps. */
int cmd_steps_walk(struct cmd_adding *adding);

/* A custom provider: from its issuer's metadata or from options. */
int cmd_custom_walk(struct cmd_adding *adding);

/* The value of an option, checked to survive the account's file; NULL: none. */
int cmd_add_value(const struct cmd_args *args, const char *option,
		  const char **value);

/* The endpoint that an option gives, into keys.KEY. */
int cmd_add_endpoint(struct cmd_adding *adding, const char *key);

/* An account's file that is written, but not under its name yet. */
struct cmd_account_file {
	struct buf temporary;
	struct buf final;
};

int cmd_account_prepare(const char *account, const struct record *keys,
			struct cmd_account_file *file);
int cmd_account_publish(struct cmd_account_file *file);
void cmd_account_discard(struct cmd_account_file *file);

/* ---- the rest ---- */

/*
 * From here on SIGINT, SIGTERM and SIGHUP are only noted, because something is
 * half done; the second call tells whether one came, and lets them act again.
 */
void cmd_hold_signals(void);
bool cmd_release_signals(void);

/* SIGINT and SIGTERM end the process with ERR_CANCELED and a clean line. */
void cmd_cancel_on_signals(void);

/* Starts the person's browser, if one can be. Never waits for it. */
bool cmd_browser_open(const char *url);

/* Writes JSON text (RFC 8259) with quotes; what is not UTF-8 as U+FFFD. */
int cmd_json_string(struct buf *out, const char *text);

/* "in 59 minutes"; `out` has at least 32 bytes. */
const char *cmd_duration(char *out, size_t size, int64_t seconds);

/* git-credential-valetkey: argv behind the program's name. */
int cmd_git(int argc, char **argv);

#endif
