/* SPDX-License-Identifier: MIT */
/*
 * adding.c - see adding.h. link() would do what adding_commit() does, but not
 * every file system has it.
 */
#include "adding.h"

#include "core/clock.h"
#include "store/lock.h"
#include <valetkey.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ANSWER_MAX (1u << 20)
#define UNDO_MS 10000
#define KEEPER "keeper"

static int cannot_write(struct problem *problem, const char *path)
{
	char quoted[PROBLEM_QUOTE_MAX];
	const char *why = strerror(errno);

	return problem_set(problem, VALETKEY_ERR_ACCOUNT,
			   "Cannot write %s: %s. Make sure that you can write "
			   "to the folder and that the disk is not full.",
			   problem_quote(quoted, path), why);
}

/* ".NAME.SUFFIX", or NAME.conf. */
static int beside(const struct adding *adding, const char *suffix,
		  struct buf *path)
{
	return account_path(path, NULL) ||
	       buf_fmt(path, "/%s%s.%s", strcmp(suffix, "conf") ? "." : "",
		       adding->account, suffix);
}

static int make_directory(const char *path, struct problem *problem)
{
	return mkdir(path, 0700) == 0 || errno == EEXIST
		   ? VALETKEY_OK
		   : cannot_write(problem, path);
}

int adding_make_folder(struct problem *problem)
{
	struct buf path = {0};
	int rc = account_config_home(&path)
		     ? problem_no_memory(problem)
		     : make_directory(path.data, problem);

	if (!rc)
		rc = buf_str(&path, "/valetkey")
			 ? problem_no_memory(problem)
			 : make_directory(path.data, problem);
	buf_free(&path);
	return rc;
}

/* Without what is not a key of the account's file; what is secret must never be
 * one. */
static int take_file_keys(const struct record *request, struct record *keys)
{
	static const char *const others[] = {
	    "op",	   "account",	    "timeout_ms",   "program",
	    "interactive", "client_secret", "refresh_token"};

	if (record_append(keys, request))
		return -1;
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		record_remove(keys, others[i]);
	return 0;
}

static int make_text(const struct adding *adding, const struct record *keys,
		     struct buf *text)
{
	return buf_fmt(text,
		       "# valetkey account %s, see valetkey(1). No secrets "
		       "here.\n",
		       adding->account) ||
	       record_write(keys, text);
}

static int write_text(int fd, const struct buf *text)
{
	size_t done = 0;

	while (done < text->len) {
		ssize_t n = write(fd, text->data + done, text->len - done);

		if (n < 0 && errno != EINTR)
			return -1;
		done += n > 0 ? (size_t)n : 0;
	}
	return fsync(fd);
}

/* A file beside the account's, whole or with the path of what failed. */
static int adding_write_file(const struct buf *path, const struct buf *text)
{
	int fd =
	    open(path->data,
		 O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	int rc = fd < 0 ? -1 : write_text(fd, text);

	if (fd >= 0)
		close(fd);
	return rc;
}

/* A link that leads nowhere is there, too. */
static bool is_taken(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

static int tell_existing(struct problem *problem, const char *account)
{
	return problem_set(problem, VALETKEY_ERR_ARG,
			   "There is an account \"%s\" already. Choose another "
			   "name, or change that one: valetkey edit %s",
			   account, account);
}

/* Before anything is in the keyring: whatever stands here is on the disk. */
static int write_intent(struct job *job, const struct adding *adding)
{
	struct buf path = {0}, text = {0};
	int rc = VALETKEY_OK;

	if (beside(adding, "conf", &path))
		rc = problem_no_memory(&job->problem);
	else if (is_taken(path.data))
		rc = tell_existing(&job->problem, adding->account);
	buf_free(&path);
	if (!rc && (beside(adding, "adding", &path) ||
		    make_text(adding, &adding->keys, &text) ||
		    buf_fmt(&text, KEEPER "=%s\n", store_name(job->store))))
		rc = problem_no_memory(&job->problem);
	if (!rc && (ftruncate(adding->lock, 0) != 0 ||
		    write_text(adding->lock, &text) != 0))
		rc = cannot_write(&job->problem, path.data);
	buf_free(&path);
	buf_free(&text);
	return rc;
}

/* The intent last: as long as it is there, the rest is found. */
static void remove_files(struct adding *adding)
{
	static const char *const files[] = {"new", "answer"};

	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		struct buf path = {0};

		if (beside(adding, files[i], &path) == 0)
			unlink(path.data);
		buf_free(&path);
	}
	lock_remove(&adding->lock, adding->account, LOCK_ADD);
}

static bool is_blank(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && st.st_size == 0;
}

/* What another has left who ended while we waited is cleared first. */
static int take_name(struct job *job, struct adding *adding,
		     void recover(const char *account))
{
	int rc = lock_take(adding->account, LOCK_ADD, job->deadline,
			   &adding->lock, &job->problem);

	if (rc || is_blank(adding->lock))
		return rc;
	lock_drop(&adding->lock);
	recover(adding->account);
	rc = lock_take(adding->account, LOCK_ADD, job->deadline, &adding->lock,
		       &job->problem);
	if (!rc && !is_blank(adding->lock)) {
		lock_drop(&adding->lock);
		rc = problem_set(
		    &job->problem, VALETKEY_ERR_LOCKED,
		    "What an earlier add of %s left behind cannot be removed "
		    "yet. Unlock the keyring, then repeat the command.",
		    adding->account);
	}
	return rc;
}

int adding_begin(struct job *job, struct adding *adding,
		 void recover(const char *account))
{
	const char *name = record_get(&job->request, "account");
	int rc = VALETKEY_OK;

	*adding = (struct adding){.lock = -1};
	if (!name || !account_name_ok(name))
		return problem_set(&job->problem, VALETKEY_ERR_ARG,
				   "The request names no account.");
	strcpy(adding->account, name);
	if (take_file_keys(&job->request, &adding->keys))
		rc = problem_no_memory(&job->problem);
	adding->id = record_get(&adding->keys, "id");
	if (!rc)
		rc = adding_make_folder(&job->problem);
	if (!rc)
		rc = take_name(job, adding, recover);
	if (!rc) {
		rc = write_intent(job, adding);
		if (rc)
			remove_files(adding);
	}
	if (rc)
		adding_leave(adding);
	return rc;
}

bool adding_resume(struct adding *adding, const char *account)
{
	struct problem ignored = {0};
	struct buf path = {0};
	int rc;

	*adding = (struct adding){.lock = -1};
	strcpy(adding->account, account);
	if (lock_take(adding->account, LOCK_ADD, 0, &adding->lock, &ignored))
		return false;
	rc = beside(adding, "adding", &path);
	if (!rc)
		rc = account_read_file(path.data, false, &adding->keys, NULL);
	buf_free(&path);
	if (!rc &&
	    buf_str(&adding->keeper, record_get(&adding->keys, KEEPER)
					 ? record_get(&adding->keys, KEEPER)
					 : ""))
		rc = VALETKEY_ERR_NOMEM;
	record_remove(&adding->keys, KEEPER);
	adding->id = record_get(&adding->keys, "id");
	/* Half a text is as none: nothing was kept before it was whole. */
	if (!rc || rc == VALETKEY_ERR_ARG)
		return true;
	adding_leave(adding);
	return false;
}

bool adding_keep_answer(const struct adding *adding, const struct buf *sealed)
{
	struct buf path = {0};
	bool kept = beside(adding, "answer", &path) == 0 &&
		    adding_write_file(&path, sealed) == 0;

	buf_free(&path);
	return kept;
}

bool adding_read_answer(const struct adding *adding, struct buf *sealed)
{
	struct buf path = {0};
	ssize_t n = -1;
	int fd = -1;

	if (beside(adding, "answer", &path) == 0 &&
	    buf_reserve(sealed, ANSWER_MAX) == 0)
		fd = open(path.data,
			  O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd >= 0) {
		n = read(fd, sealed->data, ANSWER_MAX);
		close(fd);
	}
	buf_free(&path);
	if (n <= 0)
		return false;
	sealed->len = (size_t)n;
	return true;
}

/* If the system cannot refuse to replace, we look first: whoever adds this
 * name by valetkey waits for our lock. */
static int rename_new(const char *from, const char *to)
{
	if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS && errno != EOPNOTSUPP)
		return -1;
	if (!is_taken(to))
		return rename(from, to);
	errno = EEXIST;
	return -1;
}

int adding_commit(struct job *job, const struct adding *adding,
		  const struct record *keys)
{
	struct buf text = {0}, new = {0}, final = {0};
	int rc = VALETKEY_OK;

	if (make_text(adding, keys, &text) || beside(adding, "new", &new) ||
	    beside(adding, "conf", &final))
		rc = problem_no_memory(&job->problem);
	else if (adding_write_file(&new, &text) != 0)
		rc = cannot_write(&job->problem, new.data);
	else if (rename_new(new.data, final.data) == 0)
		rc = VALETKEY_OK;
	else if (errno == EEXIST)
		rc = tell_existing(&job->problem, adding->account);
	else
		rc = cannot_write(&job->problem, final.data);
	buf_free(&text);
	buf_free(&new);
	buf_free(&final);
	return rc;
}

void adding_withdraw(const struct adding *adding)
{
	struct buf path = {0};

	if (beside(adding, "conf", &path) == 0)
		unlink(path.data);
	buf_free(&path);
}

/* A grant is there only if a refresh token was given. A keyring that is locked may
 * hide what it has (KeePassXC). */
static int delete_items(struct job *job, const struct adding *adding)
{
	const struct store_key grant = {.kind = STORE_GRANT, .id = adding->id};
	const struct store_key key = {.kind = STORE_CLIENT, .id = adding->id};
	struct problem kept = job->problem;
	struct store *store = job_store(job);
	int rc = store ? VALETKEY_OK : job->problem.result;

	if (!rc) {
		store_set_deadline(store, deadline_in(UNDO_MS));
		rc = store_writable(store, &job->problem);
	}
	if (!rc && adding->keeper.len)
		store_outlast(store, adding->keeper.data);
	if (!rc)
		rc = store_delete(store, &grant, &job->problem);
	if (!rc)
		rc = store_delete(store, &key, &job->problem);
	job->problem = kept;
	return rc;
}

int adding_finish(struct job *job, struct adding *adding, int rc)
{
	if (!rc || !adding->id || delete_items(job, adding) == VALETKEY_OK)
		remove_files(adding);
	adding_leave(adding);
	return rc;
}

void adding_leave(struct adding *adding)
{
	lock_drop(&adding->lock);
	record_free(&adding->keys);
	buf_free(&adding->keeper);
	adding->id = NULL;
}
