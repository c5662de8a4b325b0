/* SPDX-License-Identifier: MIT */
/*
 * front.h - fronts: what speaks another program's protocol, so that it gets an
 * account's tokens. A front is a file and a row in fronts.c. It is run as
 * `valetkey front NAME`, or by the name under which its program looks for it.
 *
 * A front gives a token for the account's own hosts only, asks nobody, and says on
 * the other program's screen why there is none.
 */
#ifndef VALETKEY_FRONT_H
#define VALETKEY_FRONT_H

#include "command/command.h"
#include "core/account.h"
#include "core/origin.h"
#include <valetkey.h>

struct front {
	const char *name;    /* for `valetkey front` */
	const char *program; /* the name that others call it by; NULL: none */
	const char *summary; /* for whom */
	/* Its argv; returns the exit status, which the protocol may rule. */
	int (*run)(int argc, char **argv);
};

extern const struct front front_cargo, front_credential_helper, front_docker,
    front_git, front_goauth;
extern const struct cmd_verb cmd_front;

/* The front that goes by this name, and by this program's; NULL: none. */
const struct front *front_find(const char *name);
const struct front *front_of_program(const char *program);

/* ---- what fronts read and write ---- */

/* Standard input, to its end or, if not NULL, as far as `until` is there. 0,
 * ERR_NOMEM, or ERR_ARG: longer than a request may be. */
int front_read(struct buf *input, const char *until);

/* Standard output, at once: no secret stays in a stdio buffer. */
int front_write(const struct buf *output);

/* The strings of a JSON object, named as in json/json.h. 0, ERR_NOMEM, _ARG, or
 * _HELPER: the module cannot be loaded. */
int front_json(const struct buf *text, struct record *strings);

/* An RFC 3339 time. Not 0: no memory. */
int front_time(struct buf *out, int64_t unix_seconds);

/* ---- an account and its token (front_token.c) ---- */

struct front_account {
	char name[ACCOUNT_NAME_MAX + 1];
	char origin[ORIGIN_MAX]; /* of what is asked for */
	struct record keys;	 /* of its file */
};

/*
 * The account that has the URL's origin: `pin` or $VALETKEY_ACCOUNT if one is
 * named, else the only one. ERR_RESOURCE: none, nothing is said; everything else
 * is in *problem. To be freed in any case.
 */
int front_account_find(const char *url, const char *pin,
		       struct front_account *account, struct problem *problem);

/* The account of this name, with the first of its hosts. A result with *problem
 * set. */
int front_account_read(const char *name, struct front_account *account,
		       struct problem *problem);
void front_account_free(struct front_account *account);

/* A token, and the handle that it came from. */
struct front_token {
	struct valetkey *handle;
	const struct valetkey_token *token;
	struct problem problem; /* why there is none */
};

/*
 * Gets it; `program` asks, in the words of a prompt. With `refused` the token that
 * the account has now was refused: another one. To be closed in any case.
 */
struct front_asking {
	const char *program;
	const struct front_account *account;
	bool refused;
};
int front_token_get(const struct front_asking *asking,
		    struct front_token *token);
void front_token_close(struct front_token *token);

/*
 * Another program keeps what it got until it ends: for how many seconds a token
 * must be good then. Ten minutes; half of a lifetime that is hardly longer, or
 * shorter: to ask for all of it would mean a refresh for each get.
 */
uint32_t front_good_for(int64_t lifetime_s);

/* The lifetime of the account's tokens in seconds, as far as that is known
 * without the helper; 0: it is not. */
int64_t front_lifetime(const struct record *keys);

#endif
