/* SPDX-License-Identifier: MIT */
/*
 * keepalive.h - `valetkey keepalive`: logins that would die of being left alone.
 */
#ifndef VALETKEY_KEEPALIVE_H
#define VALETKEY_KEEPALIVE_H

#include "command/command.h"

extern const struct cmd_verb cmd_keepalive;

#endif
