/* SPDX-License-Identifier: MIT */
/*
 * command.h - the command `valetkey`: a file for each verb or two, and what the
 * verbs share. libc only; like any other host it gets tokens through valetkey.h,
 * and asks the helper for the rest.
 *
 * A function that returns int returns a result of valetkey.h, which is also the
 * exit status, and has told the person of a failure. Only ERR_NOMEM may be left
 * to cmd_end().
 */
#ifndef VALETKEY_COMMAND_H
#define VALETKEY_COMMAND_H

#include "core/account.h"
#include "core/origin.h"
#include "core/text.h"
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

struct cmd_words;

struct cmd_verb {
	const char *name;
	const char *summary;		  /* for the list of verbs, if in it */
	const char *usage;		  /* after "valetkey " */
	const char *about;		  /* a paragraph or two */
	const struct cmd_option *options; /* the last one has no name */
	const char *examples;
	bool account; /* takes an account's name */
	bool account_optional;
	int (*run)(struct cmd_args *args);
	int (*run_words)(const struct cmd_words *words); /* instead of run() */
	/* Of a line without "--": whether the command begins with this word. */
	bool (*begins)(const struct cmd_words *words, const char *word);
};

extern const struct cmd_verb cmd_add, cmd_edit, cmd_login, cmd_token,
    cmd_status, cmd_list, cmd_logout, cmd_remove, cmd_providers, cmd_run,
    cmd_curl, cmd_invalidate, cmd_complete, cmd_move, cmd_unlock, cmd_lock;

/* Reads argv after the verb. *run false: it was --help, which is done. */
int cmd_options_read(const struct cmd_verb *verb, int argc, char **argv,
		     struct cmd_args *args, bool *run);
void cmd_options_free(struct cmd_args *args);

const char *cmd_option(const struct cmd_args *args, const char *name);

/* A whole number of seconds up to max; `value` stays if it is not given. */
int cmd_option_seconds(const struct cmd_args *args, const char *name,
		       int64_t max, int64_t *value);

/* The descriptor that --WHAT-stdin or --WHAT-fd names, -1: neither. */
int cmd_option_descriptor(const struct cmd_args *args, const char *what,
			  int *fd);

/* --min-valid of the verbs that get a token; 0 if it is not given. */
int cmd_option_min_valid(const struct cmd_args *args, uint32_t *seconds);

/* What was typed if a command may follow: WORD... [OPTIONS] [--] COMMAND. */
struct cmd_words {
	struct cmd_args args;
	char **words; /* ends with NULL */
	size_t count;
	char **command; /* after "--", or from where it begins without that;
			   ends with NULL; NULL: there was none */
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

/* The same with this text, unless a failure has been told already. */
int cmd_fail_untold(int result, const char *text);

/* Something other than cmd_fail() has told why the result is not 0. */
void cmd_is_told(void);

/* --debug: from now on what is done is told on standard error, and how long after
 * this call. */
void cmd_debug_begin(void);
bool cmd_debugs(void);
void cmd_debug(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Whether the message is what the helper says of its work; then it is told. First
 * in every conversation. */
bool cmd_debug_message(const struct valetkey_message *message);

/* Into a request to the helper, if --debug was said: 0 or -1. */
int cmd_debug_request(struct record *request);

/* Says which tier had the account's token without the helper: a process that has just
 * begun has none in its memory. */
void cmd_debug_tier(const char *account);

/* A handle that was opened: its helper says what it does. NULL is fine. */
void cmd_debug_handle(struct valetkey *handle);

/* From now on a failure is told to a program too: by cmd_end(), as a JSON object on
 * standard output, if nothing was written there. */
void cmd_json_begin(void);

/* At the end of a verb: tells of the result unless that was done. */
int cmd_end(int result);

/* Before a verb: says if the environment names a directory that is not used. */
void cmd_tell_ignored(void);

/* Of the names that were tried, the one that is nearest to a mistyped word; "":
 * none is near. */
struct cmd_near {
	const char *word;
	size_t distance;
	char name[65];
};

void cmd_near_try(struct cmd_near *near, const char *name);

/* Why a provider was not loaded, and which one may be meant. */
int cmd_fail_provider(const char *name, const struct problem *problem);

/* Adds text from column `indent` on, and a newline: in lines of at most 79
 * columns that all begin there. Not 0: no memory. */
int cmd_wrap(struct buf *out, unsigned indent, const char *text);

/* Standard output is written out; a full disk or a closed pipe is an error. */
int cmd_flush(void);

/* ---- asking the helper (converse.c) ---- */

/* How the conversation goes; handed to it as data. */
struct cmd_talk {
	const char *account; /* for hints, may be NULL */
	bool browser;	     /* OPEN starts one */
	bool paste;	     /* the browser does not return here */
	bool qr;	     /* for a browser elsewhere: a QR code */
	bool told;	     /* an ERROR message has been shown */
	bool helped;	     /* the helper has said what it did */
};

valetkey_converse cmd_converse;

struct cmd_call {
	struct record *request; /* op and what it needs */
	struct record *answer;	/* must be empty */
	int64_t timeout_s;
	bool interactive;
	const char *far; /* a socket to ask instead of the helper; NULL: none */
	struct cmd_talk talk;
};

/* call_helper() with a failure told. */
int cmd_call(struct cmd_call *call);

/* op discover of an issuer: the request has that, and what else is known; from
 * `keys` it gets how the server is reached. */
int cmd_discover(struct record *request, const struct record *keys,
		 struct record *answer);

/* A token, as any other host gets one; both are to be freed in any case. */
int cmd_get_token(const char *program, const struct valetkey_request *request,
		  struct valetkey **handle,
		  const struct valetkey_token **token);

/* Tells of a failure unless the conversation has. Returns result. */
int cmd_tell_failure(int result, const struct cmd_talk *talk);

/* Whether the account has a file; says so if not: 0 or ERR_ACCOUNT. */
int cmd_account_exists(const char *account);

/* The same, and reads it. ERR_ARG if it cannot be read. */
int cmd_account_read(const char *account, struct record *keys);

/* ---- which account (account_choice.c) ---- */

struct cmd_target {
	const char *account;	/* as it was typed; NULL: none was */
	const char *resource;	/* a URL; NULL: none */
	const char *verb;	/* in the line to type, before the account, */
	const char *before_url; /* between that and the URL, */
	const char *after;	/* and at its end, may be NULL */
};

/*
 * The account that is named, else the one that has the URL's host, else the only
 * one. ERR_ACCOUNT: there is none, or several have that host; ERR_RESOURCE: the
 * URL is none of its hosts, or nobody's; ERR_ARG: there are several.
 */
int cmd_account_choose(const struct cmd_target *target,
		       char name[ACCOUNT_NAME_MAX + 1]);

/* If there are no accounts: 0, nobody has made one; else why their folder is not
 * used. */
int cmd_tell_unusable(void);

/* origin_of(), with a failure told: ERR_RESOURCE. */
int cmd_origin_of(const char *url, char origin[ORIGIN_MAX]);

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
	bool asks_issuer;	    /* its address is asked for, and again if
				       there is no such server */
	struct buf refresh_token;   /* from elsewhere; empty: there is none */
	struct record registration; /* what the server needs to register one:
				       empty, none is registered by us */
};

/* wizard.c: asks a person for the provider and for the account's name, if the
 * options do not say; `name` is for the latter. ERR_ARG: there is no account, and
 * nobody to ask. */
int cmd_wizard_begin(struct cmd_adding *adding, struct cmd_args *args,
		     char name[ACCOUNT_NAME_MAX + 1]);

/* setup_steps.c: chooses a provider's instance, parameters, kind and scope, and
 * shows the steps. */
int cmd_steps_walk(struct cmd_adding *adding);

/* scope_choice.c: what a person is asked for the scopes. */
struct cmd_scopes {
	const struct record *known; /* scope_choice[] (see provider.h), scope:
				       the usual ones, offline_scope */
	bool closed; /* if there are choices, there are no others */
	bool commas; /* stand between scopes, never in one */
};

/* Asks for them until they are known; into `scope`, which stays empty if they are
 * the usual ones. */
int cmd_scopes_ask(const struct cmd_scopes *scopes, struct buf *scope);

/* Of an option: if the provider's file has scope_choice[], commas between scopes
 * become spaces. */
int cmd_scopes_given(const struct record *provider, const char *given,
		     struct buf *scope);

/* custom_provider.c: a provider without a file, from its issuer's metadata or
 * from options. After cmd_answers_overrides(). */
int cmd_custom_walk(struct cmd_adding *adding);

/* add.c: whether we register a client, if the server supports that (`found`:
 * what op discover says); then adding->registration is filled. */
int cmd_register_offer(struct cmd_adding *adding, const struct record *found);

/* given_token.c: --refresh-token-stdin. Whether the other options go with it; and
 * the token, after somebody has agreed: ERR_CANCELED if not. */
int cmd_given_token_check(const struct cmd_adding *adding);
int cmd_given_token_take(struct cmd_adding *adding);

/* add_far.c: `add --far`. keys has the id; the rest is asked of the other machine. */
int cmd_add_far(struct cmd_adding *adding);

/* unlock.c: before anything is asked or typed, whether a new account's store
 * ("keyring", "sealed") takes it; the keyring's dialog, or the passphrase, if a person
 * is there. */
int cmd_store_ready(const char *store, bool person);

/* ---- MCP servers (mcp.c) ---- */

struct client;

/* With --mcp URL: into keys what the server says of itself, and the issuer of the
 * authorization server to use. After cmd_answers_overrides(). */
int cmd_mcp_find(struct cmd_adding *adding, struct buf *issuer);

/* Before anything is registered, opened or sent: shows what `add` is about to do,
 * or a login with more scopes, and asks whether that is right. 0, ERR_CANCELED, or
 * ERR_ARG if nobody can be asked and there is no --yes. */
int cmd_mcp_agree_adding(const struct cmd_adding *adding);
int cmd_mcp_agree_scope(const struct cmd_args *args,
			const struct client *client, const char *more);

/* Whether the account's MCP server still trusts its issuer: 0, ERR_LOGIN, or what
 * came of asking. */
int cmd_mcp_same_server(const char *account, const struct record *keys);

/* ---- answers (answers.c) ---- */

/* A question that is answered by y or by no. */
int cmd_answers_yes(const char *question, bool *yes);

/* Before what cannot be undone: whether a person or --yes agrees. If nobody can
 * be asked, only --yes does. 0, ERR_CANCELED or ERR_ARG. */
int cmd_answers_agreed(const struct cmd_args *args, const char *question);

/* The value of an option, checked to survive the account's file;
 * NULL: none. */
int cmd_answers_option(const struct cmd_args *args, const char *option,
		       const char **value);

/* Into keys: the client id, and what options may change of any provider. */
int cmd_answers_client_id(struct cmd_adding *adding);
int cmd_answers_overrides(struct cmd_adding *adding);

/* Everything up to the end, without the newline there; `what` is for a failure:
 * ERR_ARG. */
int cmd_secret_read(int fd, const char *what, size_t max, struct buf *secret);

/* The descriptor that the secret comes from, -1: none is named; and the secret
 * itself, empty if the client has none. */
int cmd_secret_source(const struct cmd_args *args, int *fd);
int cmd_secret_take(const struct cmd_adding *adding, int fd,
		    struct buf *secret);

/* ---- the rest ---- */

/* Makes an account's file, at once and whole: 0, or a result that is told; ERR_ARG:
 * there is one. */
int cmd_account_create(const char *account, const struct record *keys);

/*
 * child.c: from here on SIGINT, SIGTERM and SIGHUP are only noted, because
 * something is half done; the second call tells whether one came, the third lets
 * them act again.
 */
void cmd_hold_signals(void);
bool cmd_signal_held(void);
void cmd_release_signals(void);

/* SIGINT and SIGTERM end the process with ERR_CANCELED and a clean line. */
void cmd_cancel_on_signals(void);

/* run.c: whether a command can have something of ours in a variable of this
 * name: 0 or ERR_ARG, told. */
int cmd_check_variable(const char *name);

/* The variable's value, NULL if it is not set or empty. */
const char *cmd_environment(const char *name);

/* "in 59 minutes"; `out` has at least 32 bytes. */
const char *cmd_duration(char *out, size_t size, int64_t seconds);

#endif
