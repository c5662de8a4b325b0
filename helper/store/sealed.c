/* SPDX-License-Identifier: MIT */
/*
 * sealed.c - see sealed.h. Folder and data key are looked for at the first item, and
 * kept for as long as this store is open.
 */
#include "sealed.h"

#include "core/account.h"
#include "sealed_file.h"
#include "sealed_folder.h"
#include "sealed_key.h"
#include <valetkey.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ITEM_NAME_MAX 96
#define ITEM_USUAL (64u << 10) /* the room that a save may need */

struct sealed {
	int folder; /* -1: not opened */
	struct sealed_data_key key;
	bool has_key;
};

int sealed_open(struct sealed **sealed, struct problem *problem)
{
	*sealed = calloc(1, sizeof(**sealed));
	if (!*sealed)
		return problem_no_memory(problem);
	(*sealed)->folder = -1;
	return VALETKEY_OK;
}

void sealed_close(struct sealed *sealed)
{
	if (!sealed)
		return;
	if (sealed->folder >= 0)
		close(sealed->folder);
	sealed_key_free(&sealed->key);
	free(sealed);
}

static int reach_folder(struct sealed *sealed, struct problem *problem)
{
	return sealed->folder >= 0
		   ? VALETKEY_OK
		   : sealed_folder_open(false, &sealed->folder, problem);
}

static int reach_key(struct sealed *sealed, struct problem *problem)
{
	int rc = reach_folder(sealed, problem);

	if (!rc && !sealed->has_key) {
		rc = sealed_key_get(sealed->folder, &sealed->key, problem);
		sealed->has_key = !rc;
	}
	return rc;
}

/* ID.KIND: an account's id, or another plain word. */
static int item_name(const struct store_key *key, char name[ITEM_NAME_MAX],
		     struct problem *problem)
{
	size_t len = strspn(key->id, "0123456789abcdefghijklmnopqrstuvwxyz-");

	if (!len || key->id[len] || len > 64)
		return problem_set(problem, VALETKEY_ERR_HELPER,
				   "The account's id cannot name a file.");
	stpcpy(stpcpy(stpcpy(name, key->id), "."), sealed_kind(key->kind));
	return VALETKEY_OK;
}

int sealed_writable(struct sealed *sealed, struct problem *problem)
{
	int rc = reach_key(sealed, problem);

	return rc ? rc
		  : sealed_folder_room(sealed->folder, ITEM_USUAL, problem);
}

static int refuse_item(struct problem *problem, const char *name, int error)
{
	if (error == SEALED_FILE_OTHER_KEY)
		return problem_set(
		    problem, VALETKEY_ERR_DENIED,
		    "The sealed file %s was sealed with another key than this "
		    "store's. Put back the file `key` that belongs to it, or "
		    "the file that belongs to this key; if there is none, "
		    "delete it in the folder `sealed`, and log in again.",
		    name);
	return problem_set(
	    problem, VALETKEY_ERR_DENIED,
	    "The sealed file %s is not as it was written "
	    "(damaged or altered), and nothing of it is used. "
	    "Put it back from a backup; if there is none, delete "
	    "it in the folder `sealed`, and log in again.",
	    name);
}

int sealed_load(struct sealed *sealed, const struct store_key *key,
		struct record *record, bool *found, struct problem *problem)
{
	const struct sealed_name which = {key->id, key->kind};
	char name[ITEM_NAME_MAX];
	struct buf file = {0};
	int error, rc = item_name(key, name, problem);

	*found = false;
	if (!rc)
		rc = reach_folder(sealed, problem);
	if (!rc && sealed->folder >= 0)
		rc = sealed_folder_read(sealed->folder, name, &file, found,
					problem);
	if (!rc && *found)
		rc = reach_key(sealed, problem);
	if (!rc && *found) {
		error = sealed_file_open(&sealed->key, &which, &file, record);
		if (error)
			rc = refuse_item(problem, name, error);
	}
	if (rc)
		*found = false;
	buf_free(&file);
	return rc;
}

int sealed_save(struct sealed *sealed, const struct store_key *key,
		const struct record *record, struct problem *problem)
{
	const struct sealed_name which = {key->id, key->kind};
	char name[ITEM_NAME_MAX];
	struct buf file = {0};
	int rc = item_name(key, name, problem);

	if (!rc)
		rc = reach_key(sealed, problem);
	if (!rc && sealed_file_make(&sealed->key, &which, record, &file))
		rc = problem_set(problem, VALETKEY_ERR_HELPER,
				 "What is to be kept holds characters that "
				 "cannot be written, or is too long.");
	if (!rc)
		rc = sealed_folder_write(sealed->folder, name, &file, problem);
	buf_free(&file);
	return rc;
}

int sealed_delete(struct sealed *sealed, const struct store_key *key,
		  struct problem *problem)
{
	char name[ITEM_NAME_MAX];
	int rc = item_name(key, name, problem);

	if (!rc)
		rc = reach_folder(sealed, problem);
	if (!rc && sealed->folder >= 0)
		rc = sealed_folder_delete(sealed->folder, name, problem);
	return rc;
}

/* ---- files of accounts that are not here ---- */

struct others {
	const struct record *ids;
	struct record *found;
};

static int see_file(const char *name, void *data)
{
	struct others *others = data;
	char id[ACCOUNT_ID_LENGTH + 1] = "", label[ITEM_NAME_MAX];

	if (strlen(name) <= ACCOUNT_ID_LENGTH ||
	    strlen(name) > ACCOUNT_ID_LENGTH + 10 ||
	    name[ACCOUNT_ID_LENGTH] != '.')
		return 0;
	strncat(id, name, ACCOUNT_ID_LENGTH);
	if (!account_id_ok(id) || record_get(others->ids, id))
		return 0;
	stpcpy(stpcpy(label, "sealed file "), name);
	return record_add(others->found, id, label);
}

int sealed_list_others(struct sealed *sealed, const struct record *ids,
		       struct record *found, struct problem *problem)
{
	struct others others = {ids, found};
	int rc = reach_folder(sealed, problem);

	if (!rc && sealed->folder >= 0)
		rc = sealed_folder_each(sealed->folder, see_file, &others,
					problem);
	return rc < 0 ? problem_no_memory(problem) : rc;
}
