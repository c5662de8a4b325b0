/* SPDX-License-Identifier: MIT */
/*
 * clock.h - deadlines, in milliseconds of CLOCK_BOOTTIME: suspended time counts
 * and a changed wall clock does not.
 */
#ifndef VALETKEY_CLOCK_H
#define VALETKEY_CLOCK_H

#include <stdint.h>
#include <time.h>

static inline int64_t clock_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static inline int64_t deadline_in(int64_t ms)
{
	return clock_ms() + ms;
}

/* What is left, for poll(): never negative, never more than a minute. */
static inline int deadline_left(int64_t deadline)
{
	int64_t left = deadline - clock_ms();

	return left < 0 ? 0 : left > 60000 ? 60000 : (int)left;
}

#endif
