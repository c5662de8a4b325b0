/* SPDX-License-Identifier: MIT */
/*
 * sealed_key.h - the one data key that all files of a user's sealed store are sealed
 * with. It is random, and lies in the file `key` of the store's folder, wrapped by a
 * holder: a passphrase (Argon2id), systemd, or a credential of the service that runs
 * us.
 *
 * Once the passphrase was typed (`valetkey unlock`), or systemd has opened it, the data
 * key is in the kernel's user keyring: until a reboot, `valetkey lock`, or for as long
 * as the person said. It never gives way there to anything. A credential is for the
 * processes alone that were given it: there the kernel has no key.
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
	bool in_kernel;	  /* what it has opened is for all of the user's */

	/* Whether this process could have its data key held so; NULL: always. */
	bool (*offered)(void);

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

/* What each does with a key of its own: the data key, sealed with it, is `wrapped` in
 * the lines. -1: no memory; or it is not that, or was altered. */
int sealed_wrap(const char *own, const char *about, const struct buf *data_key,
		struct record *lines);
int sealed_unwrap(const char *own, const char *about,
		  const struct record *lines, struct buf *data_key);

extern const struct sealed_holder sealed_passphrase;
extern const struct sealed_holder sealed_systemd;
extern const struct sealed_holder sealed_credential;

/* NULL: there is none of that name. */
const struct sealed_holder *sealed_holder_named(const char *name);

/* From *at, 0 at first; NULL: no other. */
const struct sealed_holder *sealed_holder_each(size_t *at);

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

/* LOCKED: a passphrase is needed. What else keeps it from being opened is an error.
 * *holder: its name; NULL: there is no key yet. */
int sealed_key_look(enum sealed_key_state *state, const char **holder,
		    struct problem *problem);

/* The holder's name alone, without opening anything; NULL: nobody can tell. */
const char *sealed_key_holder(void);

struct sealed_opening {
	const struct sealed_holder *holder; /* NULL: any; of a new key: asks */
	const char *secret;
	int64_t seconds; /* in the kernel; 0: until a reboot */
};

/*
 * Makes the data key if there is none, or opens it; then it is in the kernel, if its
 * holder asks. ERR_DENIED: the secret is wrong, too short, or there are files that
 * another key has sealed. ERR_ARG: it has another holder.
 */
int sealed_key_unlock(const struct sealed_opening *opening,
		      struct problem *problem);

/* The same data key, held by another secret or holder (NULL: the same) from now
 * on. */
int sealed_key_change(const struct sealed_opening *old,
		      const struct sealed_opening *new,
		      struct problem *problem);

/* Takes it out of the kernel. ERR_DENIED: its holder opens it again unasked. */
int sealed_key_lock(struct problem *problem);

/* Deletes it with all that it has sealed. */
int sealed_key_reset(struct problem *problem);

#endif
