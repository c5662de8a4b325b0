/* SPDX-License-Identifier: MIT */
/*
 * git.h - git-credential-valetkey, a credential helper of git: what its
 * files share. git.c reads what git says and decides who answers: a token of
 * an account (git_account.c, git_token.c), or git's stored credentials
 * in the keyring (git_store.c).
 */
#ifndef VALETKEY_GIT_H
#define VALETKEY_GIT_H

#include "client/client.h"
#include "command/command.h"
#include "core/account.h"
#include "core/origin.h"
#include "git_message.h"

extern const struct cmd_verb cmd_git_setup;

struct git_request {
	struct record message;	 /* git_message.h */
	const char *pin;	 /* --account; NULL: none */
	int64_t timeout_s;	 /* --timeout; 0: none */
	char origin[ORIGIN_MAX]; /* "": can be no account's */
	bool mail;		 /* of send-email or imap-send */
	bool any_user;		 /* the user name says nothing of the account */
	bool authtype, state;	 /* git's capabilities */
};

/* ---- which account (git_account.c) ---- */

/* The user name that a token of the account goes out with. */
const char *git_account_username(const struct client *client);

/* Whether neither the user's pin nor the user name speaks against it. */
bool git_account_may_answer(const struct git_request *request,
			    const struct client *client);

/* Calls `see` for each account that may answer and has the host that is asked
 * for. ERR_NOMEM or _DENIED, and what `see` returns. */
int git_account_each(const struct git_request *request,
		     int (*see)(const char *name, const struct client *client,
				void *data),
		     void *data);

/* The account that answers: git's user name, then what the server's challenge
 * names, decides among several. ERR_RESOURCE: none; ERR_ACCOUNT, told: cannot be
 * decided. */
int git_account_choose(const struct git_request *request,
		       const struct git_past *past, struct client *client);

/* ---- its token (git_token.c) ---- */

int git_token_get(const struct git_request *request, struct client *client,
		  const struct git_past *past);

/* Makes the next get of every account refresh whose current token git erases,
 * under whatever user name it went out. `ours`: the name is an account's. */
int git_token_erase(const struct git_request *request, bool *ours);

/* Whether what git wants to store is the current token of an account that has
 * the host, or has an expiry, as tokens do. */
int git_token_is_stored(const struct git_request *request, bool *ours);

/* ---- stored credentials (git_store.c) ---- */

int git_stored_get(const struct git_request *request, bool *answered);
int git_stored_store(const struct git_request *request);
int git_stored_erase(const struct git_request *request);

/* ---- shared ---- */

/* Writes the answer to git. ERR_ARG: a value that git cannot read. */
int git_print(const struct record *answer);

/* What git takes for false. */
bool git_is_no(const char *text);

/* ---- asking (git.c) ---- */

/* Whether somebody may be asked: at a terminal, and git's configuration and
 * environment do not forbid it. Runs git, so only if it matters. */
bool git_may_ask(void);

/* A conversation whose failure is not told at first: a person may help. */
struct git_talk {
	struct cmd_talk talk;
	struct problem held;
};

valetkey_converse git_converse; /* data: a struct git_talk */

/* Whether to try again with a person. */
bool git_person_helps(int result);

/* Tells of that failure. Returns result. */
int git_tell_failure(int result, struct git_talk *talk);

/* A request to the helper: once silently, and with a person if that helps. */
int git_call(struct record *request, struct record *answer);

/* Silently, and without telling of a failure. */
int git_call_quietly(struct record *request, struct record *answer);

#endif
