/* SPDX-License-Identifier: MIT */
/*
 * sealed_key.c - see sealed_key.h. Whoever changes the file holds the lock named
 * "sealed"; it is replaced as the items are (sealed_folder.c).
 */
#include "sealed_key.h"

#include "core/account.h"
#include "core/clock.h"
#include "core/kernel.h"
#include "crypto/crypto.h"
#include "lock.h"
#include "sealed_folder.h"
#include <valetkey.h>

#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define KEY_FILE "key"
#define KERNEL_NAME "valetkey-data-key:" /* nothing that may give way */
#define LOCK_MS 20000
#define COLLECTOR_TRIES 20

/* ---- the file ---- */

const struct sealed_holder *sealed_holder_each(size_t *at)
{
	static const struct sealed_holder *const holders[] = {
	    &sealed_passphrase, &sealed_systemd, &sealed_credential};

	return *at < sizeof(holders) / sizeof(*holders) ? holders[(*at)++]
							: NULL;
}

const struct sealed_holder *sealed_holder_named(const char *name)
{
	const struct sealed_holder *holder;
	size_t at = 0;

	while ((holder = sealed_holder_each(&at)))
		if (name && strcmp(holder->name, name) == 0)
			return holder;
	return NULL;
}

int sealed_wrap(const char *own, const char *about, const struct buf *data_key,
		struct record *lines)
{
	struct buf sealed = {0}, digits = {0};
	int rc = crypto_seal(own, about, data_key, &sealed) ||
		 sealed_hex_add(&digits, &sealed) ||
		 record_set(lines, "wrapped", digits.data);

	buf_free(&sealed);
	buf_free(&digits);
	return rc ? -1 : 0;
}

int sealed_unwrap(const char *own, const char *about,
		  const struct record *lines, struct buf *data_key)
{
	struct buf sealed = {0};
	int rc = sealed_hex_read(record_get(lines, "wrapped"), &sealed) ||
		 crypto_unseal(own, about, &sealed, data_key);

	buf_free(&sealed);
	return rc ? -1 : 0;
}

static bool is_key_id(const char *id)
{
	return id && strlen(id) == SEALED_KEY_ID &&
	       strspn(id, "0123456789abcdef") == SEALED_KEY_ID;
}

int sealed_key_parse(const struct buf *text, struct sealed_key_file *file)
{
	*file = (struct sealed_key_file){0};
	if (record_parse_text(&file->lines, buf_text(text), text->len, NULL) ==
	    0) {
		file->id = record_get(&file->lines, "id");
		file->wrapped = record_get(&file->lines, "wrapped");
		file->holder =
		    sealed_holder_named(record_get(&file->lines, "holder"));
	}
	if (file->holder && is_key_id(file->id) && file->wrapped &&
	    record_is(&file->lines, "version", "1"))
		return 0;
	sealed_key_file_free(file);
	return -1;
}

void sealed_key_file_free(struct sealed_key_file *file)
{
	record_free(&file->lines);
	*file = (struct sealed_key_file){0};
}

void sealed_key_free(struct sealed_data_key *key)
{
	buf_free(&key->text);
	key->id[0] = '\0';
}

/* No holder: there is none. */
static int load_key_file(int folder, struct sealed_key_file *file,
			 struct problem *problem)
{
	struct buf text = {0};
	bool found = false;
	int rc = VALETKEY_OK;

	*file = (struct sealed_key_file){0};
	if (folder >= 0)
		rc = sealed_folder_read(folder, KEY_FILE, &text, &found,
					problem);
	if (!rc && found && sealed_key_parse(&text, file))
		rc = problem_set(problem, VALETKEY_ERR_DENIED,
				 "The key file of the sealed store is "
				 "malformed, or a later version's. Put it back "
				 "from a backup.");
	buf_free(&text);
	return rc;
}

static int bind_key(const char *id, const struct sealed_holder *holder,
		    struct buf *about)
{
	return buf_fmt(about, "valetkey-sealed-key 1 %s %s", id, holder->name);
}

/* Opens it with the secret; what comes out has the name that the file says. */
static int unwrap_key(const struct sealed_key_file *file, const char *secret,
		      struct sealed_data_key *key, struct problem *problem)
{
	struct buf about = {0};
	struct sealed_wrapping wrapping = {.secret = secret};
	int rc = bind_key(file->id, file->holder, &about)
		     ? problem_no_memory(problem)
		     : VALETKEY_OK;

	wrapping.about = buf_text(&about);
	if (!rc)
		rc = file->holder->unwrap(&wrapping, &file->lines, &key->text,
					  problem);
	if (!rc && sealed_key_name(key))
		rc = problem_no_memory(problem);
	if (!rc && strcmp(key->id, file->id) != 0)
		rc = problem_set(problem, VALETKEY_ERR_DENIED,
				 "The key file of the sealed store holds "
				 "another key than it says. Put it back from a "
				 "backup.");
	if (rc)
		sealed_key_free(key);
	buf_free(&about);
	return rc;
}

/* What would not open again must not replace what does. Why it does not is said of a
 * key that is in use, so it is not said here. */
static int prove_wrapped(const struct sealed_key_file *file,
			 const struct sealed_wrapping *wrapping,
			 const char *data_key, struct problem *problem)
{
	struct problem why = {0};
	struct buf again = {0};
	int rc = file->holder->unwrap(wrapping, &file->lines, &again, &why);

	if (rc || !text_same(buf_text(&again), data_key))
		rc = problem_set(problem, VALETKEY_ERR_DENIED,
				 "%s does not give back what it is to hold, "
				 "and nothing was changed.",
				 file->holder->name);
	buf_free(&again);
	return rc;
}

/* Replaces the file by one with this holder. */
static int keep_key(int folder, const struct sealed_data_key *key,
		    const struct sealed_holder *holder, const char *secret,
		    struct problem *problem)
{
	struct sealed_key_file file = {.holder = holder};
	struct record *lines = &file.lines;
	struct buf about = {0}, text = {0};
	struct sealed_wrapping wrapping = {.secret = secret};
	int rc = VALETKEY_OK;

	if (record_add(lines, "version", "1") ||
	    record_add(lines, "id", key->id) ||
	    record_add(lines, "holder", holder->name) ||
	    bind_key(key->id, holder, &about))
		rc = problem_no_memory(problem);
	wrapping.about = buf_text(&about);
	if (!rc)
		rc = holder->wrap(&wrapping, &key->text, lines, problem);
	if (!rc && !holder->asks)
		rc = prove_wrapped(&file, &wrapping, buf_text(&key->text),
				   problem);
	if (!rc && record_write(lines, &text))
		rc = problem_no_memory(problem);
	if (!rc)
		rc = sealed_folder_write(folder, KEY_FILE, &text, problem);
	record_free(lines);
	buf_free(&about);
	buf_free(&text);
	return rc;
}

/* ---- in the kernel ---- */

struct kernel_name {
	char text[sizeof(KERNEL_NAME) + SEALED_KEY_ID];
};

static void name_in_kernel(const char *id, struct kernel_name *name)
{
	stpcpy(stpcpy(name->text, KERNEL_NAME), id);
}

static bool key_from_kernel(const char *id, struct sealed_data_key *key)
{
	struct kernel_name name;
	bool good;

	name_in_kernel(id, &name);
	good = keyctl_read(keyctl_find(name.text), &key->text) &&
	       sealed_key_name(key) == 0 && strcmp(key->id, id) == 0;
	if (!good)
		sealed_key_free(key);
	return good;
}

static int tell_unkept(struct problem *problem)
{
	if (errno == EDQUOT)
		return problem_set(
		    problem, VALETKEY_ERR_NO_KEYRING,
		    "The kernel's room for your keys is full of other "
		    "programs' keys (see /proc/keys and /proc/key-users), and "
		    "an unlocked store needs one more. End what made them; or "
		    "root raises kernel.keys.maxkeys and kernel.keys.maxbytes "
		    "with sysctl.");
	return problem_set(problem, VALETKEY_ERR_NO_KEYRING,
			   "The kernel keeps no key for you (keyrings(7)), as "
			   "in many containers: an unlocked store needs that.");
}

/* What is cached of ours gives way to it. */
static bool put_in_kernel(const struct sealed_data_key *key, int64_t seconds)
{
	struct kernel_name name;

	name_in_kernel(key->id, &name);
	return keyctl_put(name.text, &key->text, (long)seconds);
}

/* A person waits for it. Keys of programs that have ended count until the kernel's
 * collector comes by. */
static int key_to_kernel(const struct sealed_data_key *key, int64_t seconds,
			 struct problem *problem)
{
	static const struct timespec pause = {.tv_nsec = 50000000};

	for (int tries = 1; !put_in_kernel(key, seconds); tries++) {
		if (errno != EDQUOT || tries == COLLECTOR_TRIES)
			return tell_unkept(problem);
		nanosleep(&pause, NULL);
	}
	return VALETKEY_OK;
}

static int tell_locked(const struct sealed_holder *holder,
		       struct problem *problem)
{
	return problem_set(
	    problem, VALETKEY_ERR_LOCKED, "%s Run: valetkey unlock",
	    holder ? "The sealed store is locked: its passphrase is needed "
		     "once after each start of the computer."
		   : "The sealed store has no key yet.");
}

static int open_held(const struct sealed_key_file *file,
		     struct sealed_data_key *key, struct problem *problem)
{
	int rc;

	if (file->holder->in_kernel && key_from_kernel(file->id, key))
		return VALETKEY_OK;
	if (file->holder->asks)
		return tell_locked(file->holder, problem);
	rc = unwrap_key(file, NULL, key, problem);
	if (!rc && file->holder->in_kernel)
		put_in_kernel(key, 0);
	return rc;
}

int sealed_key_get(int folder, struct sealed_data_key *key,
		   struct problem *problem)
{
	struct sealed_key_file file;
	int rc = load_key_file(folder, &file, problem);

	if (!rc)
		rc = file.holder ? open_held(&file, key, problem)
				 : tell_locked(NULL, problem);
	sealed_key_file_free(&file);
	return rc;
}

/* ---- what a person does with it ---- */

/* The folder, locked against others who change the key. */
struct key_change {
	int lock;
	int folder; /* -1: there is none */
	struct sealed_key_file file;
};

static int begin_change(struct key_change *change, bool make,
			struct problem *problem)
{
	int rc;

	*change = (struct key_change){.lock = -1, .folder = -1};
	rc = lock_take("sealed", LOCK_GRANT, deadline_in(LOCK_MS),
		       &change->lock, problem);
	if (!rc)
		rc = sealed_folder_open(make, &change->folder, problem);
	if (!rc)
		rc = load_key_file(change->folder, &change->file, problem);
	return rc;
}

static void end_change(struct key_change *change)
{
	sealed_key_file_free(&change->file);
	if (change->folder >= 0)
		close(change->folder);
	lock_drop(&change->lock);
}

static int see_item(const char *name, void *data)
{
	bool *any = data;

	if (*name != '.' && strcmp(name, KEY_FILE) != 0)
		*any = true;
	return 0;
}

/* A new key beside files of another one would hide that its own is gone. */
static int check_no_files(int folder, struct problem *problem)
{
	bool any = false;
	int rc = sealed_folder_each(folder, see_item, &any, problem);

	if (!rc && any)
		rc = problem_set(
		    problem, VALETKEY_ERR_DENIED,
		    "The file `key` is missing from the sealed store, and "
		    "there are files that it has sealed. Put it back from a "
		    "backup; or, to give up what is sealed, run: valetkey "
		    "unlock --reset");
	return rc;
}

int sealed_key_look(enum sealed_key_state *state, const char **holder,
		    struct problem *problem)
{
	struct sealed_data_key key = {0};
	struct problem why = {0};
	struct sealed_key_file file = {0};
	int folder;
	int rc = sealed_folder_open(false, &folder, problem);

	*state = SEALED_KEY_NONE;
	*holder = NULL;
	if (!rc)
		rc = load_key_file(folder, &file, problem);
	if (!rc && !file.holder && folder >= 0)
		rc = check_no_files(folder, problem);
	if (rc || !file.holder)
		goto out;
	*holder = file.holder->name;
	rc = sealed_key_get(folder, &key, &why);
	*state = rc ? SEALED_KEY_LOCKED : SEALED_KEY_OPEN;
	if (rc && (rc != VALETKEY_ERR_LOCKED || !file.holder->asks))
		*problem = why;
	else
		rc = VALETKEY_OK;
	sealed_key_free(&key);
	sealed_key_file_free(&file);
out:
	if (folder >= 0)
		close(folder);
	return rc;
}

const char *sealed_key_holder(void)
{
	struct sealed_key_file file = {0};
	struct problem unread = {0};
	const char *name = NULL;
	int folder;

	if (sealed_folder_open(false, &folder, &unread) == VALETKEY_OK)
		load_key_file(folder, &file, &unread);
	if (file.holder)
		name = file.holder->name;
	sealed_key_file_free(&file);
	if (folder >= 0)
		close(folder);
	return name;
}

static int make_key(struct key_change *change,
		    const struct sealed_opening *opening,
		    struct sealed_data_key *key, struct problem *problem)
{
	int rc = check_no_files(change->folder, problem);

	if (!rc && (crypto_random(&key->text) || sealed_key_name(key)))
		rc = problem_no_memory(problem);
	if (!rc)
		rc = keep_key(change->folder, key, opening->holder,
			      opening->secret, problem);
	return rc;
}

static int open_key(const struct sealed_key_file *file,
		    const struct sealed_opening *opening,
		    struct sealed_data_key *key, struct problem *problem)
{
	if (file->holder != opening->holder)
		return problem_set(problem, VALETKEY_ERR_ARG,
				   "The key of the sealed store has another "
				   "holder: %s. To change that, run: valetkey "
				   "unlock --change --holder %s",
				   file->holder->name, opening->holder->name);
	return unwrap_key(file, opening->secret, key, problem);
}

int sealed_key_unlock(const struct sealed_opening *opening,
		      struct problem *problem)
{
	struct sealed_opening how = *opening;
	struct sealed_data_key key = {0};
	struct key_change change;
	int rc = begin_change(&change, true, problem);
	const struct sealed_holder *held = change.file.holder;

	if (!how.holder)
		how.holder = held ? held : &sealed_passphrase;
	if (!rc && how.seconds && !how.holder->asks)
		rc = problem_set(problem, VALETKEY_ERR_ARG,
				 "A key that is held by %s is always open.",
				 how.holder->name);
	if (!rc)
		rc = held ? open_key(&change.file, &how, &key, problem)
			  : make_key(&change, &how, &key, problem);
	if (!rc && how.holder->asks)
		rc = key_to_kernel(&key, how.seconds, problem);
	sealed_key_free(&key);
	end_change(&change);
	return rc;
}

/* What the kernel has is as open as before, if it had the key before. A kernel that
 * keeps none is told of when somebody needs it to. */
static void settle_kernel(const struct sealed_holder *old,
			  const struct sealed_holder *new,
			  const struct sealed_data_key *key)
{
	struct kernel_name name;

	name_in_kernel(key->id, &name);
	if (!new->in_kernel)
		keyctl_discard(name.text);
	else if (!old->in_kernel)
		put_in_kernel(key, 0);
}

static int change_holder(const struct key_change *change,
			 const struct sealed_opening *old,
			 const struct sealed_opening *new,
			 struct problem *problem)
{
	const struct sealed_holder *held = change->file.holder;
	const struct sealed_holder *holder = new->holder ? new->holder : held;
	struct sealed_data_key key = {0};
	int rc = unwrap_key(&change->file, old->secret, &key, problem);

	if (!rc)
		rc = keep_key(change->folder, &key, holder, new->secret,
			      problem);
	if (!rc)
		settle_kernel(held, holder, &key);
	sealed_key_free(&key);
	return rc;
}

int sealed_key_change(const struct sealed_opening *old,
		      const struct sealed_opening *new, struct problem *problem)
{
	struct key_change change;
	int rc = begin_change(&change, true, problem);

	if (!rc)
		rc = change.file.holder
			 ? change_holder(&change, old, new, problem)
			 : tell_locked(NULL, problem);
	end_change(&change);
	return rc;
}

/* If the file that says which one it is is not there, or cannot be read, all that
 * there are. */
static int drop_data_key(const struct sealed_holder **holder,
			 struct problem *problem)
{
	struct sealed_key_file file = {0};
	struct problem unread = {0};
	struct kernel_name name = {KERNEL_NAME};
	int folder;
	int rc = sealed_folder_open(false, &folder, problem);

	*holder = NULL;
	if (rc || folder < 0)
		return rc;
	load_key_file(folder, &file, &unread);
	*holder = file.holder;
	if (file.id)
		name_in_kernel(file.id, &name);
	if (!keyctl_discard_all(name.text))
		rc = problem_set(problem, VALETKEY_ERR_DENIED,
				 "The kernel does not let go of the key.");
	sealed_key_file_free(&file);
	close(folder);
	return rc;
}

int sealed_key_lock(struct problem *problem)
{
	const struct sealed_holder *holder;
	int rc = drop_data_key(&holder, problem);

	if (!rc && holder && !holder->asks)
		rc = problem_set(problem, VALETKEY_ERR_DENIED,
				 "The sealed store cannot be locked: its key "
				 "is held by %s, and opens whenever it is "
				 "needed. To lock it, let a passphrase hold "
				 "it: valetkey unlock --change --holder "
				 "passphrase",
				 holder->name);
	return rc;
}

struct reset {
	int folder;
	struct problem *problem;
};

static int delete_item_file(const char *name, void *data)
{
	struct reset *reset = data;

	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ||
		       strcmp(name, KEY_FILE) == 0
		   ? VALETKEY_OK
		   : sealed_folder_delete(reset->folder, name, reset->problem);
}

/* The key last: as long as it is there, the rest can be opened. A key file that
 * nobody can read goes too. */
int sealed_key_reset(struct problem *problem)
{
	struct problem unread = {0};
	const struct sealed_holder *holder;
	struct key_change change;
	struct reset reset = {.problem = problem};
	int rc = begin_change(&change, false, &unread);

	reset.folder = change.folder;
	if (change.folder < 0) {
		if (rc)
			*problem = unread;
		end_change(&change);
		return rc;
	}
	rc = sealed_folder_each(change.folder, delete_item_file, &reset,
				problem);
	if (!rc)
		rc = drop_data_key(&holder, problem);
	if (!rc)
		rc = sealed_folder_delete(change.folder, KEY_FILE, problem);
	end_change(&change);
	return rc;
}
