/* SPDX-License-Identifier: MIT */
/*
 * own_memory.h - the memory of the two programs that may hold a secret, the
 * command and the helper. Not of a host's: that is its own to arrange. exec()
 * makes all of it undone, so what they start is as their caller's.
 */
#ifndef VALETKEY_OWN_MEMORY_H
#define VALETKEY_OWN_MEMORY_H

/* At the start of the program: no core is dumped, into a file or a pipe, and no
 * other program of the user's may look in. */
void own_memory_hide(void);

/*
 * Before (or at once after) a secret comes: what is on the stack and what is
 * allocated, so far and from now on, is kept out of swap, as far as the limit
 * for locked memory allows. Only the first call does something. It costs some
 * 20 us, too much for a token that is only printed.
 */
void own_memory_lock(void);

#endif
