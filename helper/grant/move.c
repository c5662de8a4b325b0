/* SPDX-License-Identifier: MIT */
/*
 * move.c - see move.h. In this order, each step done before the next begins:
 *
 *	1. a note beside the account's file: there may be two of everything
 *	2. copies in the new store, read back
 *	3. the account's file names the new store, on the disk
 *	4. the old store's are deleted, then the note
 *
 * As long as there is the note, what is of the account in the store that its file
 * does not name is a copy, and the next run deletes it. What is parked (park.h) stays
 * where it is: the key that it is sealed with goes along in the items.
 */
#include "move.h"

#include "client/account_change.h"
#include "core/clock.h"
#include "revocations.h"
#include "store/account_state.h"
#include "store/place.h"
#include <valetkey.h>

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define NOTE "moving"
#define KEEPER "keeper" /* store_name() of who began */
#define STORE_MS 30000
#define RECOVER_MS 5000

static enum store_place other_place(enum store_place place)
{
	return place == STORE_SEALED ? STORE_KEYRING : STORE_SEALED;
}

/* From here on it is this store, opened and with time enough; NULL: job->problem. */
static struct store *turn_to(struct job *job, enum store_place place)
{
	struct store *store;

	job_use_store(job, place);
	store = job_store(job);
	if (store)
		store_set_deadline(store, deadline_in(STORE_MS));
	return store;
}

/* ---- the note ---- */

static int open_note(const struct client *client, int flags)
{
	struct buf path = {0};
	int fd = -1;

	if (place_path(PLACE_ACCOUNT, client->id, NOTE, &path) == 0)
		fd = open(path.data,
			  flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
	buf_free(&path);
	return fd;
}

static bool is_noted(const struct client *client)
{
	int fd = open_note(client, O_RDONLY);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static int write_note(struct job *job, const struct client *client)
{
	struct record note = {0};
	struct buf text = {0};
	int fd = open_note(client, O_WRONLY | O_CREAT | O_TRUNC);
	bool good = fd >= 0 &&
		    record_add(&note, KEEPER,
			       store_name(job->stores[STORE_KEYRING])) == 0 &&
		    record_write(&note, &text) == 0 &&
		    write(fd, text.data, text.len) == (ssize_t)text.len;

	if (fd >= 0)
		close(fd);
	record_free(&note);
	buf_free(&text);
	return good ? VALETKEY_OK
		    : problem_set(&job->problem, VALETKEY_ERR_DENIED,
				  "Nothing can be written beside the file of "
				  "account %s, so it stays where it is.",
				  client->account);
}

/* What a killed run asked the keyring for comes before what we ask. */
static void outlast_noted(struct store *store, const struct client *client)
{
	char text[256];
	const char *keeper = NULL;
	struct record note = {0};
	int fd = open_note(client, O_RDONLY);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text));

	if (fd >= 0)
		close(fd);
	if (n > 0 && record_parse_text(&note, text, (size_t)n, NULL) == 0)
		keeper = record_get(&note, KEEPER);
	if (keeper && strcmp(keeper, store_name(store)) != 0)
		store_outlast(store, keeper);
	record_free(&note);
}

static void remove_note(const struct client *client)
{
	struct buf path = {0};

	if (place_path(PLACE_ACCOUNT, client->id, NOTE, &path) == 0)
		unlink(path.data);
	buf_free(&path);
}

/* ---- the steps ---- */

static const enum store_kind moved_kinds[] = {STORE_CLIENT, STORE_GRANT};

#define MOVED_KINDS (sizeof(moved_kinds) / sizeof(*moved_kinds))

static int delete_copies(struct job *job, const struct client *client,
			 struct store *store)
{
	int rc = VALETKEY_OK;

	for (size_t i = 0; i < MOVED_KINDS && !rc; i++) {
		const struct store_key key =
		    job_item_key(client, moved_kinds[i]);

		rc = store_delete(store, &key, &job->problem);
	}
	return rc ? rc : revocations_forget(job, client->id);
}

/* Job's store is the one that the account's file names; that it does is on the disk
 * before anything goes. */
static int clean_other(struct job *job, const struct client *client)
{
	enum store_place home = job->place;
	struct store *store;
	int rc = account_sync(client->account);

	if (rc)
		return problem_set(&job->problem, rc,
				   "The file of account %s cannot be written "
				   "to the disk.",
				   client->account);
	store = turn_to(job, other_place(home));
	if (!store)
		rc = job->problem.result;
	/* A keyring that is locked may show nothing, and sealed files need no
	 * room and no key to be deleted. */
	if (!rc && job->place == STORE_KEYRING)
		rc = store_writable(store, &job->problem);
	if (!rc) {
		outlast_noted(store, client);
		rc = delete_copies(job, client, store);
	}
	if (!rc)
		remove_note(client);
	job_use_store(job, home);
	return rc;
}

struct move {
	struct job *job;
	const struct client *client;
	enum store_place from, to;
	bool there; /* the account is in `to` already */
};

/* Verbatim: it may be a later version's. */
static int copy_kind(const struct move *move, enum store_kind kind)
{
	const struct store_key key = job_item_key(move->client, kind);
	struct job *job = move->job;
	struct record item = {0}, have = {0};
	bool found = false, has = false;
	struct store *store = turn_to(job, move->from);
	int rc = store ? store_load(store, &key, &item, &found, &job->problem)
		       : job->problem.result;

	if (rc || !found)
		goto out;
	store = turn_to(job, move->to);
	if (move->there)
		rc = store_load(store, &key, &have, &has, &job->problem);
	if (rc || (has && generation_of(&have) >= generation_of(&item)))
		goto out;
	rc = store_save(store, &key, &item, &job->problem);
	if (!rc && store_unverified(store))
		rc = problem_set(&job->problem, VALETKEY_ERR_DENIED,
				 "The keyring took what was to be kept, but "
				 "does not show it. Account %s stays where it "
				 "is.",
				 move->client->account);
out:
	record_free(&item);
	record_free(&have);
	return rc;
}

static int copy_all(const struct move *move)
{
	int rc = VALETKEY_OK;

	for (size_t i = 0; i < MOVED_KINDS && !rc; i++)
		rc = copy_kind(move, moved_kinds[i]);
	if (rc)
		return rc;
	job_use_store(move->job, move->to);
	return revocations_carry(move->job, move->client->id, move->from);
}

static int change_store(const struct move *move)
{
	struct record changes = {0};
	const char *name =
	    move->to == STORE_KEYRING ? "" : store_place_name(move->to);
	int rc = record_add(&changes, "store", name) ||
			 account_change(move->client->account, &changes)
		     ? VALETKEY_ERR_DENIED
		     : VALETKEY_OK;

	record_free(&changes);
	return rc ? problem_set(&move->job->problem, rc,
				"The file of account %s cannot be written, so "
				"it stays where it is.",
				move->client->account)
		  : VALETKEY_OK;
}

/* With the note there; however it ends, one of the two stores has a copy too much. */
static int move_noted(const struct move *move)
{
	struct job *job = move->job;
	int rc = copy_all(move), left;
	struct problem kept;

	if (!rc && !move->there)
		rc = change_store(move);
	kept = job->problem;
	left = job_follow(job, move->client);
	if (!left)
		left = clean_other(job, move->client);
	if (left && !rc &&
	    record_add(&job->answer, "left_text", job->problem.text))
		return problem_no_memory(&job->problem);
	job->problem = kept;
	return rc;
}

/* Both stores open, and the new one takes an item. */
static int reach_stores(const struct move *move)
{
	struct job *job = move->job;
	struct store *store = turn_to(job, move->from);

	if (store && move->there && move->from == STORE_KEYRING)
		return store_writable(store, &job->problem);
	if (store)
		store = turn_to(job, move->to);
	if (!store)
		return job->problem.result;
	return move->there ? VALETKEY_OK : store_writable(store, &job->problem);
}

/* The account is where it is to be, and the other store is not to be reached. */
static int leave_other(struct job *job, const struct client *client)
{
	if (is_noted(client) &&
	    record_add(&job->answer, "left_text", job->problem.text))
		return problem_no_memory(&job->problem);
	job->problem = (struct problem){0};
	return VALETKEY_OK;
}

int move_account(struct job *job, const struct client *client,
		 enum store_place to)
{
	struct move move = {.job = job,
			    .client = client,
			    .from = job->place,
			    .to = to,
			    .there = job->place == to};
	enum store_place home = job->place;
	int held = -1;
	int rc;

	if (move.there)
		move.from = other_place(to);
	rc = reach_stores(&move);
	job_use_store(job, home);
	if (rc && move.there)
		return leave_other(job, client);
	if (!rc)
		rc = revocations_hold(job, &held);
	/* What was left before is not taken for what counts. */
	if (!rc && is_noted(client))
		rc = clean_other(job, client);
	if (!rc)
		rc = write_note(job, client);
	if (!rc)
		rc = move_noted(&move);
	lock_drop(&held);
	return rc;
}

/* ---- what a run before us left ---- */

void move_recover(const char *id)
{
	struct job job = {.began = clock_ms(), .retry_after_s = -1};
	struct client client = {0};
	struct record ids = {0};
	struct problem ignored = {0};
	const char *name = NULL;
	int lock = -1;

	job.deadline = deadline_in(RECOVER_MS);
	if (client_list_ids(&ids) == VALETKEY_OK)
		name = record_get(&ids, id);
	if (name && client_load_id(name, &client, &ignored) == VALETKEY_OK &&
	    strcmp(client.id, id) == 0 &&
	    lock_take(id, LOCK_GRANT, 0, &lock, &ignored) == VALETKEY_OK &&
	    is_noted(&client) && job_follow(&job, &client) == VALETKEY_OK)
		clean_other(&job, &client);
	lock_drop(&lock);
	job_close_stores(&job);
	client_free(&client);
	record_free(&ids);
}

void move_forget(struct job *job, const struct client *client)
{
	struct problem kept = job->problem;

	if (is_noted(client))
		clean_other(job, client);
	remove_note(client);
	job->problem = kept;
}
