/* SPDX-License-Identifier: MIT */
/*
 * ahead.h - renewing a token before it ends: whoever is answered in the last
 * fifth of a token's life has the helper renew it in the background, once per
 * machine, so that a program which calls regularly never waits for the network.
 */
#ifndef VALETKEY_AHEAD_H
#define VALETKEY_AHEAD_H

#include "core/record.h"

/* Starts the helper for it and does not wait. Failures are nobody's concern. */
void ahead_start(const char *name, const struct record *account);

#endif
