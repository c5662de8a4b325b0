/* SPDX-License-Identifier: MIT */
/*
 * job.h - one request that the helper works on, and how it speaks to the person
 * through the host meanwhile.
 */
#ifndef VALETKEY_JOB_H
#define VALETKEY_JOB_H

#include "client/client.h"
#include "core/channel.h"
#include "core/text.h"
#include "store/lock.h"
#include "store/store.h"

#include <stdbool.h>
#include <stdint.h>

struct job {
	struct channel *host;
	struct record request;
	struct record answer; /* what goes out beside result and text */
	struct problem problem;
	int64_t deadline; /* the caller's, of clock.h */
	int64_t began;	  /* of clock.h */
	bool interactive;
	bool shared;		/* another machine asks (ops/share.h) */
	bool debug;		/* whoever asks wants to see what is done */
	enum store_place place; /* the store that is asked, and */
	struct store *store; /* that one, as job_store() opened it; NULL: not */
	struct store *stores[STORE_PLACES]; /* all that were opened */
	int64_t retry_after_s; /* what the provider said last, else -1 */
	bool provider_asked;   /* there was a request to it */
	bool provider_reached; /* it was, in the last request */
	bool given;	   /* the refresh token came from a person, not from a
			      login of ours (grant/given_token.h) */
	bool send_pending; /* what waits for it (revocations.h) may be sent */
};

/* Tells something; a host that is gone is not an error here. */
void job_info(struct job *job, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Tells what was done, if the request wants to know. Never a secret, nor what a
 * server has written. */
void job_debug(struct job *job, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Asks the host to open a browser. False: the host is gone. */
struct job_page {
	const char *url;
	const char *local_url; /* of this computer, leads there: for the
				  browser's command line; "": none */
	const char *text;
	int64_t deadline;
};
bool job_open_url(struct job *job, const struct job_page *page);

/* Shows a code, and where to enter it (RFC 8628 3.3). False: the host is gone. */
struct job_code {
	const char *url;
	const char *code;
	const char *text;
	int64_t deadline;
};
bool job_show_code(struct job *job, const struct job_code *code);

/* Shows what we wait for and how long is left. False: the host is gone. */
bool job_wait(struct job *job, const char *text, int64_t deadline);

/*
 * Has the host ask the person; the line that comes back is in `reply`, which
 * must be empty. 0, ERR_CANCELED (the host cannot ask, or is gone), ERR_TIMEOUT
 * or ERR_NOMEM; no problem is set.
 */
int job_ask(struct job *job, const char *text, struct buf *reply);

/* Whether the host has closed its end (the person gave up). Never blocks. */
bool job_host_gone(struct job *job);

/* The store, opened at the first call; NULL with job->problem set. */
struct store *job_store(struct job *job);

/* Opens it, and looks whether it takes an item: 0 or a result. A keyring that needs
 * the person first is told of before its dialog is shown, so that nobody waits for
 * something that is behind another window. */
int job_store_writable(struct job *job);

/* From here on it is this one; job_client() makes it the account's. */
void job_use_store(struct job *job, enum store_place place);

/* The same by an account's keys, of which nobody knows yet if they make sense:
 * ERR_ARG. */
int job_use_store_of(struct job *job, const struct record *keys);

/* Whether things may be there that belong to no account: always among sealed files,
 * which cost nothing to look at; in the keyring unless all accounts are sealed. */
bool job_has_place(enum store_place place);

void job_close_stores(struct job *job);

/* Takes the account's lock, as lock_take() does, and then asks the store that the
 * account is in by now: it may have been moved while we waited. */
int job_lock(struct job *job, const struct client *client, enum lock_kind kind,
	     int *lock);

/* The latter alone; nothing changes if the account is gone. */
int job_follow(struct job *job, const struct client *client);

/* An account's item as it is; *found false: there is none. */
int job_load_item(struct job *job, const struct client *client,
		  enum store_kind kind, struct record *item, bool *found);

struct store_key job_item_key(const struct client *client,
			      enum store_kind kind);

/* How the provider answered this time, in the state of the account whose lock this
 * is (store/account_state.h). */
void job_note(const struct job *job, int lock, int result);

/* Who asks, as `program`, if it says so: a hint, safe to show. 0 or -1. */
int job_add_program(const struct job *job, struct record *about);

/* The account of the request. Result code; job->problem is set. */
int job_client(struct job *job, struct client *client);

#endif
