/* SPDX-License-Identifier: MIT */
/*
 * sealed_file.h - what is in a file of the sealed store: a line in plain text,
 *
 *	valetkey-sealed 1 KEY GENERATION
 *
 * and the sealed text of an item's record (nonce, tag, ciphertext: AES-256-GCM).
 * KEY names the data key (sealed_key.h), GENERATION is the grant's, 0 if the item
 * has none. The line, the account's id and the item's kind are associated data: a
 * file that was renamed, or has another line, does not open.
 */
#ifndef VALETKEY_SEALED_FILE_H
#define VALETKEY_SEALED_FILE_H

#include "core/buf.h"
#include "core/record.h"
#include "keyring/keyring.h"

#include <stdint.h>

#define SEALED_KEY_ID 16 /* lower case hex digits */
#define SEALED_FILE_MAX (1u << 20)

/* The data key: any text of 256 bits of entropy, and the name that it has. */
struct sealed_data_key {
	char id[SEALED_KEY_ID + 1];
	struct buf text;
};

/* Which file it is. */
struct sealed_name {
	const char *id; /* the account's */
	enum store_kind kind;
};

/* "client", "grant", "pending". */
const char *sealed_kind(enum store_kind kind);

/* Seals the record into `file`, which must be empty. 0 or -1: no memory, or a value
 * that cannot be written. */
int sealed_file_make(const struct sealed_data_key *key,
		     const struct sealed_name *name,
		     const struct record *record, struct buf *file);

enum sealed_file_error {
	SEALED_FILE_OK = 0,
	SEALED_FILE_DAMAGED = -1,
	SEALED_FILE_OTHER_KEY = -2
};

/* Opens it into `record`, which must be empty; it stays so on an error. */
int sealed_file_open(const struct sealed_data_key *key,
		     const struct sealed_name *name, const struct buf *file,
		     struct record *record);

/* Names a data key, by the beginning of its SHA-256. 0 or -1. */
int sealed_key_name(struct sealed_data_key *key);

/* Bytes as hex digits and back; -1: no memory, or not that. */
int sealed_hex_add(struct buf *out, const struct buf *bytes);
int sealed_hex_read(const char *digits, struct buf *bytes);

#endif
