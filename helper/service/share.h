/* SPDX-License-Identifier: MIT */
/*
 * share.h - `valetkey share`: other machines and containers get tokens of an
 * account from this one, which keeps its login. What they may ask is in
 * ops/share.h, which the helper keeps to.
 */
#ifndef VALETKEY_SERVICE_SHARE_H
#define VALETKEY_SERVICE_SHARE_H

#include "command/command.h"

extern const struct cmd_verb cmd_share;

#endif
