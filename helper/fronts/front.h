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

/* The strings of a JSON object: members of nested objects have dotted names
 * ("registry.name"), an array's elements end with "[]". 0 or ERR_ARG: it is not
 * one, or memory ran out. (front_json.c) */
int front_json(const struct buf *input, struct record *strings);

/* An RFC 3339 time. Not 0: no memory. */
int front_time(struct buf *out, int64_t unix_seconds);

/* ---- an account's token (front_token.c) ---- */

/*
 * Of a refusal the program tells us, but perhaps not whether it had sent a token at
 * all: some servers say "invalid_token" to those who send none. Such a one brings a
 * new token once a minute, if there can be one, and counts for nothing else.
 */
enum front_refusal {
	FRONT_NOT_REFUSED = 0,
	FRONT_PERHAPS_REFUSED = 1,
	FRONT_REFUSED = 2
};

struct front_asking {
	const char *program; /* asks, in the words of a prompt */
	const char *account; /* NULL: $VALETKEY_ACCOUNT, or who has the URL */
	const char *url;     /* what it is for; NULL: the account's hosts */
	enum front_refusal refused; /* of the token that the account has now */
};

/* A token, and the handle that it came from. */
struct front_token {
	struct valetkey *handle;
	const struct valetkey_token *token;
	char origin[ORIGIN_MAX]; /* of the URL */
	struct problem problem;
};

/*
 * Gets a token that another program can keep for its whole run; if the account's
 * was refused, another one. ERR_RESOURCE: no account has the URL, or not this one,
 * and nothing is said; any other failure is in token->problem. To be closed in any
 * case.
 */
int front_token_get(const struct front_asking *asking,
		    struct front_token *token);
void front_token_close(struct front_token *token);

#define FRONT_GOOD_FOR_S 600

/*
 * For how many seconds a token of this lifetime must be good for that: ten
 * minutes; half of a lifetime that is hardly longer, or shorter: to ask for all
 * of it would mean a refresh for each get.
 */
uint32_t front_good_for(int64_t lifetime_s);

/* The lifetime of the account's tokens in seconds, as far as that is known
 * without the helper; 0: it is not. */
int64_t front_lifetime(const struct record *keys);

#endif
