/* SPDX-License-Identifier: MIT */
/*
 * share.h - what other machines may ask this one for, which keeps their login: a
 * request that came through the socket of `valetkey share`. A list of what is
 * allowed; all else is refused, today's requests and those to come.
 *
 *   get         account, scope, resource, min_valid_s, refused, refused_twice
 *   invalidate  account, access_token, resource
 *   about       account -> provider, name, hosts[]: what `add --far` writes down
 *
 * Only accounts whose file says `share=yes`; never with a person; a token need not
 * be good for more than half its life; two refused tokens a minute. `share_hosts`
 * and `share_scope` in the file say for which hosts, and that no token with more
 * than these scopes is given.
 */
#ifndef VALETKEY_SHARE_H
#define VALETKEY_SHARE_H

#include "job/job.h"

/* The one request of a machine that came by. */
int share_run(struct job *job);

/* Copies a request of those above to `to`, which must be empty; what only says who
 * asks and how is left out. 0, ERR_DENIED (it is none of them) or _NOMEM. */
int share_take_request(const struct record *from, struct record *to,
		       struct problem *problem);

/* Copies what such an answer may have. */
int share_take_answer(const struct record *from, struct record *to);

#endif
