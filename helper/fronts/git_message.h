/* SPDX-License-Identifier: MIT */
/*
 * git_message.h - what git says to a credential helper (git-credential(1),
 * INPUT/OUTPUT FORMAT). Stricter than git if that costs nothing: NUL and
 * carriage return are refused, as is a line without '='; keys that mean nothing
 * here are ignored. `url` is taken apart into the other keys.
 */
#ifndef VALETKEY_GIT_MESSAGE_H
#define VALETKEY_GIT_MESSAGE_H

#include "core/record.h"
#include <valetkey.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GIT_MESSAGE_MAX (1u << 20)

/* Reads to the blank line or the end of the text. 0, RECORD_NOMEM,
 * RECORD_MALFORMED. Values are as they came, any bytes but those above. */
int git_message_parse(const char *text, size_t len, struct record *message);

/* Whether text can be a value: no CR, no LF. */
bool git_message_value_ok(const char *text);

/*
 * Splits a host as git-credential-libsecret does, into server and, if there
 * is one, port. (Not so for IPv6 literals, two of which it can take for one.)
 */
int git_message_server(const char *host, struct buf *server, struct buf *port);

/* ---- what the server asks for ---- */

/* WWW-Authenticate headers (RFC 9110 11.6.1), as git hands them on in
 * wwwauth[]: which schemes a server takes, and which authorization server a
 * Bearer challenge names. */

/* Each text is "?" if it is too long. */
struct git_challenge {
	const char *at; /* the header's text; moves on */
	char scheme[32];
	char name[32];	 /* of the parameter, "" with the scheme itself */
	char value[512]; /* of the parameter, unquoted */
};

/* The next scheme or parameter; false at the end, or if the text is
 * malformed from here on. */
bool git_challenge_next(struct git_challenge *challenge);

/* Whether the header says that a token came and is no longer good (RFC 6750
 * 3.1). Many servers do not say why. */
bool git_challenge_refuses(const char *header);

/* ---- what git keeps for us ---- */

/* What git tells of an answer that it got before. A git that knows `state`
 * brings ours back if the server refused it and `continue` was said; between two
 * requests of one operation it forgets the state and brings only the token's
 * expiry. */

enum git_scheme { GIT_NONE = 0, GIT_BASIC = 1, GIT_BEARER = 2 };

/* What our last answer was, if git asks again because the server refused it. */
struct git_past {
	bool refused; /* there was one */
	int stage;    /* how many answers there were */
	enum git_scheme scheme;
	uint32_t mark;	    /* of the refused token; 0: not known */
	int64_t expires_at; /* of the refused token; 0: not known */
	const char *account;
};

/* Reads it from git's message, to which past->account points. */
void git_state_read(const struct record *message, struct git_past *past);

/* Tells tokens apart, and says nothing about them; never 0. */
uint32_t git_state_mark(const char *token);

/* Adds state[], and continue=1 if git shall ask again after a refusal.
 * 0 or not (no memory). */
int git_state_add(const struct git_past *past, enum git_scheme scheme,
		  const struct valetkey_token *token, struct record *answer);

#endif
