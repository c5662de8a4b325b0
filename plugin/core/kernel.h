/* SPDX-License-Identifier: MIT */
/*
 * kernel.h - the second tier: access tokens in the kernel's user keyring, shared
 * by all processes of a user, gone with a reboot. It is a cache: any failure is
 * a miss, and a publication that fails is nobody's concern.
 *
 * A key is named by the account's id. What it holds is a record:
 *   id, hosts     of the account; where they differ from its file: a miss
 *   access_token, scope, expires_at (Unix seconds, absent: unknown)
 *   good_until, issued   milliseconds of CLOCK_BOOTTIME
 */
#ifndef VALETKEY_KERNEL_H
#define VALETKEY_KERNEL_H

#include "record.h"

#include <stdbool.h>

/* Whether the account wants its tokens there (`cache=none` says no). */
bool kernel_wanted(const struct record *account);

/* The published token of this account, good until it says; false: a miss. */
bool kernel_read(const struct record *account, struct record *token);

/* Publishes it: the keys above but id and hosts, which are added here. */
void kernel_publish(const struct record *account, const struct record *token);

/* Takes it back; where access_token is not NULL, only if it is that one. */
void kernel_withdraw(const struct record *account, const char *access_token);

#endif
