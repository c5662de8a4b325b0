/* SPDX-License-Identifier: MIT */
/*
 * far.h - accounts whose login another machine keeps. Their file has `far=SOCKET`,
 * at whose other end is that machine: brought here by ssh, or mounted into a
 * container. There the helper answers `get`, `invalidate` and `about`, and
 * nothing else (helper/ops/share.h); here is no secret but the token, which is
 * published in the kernel's keyring as at home.
 *
 * The socket counts only if those who could have made it are this user, root or,
 * in a container, somebody who has no number here; and nobody else can write
 * in its folder.
 */
#ifndef VALETKEY_FAR_H
#define VALETKEY_FAR_H

#include "record.h"
#include "text.h"

#include <stdint.h>

#define FAR_SOCKET_MAX 107 /* bytes of a path, see unix(7) */

/* Where an account's machine answers; NULL: its login is kept here. */
const char *far_socket(const struct record *account);

/*
 * Connects: *fd is CLOEXEC and above 2, or -1 with ERR_NETWORK (nobody is there),
 * _TIMEOUT, _ARG (no path for a socket), _DENIED (it does not count, or no
 * descriptor is free), and *problem set.
 */
int far_connect(const char *path, int64_t deadline, int *fd,
		struct problem *problem);

/* It ended before it had answered: ERR_NETWORK. */
int far_ended(struct problem *problem);

/* Publishes the token of an answer to `get` for this machine. */
void far_publish(const struct record *account, const struct record *answer);

#endif
