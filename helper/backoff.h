/* SPDX-License-Identifier: MIT */
/*
 * backoff.h - a provider that fails is asked less and less often, by all
 * processes together: what happened last is kept in the account's lock file,
 * under whose lock these functions are called.
 */
#ifndef VALETKEY_BACKOFF_H
#define VALETKEY_BACKOFF_H

#include "job.h"

/* 0: go ahead. Else what the provider did last time, with *problem set. */
int backoff_check(int lock, struct problem *problem);

/* How it went this time; only NETWORK, TIMEOUT and THROTTLED count. */
void backoff_note(int lock, const struct job *job, int result);

#endif
