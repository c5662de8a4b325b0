/* SPDX-License-Identifier: MIT */
/*
 * git_message.h - what git says to a credential helper (git-credential(1),
 * INPUT/OUTPUT FORMAT). Stricter than git where that costs nothing: NUL and
 * carriage return are refused, as is a line without '='; keys that mean nothing
 * here are ignored. `url` is taken apart into the other keys.
 */
#ifndef VALETKEY_GIT_MESSAGE_H
#define VALETKEY_GIT_MESSAGE_H

#include "core/record.h"

#include <stdbool.h>

#define GIT_MESSAGE_MAX (1u << 20)

/* Reads to the blank line or the end of the text. 0, RECORD_NOMEM,
 * RECORD_MALFORMED. Values are as they came, any bytes but those above. */
int git_message_parse(const char *text, size_t len, struct record *message);

/* Whether text can be a value: no CR, no LF. */
bool git_message_value_ok(const char *text);

/* Whether a list (capability[]) has this value. */
bool git_message_lists(const struct record *message, const char *key,
		       const char *value);

/*
 * Splits a host as git-credential-libsecret does, into server and, where there
 * is one, port. (Not so for IPv6 literals, two of which it can take for one.)
 */
int git_message_server(const char *host, struct buf *server, struct buf *port);

#endif
