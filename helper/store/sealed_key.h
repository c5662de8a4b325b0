/* SPDX-License-Identifier: MIT */
/*
 * sealed_key.h - the one data key that all files of a user's sealed store are sealed
 * with. It is random, and lies in the file `key` of the store's folder, wrapped by a
 * holder: a passphrase (Argon2id). Once that was typed (`valetkey unlock`) the data
 * key is in the kernel's user keyring: until a reboot, `valetkey lock`, or for as
 * long as the person said. It never gives way there to anything.
 */
#ifndef VALETKEY_SEALED_KEY_H
#define VALETKEY_SEALED_KEY_H

#include "core/text.h"
#include "sealed_file.h"

#include <stdbool.h>
#include <stdint.h>

/* ---- what wraps the data key ---- */

struct sealed_wrapping {
	const char *about;  /* associated data */
	const char *secret; /* what the person typed; NULL: nothing */
};

struct sealed_holder {
	const char *name; /* in the file, and for a person */
	bool asks;	  /* needs what a person types */

	/* Adds its lines to the file's: `wrapped`, and how. */
	int (*wrap)(const struct sealed_wrapping *wrapping,
		    const struct buf *data_key, struct record *lines,
		    struct problem *problem);

	/* ERR_DENIED: the secret is wrong; ERR_LOGIN: nothing will ever open
	 * it again. */
	int (*unwrap)(const struct sealed_wrapping *wrapping,
		      const struct record *lines, struct buf *data_key,
		      struct problem *problem);
};

extern const struct sealed_holder sealed_passphrase;

/* NULL: there is none of that name. */
const struct sealed_holder *sealed_holder_named(const char *name);

/* ---- the file `key` ---- */

/*
 * Reads its text: the lines, and who holds the data key. -1: it is malformed, or
 * has a holder that this version does not know. `lines` must be empty.
 */
struct sealed_key_file {
	struct record lines;
	const struct sealed_holder *holder;
	const char *id; /* in lines, as `wrapped` */
	const char *wrapped;
};
int sealed_key_parse(const struct buf *text, struct sealed_key_file *file);
void sealed_key_file_free(struct sealed_key_file *file);

/* ---- the data key ---- */

/* For an item, `folder` is sealed_folder.h's: 0, or ERR_LOCKED with the command
 * that helps. */
int sealed_key_get(int folder, struct sealed_data_key *key,
		   struct problem *problem);
void sealed_key_free(struct sealed_data_key *key);

enum sealed_key_state {
	SEALED_KEY_NONE = 0,
	SEALED_KEY_LOCKED = 1,
	SEALED_KEY_OPEN = 2
};

/* *holder: its name; NULL: there is no key yet. */
int sealed_key_look(enum sealed_key_state *state, const char **holder,
		    struct problem *problem);

/*
 * Makes the data key if there is none, or opens it; then it is in the kernel, for so
 * many seconds if not 0. ERR_DENIED: the secret is wrong, too short, or there are
 * files that another key has sealed.
 */
int sealed_key_unlock(const char *secret, int64_t seconds,
		      struct problem *problem);

/* The same data key, held by another secret from now on. */
int sealed_key_change(const char *secret, const char *new_secret,
		      struct problem *problem);

/* Takes it out of the kernel. */
int sealed_key_lock(struct problem *problem);

/* Deletes it with all that it has sealed. */
int sealed_key_reset(struct problem *problem);

#endif
