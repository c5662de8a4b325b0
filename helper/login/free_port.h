/* SPDX-License-Identifier: MIT */
/*
 * free_port.h - a loopback port to come back to at every login, for a client that
 * is registered with it.
 */
#ifndef VALETKEY_FREE_PORT_H
#define VALETKEY_FREE_PORT_H

#include <stdint.h>

/*
 * A port that nobody uses now, in both families, and that the kernel does not
 * give out by itself, if there is such a one. 0: there is none at all.
 */
uint16_t free_port_choose(void);

#endif
