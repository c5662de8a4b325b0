/* SPDX-License-Identifier: MIT */
/*
 * challenge.h - what a server asks for when it refuses a request (WWW-Authenticate,
 * RFC 9110 11.6.1): for the helper, which learns from it whom a server trusts (RFC
 * 9728 5.1), and for the command, which tells a person what a token lacks (RFC 6750
 * 3.1). What is not exactly that grammar is not read, because a guess at where a
 * value ends would be the server's to steer.
 */
#ifndef VALETKEY_CHALLENGE_H
#define VALETKEY_CHALLENGE_H

#include "record.h"

#define CHALLENGE_MAX 8192 /* bytes; a longer one counts as absent */

/*
 * Adds the parameters of the first challenge with this scheme to `params`: their
 * names in lower case, their values without quotes. Several header lines are one
 * text with commas between. Names that a record cannot have are left out. Nothing
 * is added if there is no such challenge. RECORD_MALFORMED if any part of the text
 * is; `params` is empty then.
 */
enum record_error challenge_read(const char *text, const char *scheme,
				 struct record *params);

/* Whether it can be a list of scopes (RFC 6749 3.3). */
bool challenge_scope_ok(const char *scope);

#endif
