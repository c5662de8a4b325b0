/* SPDX-License-Identifier: MIT */
/*
 * login.h - a login by a person (login.c), and what its ways share: login_code.c,
 * login_paste.c, login_device.c. Who may ask the person, and when; and what
 * becomes of the code that the person's consent has brought (login_grant.c).
 */
#ifndef VALETKEY_LOGIN_H
#define VALETKEY_LOGIN_H

#include "grant/arrival.h"
#include "grant/refresh.h"
#include "net/net.h"
#include "oauth/authorize.h"
#include "oauth/endpoint.h"

/*
 * A login by a person, who is asked by whichever way there is. Takes the login lock
 * while the person thinks and the account's lock to store; the caller holds
 * neither. With accept_other a grant that somebody else got while we waited for
 * the login lock is taken instead, if it has the scope.
 */
struct login_options {
	bool accept_other;  /* see above */
	const char *scope;  /* wanted, NULL: the client's */
	bool accept_change; /* see registration_check() */
	const char *flow;   /* see flow_way.h; NULL: what the account says */
};
int login_run(struct job *job, const struct client *client,
	      const struct login_options *options, struct grant *grant);

/* One login in progress. */
struct login {
	struct job *job;
	const struct client *client;
	const struct login_options *options;
	struct record registration; /* see login_secret() */
	struct buf seal;	    /* what its answer is parked with */
	const char *scope;	    /* all that is asked for; the flow's own */
	const char *nonce;	    /* for the ID token; NULL: none was sent */

	/* The person's browser waits there for the end of the login, and is
	 * told if the terminal asks something; NULL: it does not. */
	struct listener *waiting;
	const struct net *net;
};

/* The ways: they fill in `grant`, which is stored when they return 0. */
int login_by_code(struct login *login, struct grant *grant);
int login_by_paste(struct login *login, struct grant *grant);
int login_by_device(struct login *login, struct grant *grant);

/* The client secret, read from the keyring at the first call; NULL in *secret:
 * there is none. */
int login_secret(struct login *login, const char **secret);

/*
 * Asks the token endpoint with these params and stores the grant that it gives.
 * What is wrong with the code is ERR_DENIED; answer->error says what the server
 * called it.
 */
int login_redeem(struct login *login, struct buf *params,
		 struct token_answer *answer, struct grant *grant);

/* A grant that nobody will have: the provider is asked to end it, now or later. */
void login_give_back(struct login *login, const struct grant *grant);

/* Stores the new grant in place of what is there; `lock` is the account's, held.
 * What cannot be stored stays parked. */
int login_store(struct login *login, int lock, const struct arrival *arrival,
		struct grant *grant);

/* Adds a digest of all that a grant of this client is pinned to. 0 or -1. */
int login_pins(const struct client *client, struct buf *digest);

/*
 * A login that ended between its answer and the keyring: what it left is stored
 * now, or given back if it is of no use. `lock` is the account's, held; a login
 * that is under way is left alone. 0, or what keeps the keyring from taking it.
 */
int login_take_parked(struct job *job, const struct client *client, int lock);

/* The same, for who has the login's lock as well. */
int login_recover(struct login *login, int lock);

/*
 * The authorization code, however it comes. First the request, once its URL is
 * made: handed to the provider beforehand if it wants that, looked at, and
 * shown to the person with `text`; `local_url` is for the browser that is started
 * here ("": none). Then the answer, whose state was compared:
 * checked, redeemed and stored.
 */
int login_code_send(struct login *login, struct authorization *to,
		    const char *local_url, const char *text);
int login_code_take(struct login *login, const struct authorization *to,
		    const struct listener_answer *answer, struct grant *grant);

/* Sets the problem: ERR_CANCELED. */
int login_given_up(struct login *login);

/* Sets the problem: ERR_TIMEOUT. */
int login_too_late(struct login *login);

#endif
