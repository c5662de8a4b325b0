/* SPDX-License-Identifier: MIT */
/*
 * quota.h - how much of the user's quota of kernel keys, which all programs of the
 * user share, is left: private to keyctl.c.
 */
#ifndef VALETKEY_QUOTA_H
#define VALETKEY_QUOTA_H

#include <stdbool.h>
#include <stddef.h>

/* Whether so many bytes more leave a quarter of it to others; true where nobody
 * knows. */
bool quota_leaves_room(size_t bytes);

#endif
