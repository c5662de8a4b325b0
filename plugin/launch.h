/* SPDX-License-Identifier: MIT */
/*
 * launch.h - starts the helper at the other end of a socket, so that the host
 * notices nothing: no child that wait() could see, no SIGCHLD, no signal
 * disposition touched, no descriptor leaked, an environment of our choice.
 */
#ifndef VALETKEY_LAUNCH_H
#define VALETKEY_LAUNCH_H

/* 0 and our end in *fd (CLOEXEC, above 2), or ERR_HELPER, _NOMEM, _DENIED (no
 * free descriptor). bell stays the caller's; 0: none. */
int launch_helper(int bell, int *fd);

#endif
