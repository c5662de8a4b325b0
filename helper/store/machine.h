/* SPDX-License-Identifier: MIT */
/*
 * machine.h - on which machine a grant was made (machine-id(5)). A keyring that
 * is copied with a home directory or a disk brings its grants along; two machines
 * that both use one end it at a provider that rotates refresh tokens.
 */
#ifndef VALETKEY_MACHINE_H
#define VALETKEY_MACHINE_H

#include "client/client.h"

#include <stdbool.h>

/*
 * Adds this machine's mark: its id, hashed with the account's so that it tells
 * nobody anything. Nothing is added if the machine has no id of its own (the
 * file is missing, empty or says "uninitialized"). 0 or -1.
 */
int machine_mark(const struct client *client, struct buf *mark);

/* Whether the mark (NULL: none) is another machine's. */
bool machine_is_other(const struct client *client, const char *mark);

/* Whether the account's file says that its keyring is used by several machines
 * in turn (shared=yes). */
bool machine_may_share(const struct client *client);

/* ---- which run of the machine ---- */

/* Which run of the machine this is: times of clock.h mean something only
 * within one, and there they are right whatever the wall clock does. */

#define BOOT_ID_SIZE 37

/* The kernel's boot_id; false (and "") if it cannot be had. */
bool boot_id(char id[BOOT_ID_SIZE]);

/* Whether `id` (NULL: no) is that of this boot. */
bool boot_is(const char *id);

#endif
