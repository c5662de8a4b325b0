/* SPDX-License-Identifier: MIT */
/*
 * kernel.h - the second tier: access tokens in the kernel's user keyring, shared
 * by all processes of a user, gone with a reboot. It is a cache: any failure is
 * a miss, and a publication that fails is nobody's concern. If the user's quota has no
 * room for a token, it is in a segment, and the key has its address (segment.h).
 *
 * A key is named by the account's id. What it holds is a record:
 *   id, hosts     of the account; if they differ from its file: a miss
 *   access_token, scope, expires_at (Unix seconds, absent: unknown)
 *   good_until, issued, published   milliseconds of CLOCK_BOOTTIME
 */
#ifndef VALETKEY_KERNEL_H
#define VALETKEY_KERNEL_H

#include "buf.h"
#include "record.h"

#include <stdbool.h>

/* Whether the account wants its tokens there (`cache=none` says no). */
bool kernel_wanted(const struct record *account);

/* The published token of this account, good until it says; false: a miss. */
bool kernel_read(const struct record *account, struct record *token);

/* Publishes it: the keys above but id, hosts and published, which are added here. */
void kernel_publish(const struct record *account, const struct record *token);

/* Whether in the last hour a token found no place, or took another account's. */
bool kernel_is_crowded(void);

/* Takes it back; if access_token is not NULL, only if it is that one. */
void kernel_withdraw(const struct record *account, const char *access_token);

/* ---- keys of any kind ---- */

/* Keys in the kernel's user keyring (@u), which all processes of a user share,
 * whatever login they belong to, and nobody else can read. They go with a
 * reboot. Every failure, of whatever kind, is false or negative: the kernel
 * may lack keyrings, forbid them, or be full. */

#define KEYCTL_PAYLOAD_MAX 32767
#define KEYCTL_CACHE "valetkey:" /* names of keys that may give way */

/* The key's serial number, or negative. */
long keyctl_find(const char *name);

/* Its payload; `payload` must be empty. */
bool keyctl_read(long key, struct buf *payload);

/*
 * Creates the key or replaces its payload in place. Cached tokens are dropped, the
 * one that was published first at first, until a quarter of the user's quota is left
 * to other programs; a key to cache that would still take from it is not made.
 */
bool keyctl_put(const char *name, const struct buf *payload, long timeout_s);

/*
 * A key that this thread has made, so that its payload can be replaced in two
 * calls. The thread keeps that right until it ends, which must be soon. 0: the key
 * is not there.
 */
long keyctl_hold(const char *name);

bool keyctl_update(long key, const struct buf *payload, long timeout_s);

/* It goes after that time, and gives way before that if the quota is full. */
void keyctl_spare(const char *name, long timeout_s);

void keyctl_discard(const char *name);

/* All whose names begin so; false: one of them stays. */
bool keyctl_discard_all(const char *prefix);

/* Whether so many bytes more leave a quarter of the user's quota, which all
 * programs of the user share, to others; true if nobody knows. */
bool keyctl_quota_leaves_room(size_t bytes);

#endif
