/* SPDX-License-Identifier: MIT */
/*
 * newest.h - when the newest grant of an account was issued, kept in the lock's
 * file until the next boot. Two login sessions of one user can have a keyring
 * service each over one file, and such a service may show what it read earlier
 * (gnome-keyring compares the file's time in whole seconds). The refresh token of
 * a grant that was replaced since is never sent, and such a grant is never
 * written back.
 */
#ifndef VALETKEY_NEWEST_H
#define VALETKEY_NEWEST_H

#include "record.h"

#include <stdbool.h>

/* A new grant, which is stored or parked; `lock` is the account's, held. */
void newest_note(int lock, const struct record *grant);

/* Whether a newer one than this was noted. */
bool newest_is_another(int lock, const struct record *grant);

/* The same; then *digest, empty before, gets its refresh token's. */
bool newest_other(int lock, const struct record *grant, struct buf *digest);

/* Copies the note, where the lock's file is about to say something else. */
int newest_keep(const struct record *before, struct record *state);

#endif
