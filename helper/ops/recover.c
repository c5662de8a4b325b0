/* SPDX-License-Identifier: MIT */
/*
 * recover.c - see recover.h. Whoever works on something holds its lock, and the
 * kernel lets go of it with him: what can be locked without waiting is nobody's.
 */
#include "recover.h"

#include "adding.h"
#include "core/account.h"
#include "core/clock.h"
#include "grant/move.h"
#include "job/job.h"
#include "registration_answer.h"
#include "store/lock.h"
#include "store/place.h"
#include "store/traces.h"
#include <valetkey.h>

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define LIMIT_MS 20000

/* What the folder has of ours, by what it may be; locks may also be in lock.h's
 * other place. */
struct folder {
	struct record adding; /* NAME= */
	struct record locks;  /* ID=lock or login */
	struct record links;  /* NAME.conf=, a link to elsewhere */
	struct record moving; /* ID= */
};

/* ---- an add on its way ---- */

/* 0: there is an account by it now. */
static int finish_add(struct job *job, const struct adding *adding,
		      const struct record *ids)
{
	if (adding->id && record_get(ids, adding->id))
		return VALETKEY_OK;
	return registration_answer_resume(job, adding) ? VALETKEY_OK
						       : VALETKEY_ERR_CANCELED;
}

void recover_adding(const char *account)
{
	struct job job = {.began = clock_ms(), .retry_after_s = -1};
	struct record ids = {0};
	struct adding adding;

	job.deadline = job.began + LIMIT_MS;
	if (!adding_resume(&adding, account))
		return;
	if (client_list_ids(&ids) == VALETKEY_OK &&
	    job_use_store_of(&job, &adding.keys) == VALETKEY_OK)
		adding_finish(&job, &adding, finish_add(&job, &adding, &ids));
	else
		adding_leave(&adding);
	job_close_stores(&job);
	record_free(&job.answer);
	record_free(&ids);
}

/* ---- locks ---- */

/* What an account's lock has noted protects its grant: it stays, should the file
 * only be elsewhere for a while. `remove` empties it. */
static bool is_spare(int fd, enum lock_kind kind)
{
	struct stat st;

	return kind == LOCK_LOGIN || (fstat(fd, &st) == 0 && st.st_size == 0);
}

static void remove_lock(const char *id, enum lock_kind kind)
{
	struct problem ignored = {0};
	int fd;

	if (lock_take(id, kind, 0, &fd, &ignored))
		return;
	if (is_spare(fd, kind)) {
		traces_uncache(id);
		lock_remove(&fd, id, kind);
	}
	lock_drop(&fd);
}

/* The accounts are read after the locks were seen: one that is new since has
 * none of these. */
static void remove_locks(const struct record *locks)
{
	struct record ids = {0};
	const char *id, *kind;
	size_t at = 0;

	if (locks->pairs.len && client_list_ids(&ids) == VALETKEY_OK)
		while ((id = record_each(locks, &at, &kind)))
			if (!record_get(&ids, id))
				remove_lock(id, strcmp(kind, "login") == 0
						    ? LOCK_LOGIN
						    : LOCK_GRANT);
	record_free(&ids);
}

/* ---- files on their way to be an account's ---- */

static void remove_copy(int folder, const char *name)
{
	int fd = openat(folder, name,
			O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

	if (fd < 0)
		return;
	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		unlinkat(folder, name, 0);
	close(fd);
}

/* "ACCOUNT.conf.new-XXXXXX"; once they were named ".new-XXXXXX". */
static bool is_copy(const char *name, const char *of)
{
	const char *tail = strlen(name) > 11 ? name + strlen(name) - 11 : name;

	if (strncmp(tail, ".new-", 5) != 0 || strlen(tail) != 11)
		return false;
	if (of)
		return strncmp(name, of, strlen(of)) == 0 &&
		       name + strlen(of) == tail;
	return tail == name ||
	       (tail - name > 5 && strncmp(tail - 5, ".conf", 5) == 0);
}

/* A file that is a link is written where it leads to. */
static void remove_copies_elsewhere(const char *conf)
{
	struct buf path = {0};
	struct dirent *entry;
	DIR *dir = NULL;
	char *real = NULL, *base;

	if (account_path(&path, conf) == VALETKEY_OK)
		real = realpath(path.data, NULL);
	buf_free(&path);
	base = real ? strrchr(real, '/') : NULL;
	if (base) {
		*base++ = '\0';
		dir = opendir(*real ? real : "/");
	}
	while (dir && (entry = readdir(dir)))
		if (is_copy(entry->d_name, base))
			remove_copy(dirfd(dir), entry->d_name);
	if (dir)
		closedir(dir);
	free(real);
}

/* ---- the folder ---- */

static bool ends_with(char *name, const char *suffix)
{
	size_t len = strlen(name), tail = strlen(suffix);

	if (len <= tail || strcmp(name + len - tail, suffix) != 0)
		return false;
	name[len - tail] = '\0';
	return true;
}

static void see_hidden(struct folder *folder, char *name)
{
	if (ends_with(name, ".adding")) {
		if (account_name_ok(name))
			record_add(&folder->adding, name, "");
	} else if (ends_with(name, ".moving")) {
		if (account_id_ok(name))
			record_add(&folder->moving, name, "");
	} else if (ends_with(name, ".lock")) {
		if (account_id_ok(name))
			record_add(&folder->locks, name, "lock");
	} else if (ends_with(name, ".login") && account_id_ok(name)) {
		record_add(&folder->locks, name, "login");
	}
}

static void see_folder(enum place place, struct folder *folder)
{
	struct buf path = {0};
	struct dirent *entry;
	DIR *dir = NULL;

	if (place_folder(place, &path) == 0)
		dir = opendir(path.data);
	buf_free(&path);
	while (dir && (entry = readdir(dir))) {
		if (is_copy(entry->d_name, NULL))
			remove_copy(dirfd(dir), entry->d_name);
		else if (entry->d_type == DT_LNK)
			record_add(&folder->links, entry->d_name, "");
		else if (*entry->d_name == '.')
			see_hidden(folder, entry->d_name + 1);
	}
	if (dir)
		closedir(dir);
}

void recover_all(void)
{
	struct folder folder = {0};
	const char *name, *value;
	size_t at = 0;

	see_folder(PLACE_ACCOUNT, &folder);
	see_folder(PLACE_RUNTIME, &folder);
	while ((name = record_each(&folder.adding, &at, &value)))
		recover_adding(name);
	at = 0;
	while ((name = record_each(&folder.moving, &at, &value)))
		move_recover(name);
	at = 0;
	while ((name = record_each(&folder.links, &at, &value)))
		remove_copies_elsewhere(name);
	remove_locks(&folder.locks);
	record_free(&folder.adding);
	record_free(&folder.links);
	record_free(&folder.moving);
	record_free(&folder.locks);
}
