/* SPDX-License-Identifier: MIT */
/*
 * critical.h - from the moment a refresh token or a code is sent until what came
 * back lies in the keyring, INT, TERM and HUP wait.
 */
#ifndef VALETKEY_CRITICAL_H
#define VALETKEY_CRITICAL_H

#include <pthread.h>
#include <signal.h>

static inline void critical_begin(sigset_t *before)
{
	sigset_t held;

	sigemptyset(&held);
	sigaddset(&held, SIGINT);
	sigaddset(&held, SIGTERM);
	sigaddset(&held, SIGHUP);
	pthread_sigmask(SIG_BLOCK, &held, before);
}

static inline void critical_end(const sigset_t *before)
{
	pthread_sigmask(SIG_SETMASK, before, NULL);
}

#endif
