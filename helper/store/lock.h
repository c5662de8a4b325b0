/* SPDX-License-Identifier: MIT */
/*
 * lock.h - the locks between processes, by flock(): the kernel lets go of them
 * whatever happens to the holder. They are files beside the account's file,
 * named by the account's id, and stay as long as the account does: whoever sees
 * the account sees the lock. If that folder takes none they are in the runtime
 * directory (place.h), and what they hold ends with it; a lock in one place is one
 * against those of the other.
 */
#ifndef VALETKEY_LOCK_H
#define VALETKEY_LOCK_H

#include "core/buf.h"
#include "core/text.h"
#include "core/record.h"

#include <stdbool.h>
#include <stdint.h>

enum lock_kind {
	LOCK_GRANT = 1, /* reading, refreshing and storing a grant; never held
			   while a person thinks */
	LOCK_LOGIN = 2, /* one login per account at a time */
	LOCK_ADD =
	    3 /* by the name: one `add` of it at a time, see ops/adding.h */
};

/*
 * Waits for the lock. The descriptor in *fd, or -1 with ERR_TIMEOUT (the
 * deadline, of clock.h, has passed) or ERR_ACCOUNT (no place for the file).
 */
int lock_take(const char *id, enum lock_kind kind, int64_t deadline, int *fd,
	      struct problem *problem);

/* Opens the lock's file to read what it holds, without the lock; -1: it is not
 * there. */
int lock_look(const char *id, enum lock_kind kind);

/*
 * A lock's file can hold a small record, for whoever holds the lock next: no
 * secrets. Of what was written before the last boot only keys that begin with
 * LOCK_KEPT are still there. NULL empties it. A file that cannot be written is as
 * if empty.
 */
#define LOCK_KEPT "kept."
bool lock_read(int fd, struct record *state);
void lock_write(int fd, const struct record *state);

/* Lets go, sets *fd to -1; -1 is fine. */
void lock_drop(int *fd);

/* The same, and the file goes, in both places: only if nothing is left to be
 * locked. Who waits for it notices and makes a new one. */
void lock_remove(int *fd, const char *id, enum lock_kind kind);

/*
 * Ends this process (SIGALRM) if it is still there after so many seconds:
 * nothing that hangs inside a library may hold a lock for ever.
 */
void watchdog(int64_t seconds);

#endif
