/* SPDX-License-Identifier: MIT */
/*
 * kernel.c - see kernel.h. First the keys, then what a published token says
 * and when it counts.
 */
#include "kernel.h"

#include "clock.h"
#include "descriptor.h"
#include "record.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* See keyctl(2) and user-keyring(7). Raw system calls: libkeyutils would be one more library
 * in every host.
 *
 * What was found out about the kernel: a process may search @u whether or not
 * its session is linked to it, but it reads a key there only with the mask
 * below (possessor all, same user view and read); nobody else gets in with any
 * mask. Adding a key of the same name to @u updates it in place and clears its
 * time-out, so that is set again. A new key gets mask and time-out in the
 * thread's keyring before @u shows it. The quota of a key is given back only
 * when the kernel's collector comes by, that of its payload at once. */

#define PAYLOAD_USUAL 4000
#define MASK 0x3f030000UL
/* The same and "group view", which means nothing to us but that it is spare. */
#define MASK_SPARE 0x3f030100UL
#define MASK_SPARE_TEXT "3f030100"
#define KEYS_MAX 1024
#define ABOUT_MAX 256 /* of what the kernel tells of a key */
#define EVICTIONS_MAX 16
#define KEY_USERS_MAX 16384 /* of that file */
#define KEY_COST 64	    /* bytes of the quota, but for the payload */

/* ---- the user's quota, which all programs of the user share ---- */

/* proc_key_users(5): "UID: USAGE KEYS/INSTANTIATED KEYS/MOST BYTES/MOST", a line
 * for each user. The whole file, or of many users the first. */
static bool read_users(struct buf *text)
{
	int fd = descriptor_lift(open("/proc/key-users", O_RDONLY | O_CLOEXEC));
	ssize_t n = 0;

	if (fd < 0)
		return false;
	if (buf_reserve(text, KEY_USERS_MAX + 1) == 0)
		do {
			text->len += (size_t)n;
			n = read(fd, text->data + text->len,
				 KEY_USERS_MAX - text->len);
		} while (n > 0);
	close(fd);
	return text->len > 0 && buf_char(text, '\0') == 0;
}

static const char *kernel_line_of(const char *text, unsigned long user)
{
	while (text && *text) {
		char *end;

		if (strtoul(text, &end, 10) == user && *end == ':')
			return end + 1;
		text = strchr(text, '\n');
		if (text)
			text++;
	}
	return NULL;
}

/* The numbers at the end of the line; 0: they are not there. */
static unsigned long last_pair(const char *line, unsigned long *used)
{
	size_t len = strcspn(line, "\n");
	char *end;

	while (len && line[len - 1] != ' ')
		len--;
	*used = strtoul(line + len, &end, 10);
	return *end == '/' ? strtoul(end + 1, NULL, 10) : 0;
}

bool keyctl_quota_leaves_room(size_t bytes)
{
	unsigned long used = 0, most = 0;
	struct buf text = {0};
	const char *line;

	if (read_users(&text)) {
		line = kernel_line_of(text.data, (unsigned long)geteuid());
		if (line)
			most = last_pair(line, &used);
	}
	buf_free(&text);
	return !most || used + bytes <= most - most / 4;
}

/* ---- keys ---- */

static long keyctl(int operation, long a, long b, long c, long d)
{
	return syscall(SYS_keyctl, operation, a, b, c, d);
}

/* Without possession a key may be read, but not changed. */
static void possess(void)
{
	keyctl(KEYCTL_LINK, KEY_SPEC_USER_KEYRING, KEY_SPEC_THREAD_KEYRING, 0,
	       0);
}

static void dispossess(void)
{
	keyctl(KEYCTL_UNLINK, KEY_SPEC_USER_KEYRING, KEY_SPEC_THREAD_KEYRING, 0,
	       0);
}

static long add_key(const char *name, const struct buf *payload, long keyring)
{
	return syscall(SYS_add_key, "user", name, payload->data, payload->len,
		       keyring);
}

long keyctl_find(const char *name)
{
	return keyctl(KEYCTL_SEARCH, KEY_SPEC_USER_KEYRING, (long)"user",
		      (long)name, 0);
}

bool keyctl_read(long key, struct buf *payload)
{
	long len;

	if (key < 0 || buf_reserve(payload, PAYLOAD_USUAL))
		return false;
	len = keyctl(KEYCTL_READ, key, (long)payload->data, PAYLOAD_USUAL, 0);
	if (len > PAYLOAD_USUAL && len <= KEYCTL_PAYLOAD_MAX &&
	    buf_reserve(payload, KEYCTL_PAYLOAD_MAX) == 0)
		len = keyctl(KEYCTL_READ, key, (long)payload->data,
			     KEYCTL_PAYLOAD_MAX, 0);
	if (len <= 0 || (size_t)len >= payload->cap)
		return false;
	payload->len = (size_t)len;
	payload->data[len] = '\0';
	return true;
}

long keyctl_hold(const char *name)
{
	long key = keyctl_find(name);

	if (key < 0)
		return 0;
	possess();
	return key;
}

bool keyctl_update(long key, const struct buf *payload, long timeout_s)
{
	if (key <= 0 || payload->len > KEYCTL_PAYLOAD_MAX ||
	    keyctl(KEYCTL_UPDATE, key, (long)payload->data, (long)payload->len,
		   0) != 0)
		return false;
	keyctl(KEYCTL_SET_TIMEOUT, key, timeout_s, 0, 0);
	return true;
}

/* Never by KEYCTL_INVALIDATE: a link that the kernel's collector takes out of
 * @u stays charged to the user, four bytes each. */
static bool discard(long key)
{
	keyctl(KEYCTL_UPDATE, key, (long)"-", 1, 0);
	return keyctl(KEYCTL_UNLINK, key, KEY_SPEC_USER_KEYRING, 0, 0) == 0;
}

void keyctl_spare(const char *name, long timeout_s)
{
	long key = keyctl_find(name);

	if (key < 0)
		return;
	possess();
	keyctl(KEYCTL_SET_TIMEOUT, key, timeout_s, 0, 0);
	keyctl(KEYCTL_SETPERM, key, MASK_SPARE, 0, 0);
	dispossess();
}

void keyctl_discard(const char *name)
{
	long key = keyctl_find(name);

	if (key < 0)
		return;
	possess();
	discard(key);
	dispossess();
}

static bool is_cache(const char *name)
{
	return strncmp(name, KEYCTL_CACHE, strlen(KEYCTL_CACHE)) == 0;
}

/* The key's name in what the kernel tells of it, "user;UID;GID;MASK;NAME". */
static const char *describe(long key, char about[ABOUT_MAX])
{
	long len = keyctl(KEYCTL_DESCRIBE, key, (long)about, ABOUT_MAX, 0);
	const char *end =
	    len > 0 && len <= ABOUT_MAX ? strrchr(about, ';') : NULL;

	return end && strncmp(about, "user;", 5) == 0 ? end + 1 : NULL;
}

/* What may give way: a cache, or what was said to be spare. */
static bool may_go(long key)
{
	char about[ABOUT_MAX];
	const char *name = describe(key, about);

	if (!name)
		return false;
	return is_cache(name) ||
	       (strncmp(name, "valetkey-", 9) == 0 && name - about > 10 &&
		strncmp(name - 9, MASK_SPARE_TEXT, 8) == 0);
}

static size_t list_keys(int32_t keys[KEYS_MAX])
{
	long len = keyctl(KEYCTL_READ, KEY_SPEC_USER_KEYRING, (long)keys,
			  KEYS_MAX * sizeof(*keys), 0);
	size_t count = len > 0 ? (size_t)len / sizeof(*keys) : 0;

	return count < KEYS_MAX ? count : KEYS_MAX;
}

bool keyctl_discard_all(const char *prefix)
{
	int32_t keys[KEYS_MAX];
	char about[ABOUT_MAX];
	size_t count = list_keys(keys);
	bool gone = true;

	possess();
	for (size_t i = 0; i < count; i++) {
		const char *name = describe(keys[i], about);

		if (name && strncmp(name, prefix, strlen(prefix)) == 0)
			gone = discard(keys[i]) && gone;
	}
	dispossess();
	return gone;
}

static int64_t issued(long key)
{
	struct record record = {0};
	struct buf payload = {0};
	int64_t when = 0;

	if (keyctl_read(key, &payload) &&
	    record_parse_text(&record, payload.data, payload.len, NULL) == 0)
		when = record_get_int(&record, "issued", 0);
	record_free(&record);
	buf_free(&payload);
	return when;
}

/* The quota is full: the token that was issued first gives way. */
static bool drop_oldest(void)
{
	int32_t keys[KEYS_MAX];
	size_t count = list_keys(keys);
	int64_t oldest = INT64_MAX;
	long victim = -1;

	for (size_t i = 0; i < count; i++) {
		int64_t when;

		if (!may_go(keys[i]))
			continue;
		when = issued(keys[i]);
		if (when < oldest) {
			oldest = when;
			victim = keys[i];
		}
	}
	return victim >= 0 && discard(victim);
}

static long put_new(const char *name, const struct buf *payload, long timeout_s)
{
	long key = add_key(name, payload, KEY_SPEC_THREAD_KEYRING);
	long rc = key;

	if (key < 0)
		return key;
	if (keyctl(KEYCTL_SETPERM, key, MASK, 0, 0) != 0 ||
	    keyctl(KEYCTL_SET_TIMEOUT, key, timeout_s, 0, 0) != 0 ||
	    keyctl(KEYCTL_LINK, key, KEY_SPEC_USER_KEYRING, 0, 0) != 0)
		rc = -1;
	keyctl(KEYCTL_UNLINK, key, KEY_SPEC_THREAD_KEYRING, 0, 0);
	return rc;
}

static long kernel_put(const char *name, const struct buf *payload,
		       long timeout_s)
{
	long key;

	if (keyctl_find(name) < 0)
		return put_new(name, payload, timeout_s);
	key = add_key(name, payload, KEY_SPEC_USER_KEYRING);
	if (key >= 0) {
		keyctl(KEYCTL_SETPERM, key, MASK, 0, 0);
		keyctl(KEYCTL_SET_TIMEOUT, key, timeout_s, 0, 0);
	}
	return key;
}

/* What we cache gives way before the quota is full: it is not ours alone. */
static bool make_room(const char *name, size_t size)
{
	for (int tries = 0; tries < EVICTIONS_MAX; tries++) {
		long key = keyctl_find(name);
		long old = key < 0 ? 0 : keyctl(KEYCTL_READ, key, 0, 0, 0);
		size_t more =
		    old > 0 && (size_t)old >= size
			? 0
			: size + KEY_COST - (old > 0 ? (size_t)old : 0);

		if (keyctl_quota_leaves_room(more))
			return true;
		if (!drop_oldest())
			break;
	}
	return false;
}

bool keyctl_put(const char *name, const struct buf *payload, long timeout_s)
{
	long key = -1;
	int error = EDQUOT;
	bool may;

	errno = 0;
	if (payload->len > KEYCTL_PAYLOAD_MAX)
		return false;
	possess();
	may = make_room(name, payload->len) || !is_cache(name);
	for (int tries = 0; may && tries < EVICTIONS_MAX; tries++) {
		key = kernel_put(name, payload, timeout_s);
		error = errno;
		if (key >= 0 || error != EDQUOT || !drop_oldest())
			break;
	}
	dispossess();
	errno = error;
	return key >= 0;
}

/* ---- published tokens ---- */

#define LIFETIME_MAX_MS (11LL * 365 * 24 * 3600 * 1000)
/* A key goes this long before its token, or half as long: nobody asks for less
 * than MIN_VALID_S by default. README tells it. */
#define EARLY_S 60

struct name {
	char text[64];
};

static bool name_of(const struct record *account, struct name *name)
{
	const char *id = record_get(account, "id");

	if (!id || strlen(id) + sizeof(KEYCTL_CACHE) > sizeof(name->text))
		return false;
	stpcpy(stpcpy(name->text, KEYCTL_CACHE), id);
	return true;
}

bool kernel_wanted(const struct record *account)
{
	return !record_is(account, "cache", "none");
}

static int hosts_of(const struct record *account, struct buf *hosts)
{
	const char *host = NULL;

	while ((host = record_next(account, "hosts[]", host)))
		if ((hosts->len && buf_char(hosts, ' ')) ||
		    buf_str(hosts, host))
			return -1;
	return 0;
}

/* Not expired, and nothing that could not have been published. */
static bool good_times(const struct record *token)
{
	int64_t good_until = record_get_int(token, "good_until", 0);
	int64_t now = clock_ms(), issued;

	issued = record_get_int(token, "issued", now + 1);
	return good_until > now && good_until - now <= LIFETIME_MAX_MS &&
	       issued >= -LIFETIME_MAX_MS && issued <= now;
}

/* Whether the payload was published for the account as it is now. */
static bool kernel_fits(const struct record *account,
			const struct record *token)
{
	struct buf hosts = {0};
	bool good = hosts_of(account, &hosts) == 0 &&
		    record_is(token, "id", record_get(account, "id")) &&
		    record_is(token, "hosts", buf_text(&hosts)) &&
		    record_get(token, "access_token");

	buf_free(&hosts);
	return good && good_times(token);
}

static bool read_token(const struct name *name, struct record *token)
{
	struct buf text = {0};
	bool good = keyctl_read(keyctl_find(name->text), &text) &&
		    record_parse_text(token, text.data, text.len, NULL) == 0;

	buf_free(&text);
	return good;
}

bool kernel_read(const struct record *account, struct record *token)
{
	struct name name;

	if (kernel_wanted(account) && name_of(account, &name) &&
	    read_token(&name, token) && kernel_fits(account, token))
		return true;
	record_free(token);
	return false;
}

static int make_payload(const struct record *account,
			const struct record *token, struct buf *payload)
{
	struct record all = {0};
	struct buf hosts = {0};
	int rc = hosts_of(account, &hosts) ||
			 record_add(&all, "id", record_get(account, "id")) ||
			 record_add(&all, "hosts", buf_text(&hosts)) ||
			 record_append(&all, token) ||
			 record_write(&all, payload)
		     ? -1
		     : 0;

	record_free(&all);
	buf_free(&hosts);
	return rc;
}

void kernel_publish(const struct record *account, const struct record *token)
{
	int64_t left = record_get_int(token, "good_until", 0) - clock_ms();
	long left_s = (long)(left / 1000);
	long timeout_s = left_s > 2 * EARLY_S ? left_s - EARLY_S : left_s / 2;
	struct buf payload = {0};
	struct name name;

	if (!kernel_wanted(account) || !name_of(account, &name))
		return;
	/* Better no token than one that is no longer current. */
	if (timeout_s < 1 || make_payload(account, token, &payload) ||
	    !keyctl_put(name.text, &payload, timeout_s))
		keyctl_discard(name.text);
	buf_free(&payload);
}

void kernel_withdraw(const struct record *account, const char *access_token)
{
	struct record token = {0};
	struct name name;

	if (name_of(account, &name) &&
	    (!access_token ||
	     (read_token(&name, &token) &&
	      record_is(&token, "access_token", access_token))))
		keyctl_discard(name.text);
	record_free(&token);
}
