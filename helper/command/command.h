/* SPDX-License-Identifier: MIT */
/*
 * command.h - the command `valetkey`: one file cmd_VERB.c for each verb, and what
 * the verbs share. libc only; like any other host it gets tokens through
 * valetkey.h, and asks the helper for the rest.
 *
 * A function that returns int returns a result of valetkey.h, which is also the
 * exit status, and has told the person of a failure already.
 */
#ifndef VALETKEY_COMMAND_H
#define VALETKEY_COMMAND_H

#include "core/text.h"
#include "core/record.h"
#include <valetkey.h>

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
	const char *summary;		  /* for the list of verbs, if in it */
	const char *usage;		  /* behind "valetkey " */
	const char *about;		  /* a paragraph or two */
	const struct cmd_option *options; /* the last one has no name */
	const char *examples;
	bool account; /* takes an account's name */
	bool account_optional;
	int (*run)(struct cmd_args *args);
	int (*run_words)(int argc, char **argv); /* instead: reads all itself */
};

extern const struct cmd_verb cmd_add, cmd_login, cmd_token, cmd_status,
    cmd_logout, cmd_remove, cmd_providers, cmd_run, cmd_curl, cmd_complete;

/* Reads argv behind the verb. *run false: it was --help, which is done. */
int cmd_options_read(const struct cmd_verb *verb, int argc, char **argv,
		     struct cmd_args *args, bool *run);
void cmd_options_free(struct cmd_args *args);

const char *cmd_option(const struct cmd_args *args, const char *name);

/* A whole number of seconds up to max; `value` stays where not given. */
int cmd_option_seconds(const struct cmd_args *args, const char *name,
		       int64_t max, int64_t *value);

/* What was typed where a command may follow: WORD... [OPTIONS] -- COMMAND. */
struct cmd_words {
	struct cmd_args args;
	char **words; /* ends with NULL */
	size_t count;
	char **command; /* behind "--", ends with NULL; NULL: there was none */
};

/* As cmd_options_read(). */
int cmd_words_read(const struct cmd_verb *verb, int argc, char **argv,
		   struct cmd_words *words, bool *run);
void cmd_words_free(struct cmd_words *words);

/* ---- telling ---- */

/* "valetkey: ..." on standard error; returns result. */
int cmd_fail(int result, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The same with the problem's text. */
int cmd_fail_problem(const struct problem *problem);

/* Something else than cmd_fail() has told why there will be a result. */
void cmd_is_told(void);

/* At the end of a verb: a result that nobody has told of is told. */
int cmd_end(int result);

/* Before a verb: says if the environment names a directory that does not count.
 */
void cmd_tell_ignored(void);

/* message.c: of the names that were tried, the one that is nearest to a
 * mistyped word; "": none is near. */
struct cmd_near {
	const char *word;
	size_t distance;
	char name[65];
};

void cmd_near_try(struct cmd_near *near, const char *name);

/* Why a provider was not loaded, and which one may be meant. */
int cmd_fail_provider(const char *name, const struct problem *problem);

/* Standard output is written out; a full disk or a closed pipe is an error. */
int cmd_flush(void);

/* ---- asking the helper (converse.c) ---- */

/* How the conversation goes; handed to it as data. */
struct cmd_talk {
	const char *account; /* for hints, may be NULL */
	bool browser;	     /* OPEN starts one */
	bool paste;	     /* the browser does not come back here */
	bool qr;	     /* for a browser elsewhere: a QR code */
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

/* ---- adding (add.c) ---- */

struct cmd_adding {
	const struct cmd_args *args;
	const char *account;
	bool person;		/* may be asked */
	struct record provider; /* its file; empty: a custom one */
	struct record keys;	/* of the account's file, as they come to be */
	char kind[65];
	bool machine;		    /* client_credentials: nobody logs in */
	bool no_secret;		    /* a public client */
	struct record registration; /* what the server needs to register one:
				       empty, none is registered by us */
};

/* setup_steps.c: chooses a provider's instance, kind and scope, shows the steps.
 */
int cmd_steps_walk(struct cmd_adding *adding);

/* setup_steps.c: --set NAME=VALUE and questions into parameter.NAME of the
 * keys. */
int cmd_parameters_choose(struct cmd_adding *adding);

/* custom_provider.c: a provider without a file, from its issuer's metadata or from
 * options. After cmd_answers_overrides(). */
int cmd_custom_walk(struct cmd_adding *adding);

/* add.c: whether a client is registered by us, where the server takes
 * that (`found`: what op discover says); then adding->registration is filled.
 * And doing it: keys get what the server answers. */
int cmd_register_offer(struct cmd_adding *adding, const struct record *found);
int cmd_register(struct cmd_adding *adding);

/* answers.c: a question that is answered by y or by no. */
int cmd_answers_yes(const char *question, bool *yes);

/* Before what cannot be taken back: whether a person or --yes agrees. Where
 * nobody can be asked, only --yes does. 0, ERR_CANCELED or ERR_ARG. */
int cmd_answers_agreed(const struct cmd_args *args, const char *question);

/* The value of an option, checked to survive the account's file;
 * NULL: none. */
int cmd_answers_option(const struct cmd_args *args, const char *option,
		       const char **value);

/* Into keys: the client id, and what options may change of any provider. */
int cmd_answers_client_id(struct cmd_adding *adding);
int cmd_answers_overrides(struct cmd_adding *adding);

/* answers.c: the descriptor that the secret comes from, -1: none is named;
 * and the secret itself, empty where the client has none. */
int cmd_secret_source(const struct cmd_args *args, int *fd);
int cmd_secret_take(const struct cmd_adding *adding, int fd,
		    struct buf *secret);

/* Changes these keys of an account's file, takes those with an empty value out.
 * 0 or a result; says nothing. */
int cmd_account_change(const char *account, const struct record *changes);

/* login.c: before a login, whether what was looked up still holds; `accept`:
 * a change is fine. */
int cmd_fresh(const char *account, bool accept);

/* ---- printing a token (token.c) ---- */

struct cmd_format {
	const char *name; /* plain, header, json, netrc, curl, env, xoauth2 */
	const char *user; /* may be NULL */
};

/* Whether it can be written: 0 or ERR_ARG. */
int cmd_format_check(const struct cmd_format *format);
int cmd_format_write(const struct cmd_format *format,
		     const struct valetkey_token *token, struct buf *out);

/* providers.c: explains a provider's file; ERR_ARG where it is bad. */
int cmd_providers_check(const char *path);

/* ---- the rest ---- */

/*
 * From here on SIGINT, SIGTERM and SIGHUP are only noted, because something is
 * half done; the second call tells whether one came, the third lets them act
 * again.
 */
void cmd_hold_signals(void);
bool cmd_signal_held(void);
void cmd_release_signals(void);

/* SIGINT and SIGTERM end the process with ERR_CANCELED and a clean line. */
void cmd_cancel_on_signals(void);

/* Starts the person's browser. Never waits for it. NULL, or why none is. */
const char *cmd_browser_open(const char *url);

/* "in 59 minutes"; `out` has at least 32 bytes. */
const char *cmd_duration(char *out, size_t size, int64_t seconds);

#endif
