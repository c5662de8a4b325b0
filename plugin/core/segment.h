/* SPDX-License-Identifier: MIT */
/*
 * segment.h - memory for what the user's quota of kernel keys has no room for: a
 * segment of System V shared memory (shmget(2)), that is, memory of the kernel's
 * which outlives a process, is in no file, is locked so that it is never swapped,
 * and goes with a reboot. Only this user can read it.
 *
 * It counts for nothing by itself. What leads to it is its address, which a key of
 * the kernel's keyring has: the segment's number, and a random word that must be in
 * it as well. Without the key, or once that has timed out, it is memory that nobody
 * reads, until the next sweep.
 */
#ifndef VALETKEY_SEGMENT_H
#define VALETKEY_SEGMENT_H

#include "buf.h"

#include <stdbool.h>

#define SEGMENT_OWNER_MAX 64 /* with its NUL */

/* Puts it into a segment of its own; the address is added. `owner` is the name of the
 * key that will have the address. */
int segment_make(const char *owner, const struct buf *payload,
		 struct buf *address);

/* `payload` must be empty. */
bool segment_read(const char *address, struct buf *payload);

/*
 * Wipes and frees the user's segments to which, by `leads_to`, their owners do not
 * lead: those of `owner` at once, of others (any, if it is NULL) once they are a
 * minute old, by when who made them has put the address where it belongs.
 */
void segment_sweep(const char *owner,
		   bool (*leads_to)(const char *owner, const char *address));

#endif
