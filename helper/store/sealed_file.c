/* SPDX-License-Identifier: MIT */
/*
 * sealed_file.c - see sealed_file.h. Whatever is in a file that we did not write, no
 * byte of it gets further than the tag.
 */
#include "sealed_file.h"

#include "core/text.h"
#include "crypto/crypto.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define HEAD "valetkey-sealed 1 "
#define HEAD_MAX 64
#define HEX_DIGITS "0123456789abcdef"

const char *sealed_kind(enum store_kind kind)
{
	return kind == STORE_CLIENT  ? "client"
	       : kind == STORE_GRANT ? "grant"
				     : "pending";
}

int sealed_key_name(struct sealed_data_key *key)
{
	struct buf named = {0}, digest = {0};
	/* The digest of the text alone is what the cipher is keyed with. */
	int rc =
	    buf_fmt(&named, "valetkey-sealed-name %s", buf_text(&key->text)) ||
		    crypto_digest(named.data, &digest)
		? -1
		: 0;

	if (!rc) {
		memcpy(key->id, digest.data, SEALED_KEY_ID);
		key->id[SEALED_KEY_ID] = '\0';
	}
	buf_free(&named);
	buf_free(&digest);
	return rc;
}

int sealed_hex_add(struct buf *out, const struct buf *bytes)
{
	int rc = 0;

	for (size_t i = 0; i < bytes->len && !rc; i++) {
		unsigned char byte = (unsigned char)bytes->data[i];

		rc = buf_char(out, HEX_DIGITS[byte >> 4]) ||
		     buf_char(out, HEX_DIGITS[byte & 15]);
	}
	return rc ? -1 : 0;
}

int sealed_hex_read(const char *digits, struct buf *bytes)
{
	for (; *digits; digits += 2) {
		int high = text_hex_digit(digits[0]);
		int low = high < 0 ? -1 : text_hex_digit(digits[1]);

		if (low < 0 || buf_char(bytes, (char)(high << 4 | low)))
			return -1;
	}
	return 0;
}

/* ---- the line ---- */

static int sealed_head(const struct sealed_data_key *key, int64_t generation,
		       struct buf *head)
{
	return buf_fmt(head, HEAD "%s %" PRId64 "\n", key->id, generation);
}

static int64_t generation_in(const struct record *record)
{
	return record_get_int(record, "generation", 0);
}

/* What only the name of the file says. */
static int sealed_bind(const struct buf *head, const struct sealed_name *name,
		       struct buf *about)
{
	return buf_add(about, head->data, head->len) ||
	       buf_fmt(about, "%s\n%s", name->id, sealed_kind(name->kind));
}

int sealed_file_make(const struct sealed_data_key *key,
		     const struct sealed_name *name,
		     const struct record *record, struct buf *file)
{
	struct buf text = {0}, about = {0};
	int rc = -1;

	if (sealed_head(key, generation_in(record), file) == 0 &&
	    sealed_bind(file, name, &about) == 0 &&
	    record_write(record, &text) == 0 &&
	    crypto_seal(buf_text(&key->text), about.data, &text, file) == 0)
		rc = file->len <= SEALED_FILE_MAX ? 0 : -1;
	buf_free(&text);
	buf_free(&about);
	return rc;
}

/* The line into `head`, with its newline; what follows into `sealed`. */
static int split_head(const struct buf *file, struct buf *head,
		      struct buf *sealed)
{
	size_t most = file->len < HEAD_MAX ? file->len : HEAD_MAX;
	const char *end = most ? memchr(file->data, '\n', most) : NULL;
	size_t len = end ? (size_t)(end - file->data) + 1 : 0;

	if (len <= strlen(HEAD) + SEALED_KEY_ID ||
	    memcmp(file->data, HEAD, strlen(HEAD)) != 0 ||
	    memchr(file->data, '\0', len))
		return -1;
	return buf_add(head, file->data, len) ||
	       buf_add(sealed, file->data + len, file->len - len);
}

static int unseal_item(const struct sealed_data_key *key, const char *about,
		       const struct buf *sealed, struct record *record)
{
	struct buf text = {0};
	int rc = crypto_unseal(buf_text(&key->text), about, sealed, &text);

	if (!rc && record_parse_text(record, buf_text(&text), text.len, NULL))
		rc = -1;
	if (rc)
		record_free(record);
	buf_free(&text);
	return rc;
}

int sealed_file_open(const struct sealed_data_key *key,
		     const struct sealed_name *name, const struct buf *file,
		     struct record *record)
{
	struct buf head = {0}, own = {0}, sealed = {0}, about = {0};
	int rc = SEALED_FILE_DAMAGED;

	if (split_head(file, &head, &sealed))
		goto out;
	if (strncmp(head.data + strlen(HEAD), key->id, SEALED_KEY_ID) != 0) {
		rc = SEALED_FILE_OTHER_KEY;
		goto out;
	}
	if (sealed_bind(&head, name, &about) ||
	    unseal_item(key, about.data, &sealed, record))
		goto out;
	/* The line says what the item does. */
	if (sealed_head(key, generation_in(record), &own) == 0 &&
	    strcmp(own.data, head.data) == 0)
		rc = SEALED_FILE_OK;
	else
		record_free(record);
out:
	buf_free(&head);
	buf_free(&own);
	buf_free(&sealed);
	buf_free(&about);
	return rc;
}
