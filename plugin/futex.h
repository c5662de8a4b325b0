/* SPDX-License-Identifier: MIT */
/*
 * futex.h - a lock of one word with a deadline, unlocked when zero. A mutex of
 * the C library cannot be put right again in a child of fork(); a word can.
 */
#ifndef VALETKEY_FUTEX_H
#define VALETKEY_FUTEX_H

#include <stdatomic.h>
#include <stdint.h>

struct futex {
	_Atomic uint32_t word; /* 0 free, 1 taken, 2 taken and awaited */
};

/* 0, or -1 once the deadline (of clock.h; INT64_MAX: none) has passed. */
int futex_lock(struct futex *futex, int64_t deadline);
void futex_unlock(struct futex *futex);

#endif
