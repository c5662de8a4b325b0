/* SPDX-License-Identifier: MIT */
/*
 * kernel.c - see kernel.h. First the keys, then what a published token says
 * and when it counts.
 */
#include "kernel.h"

#include "clock.h"
#include "descriptor.h"
#include "record.h"
#include "segment.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <stdio.h>
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
/* In a key's payload instead of a token: the address of the segment that has it. */
#define SEGMENT "segment"
#define LAST (INT64_MAX - 1) /* to give way */
#define CROWDED "valetkey-crowded"
#define CROWDED_S 3600

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

struct quota {
	unsigned long keys_most, bytes, bytes_most;
};

/* "3/200 120/20000" at the end of the line. How many keys there are is not asked:
 * discarded ones are among them until the collector comes by. */
static bool read_quota_line(const char *line, struct quota *quota)
{
	size_t len = strcspn(line, "\n");
	char *end;

	for (int slashes = 0; len; len--)
		if (line[len - 1] == '/' && ++slashes == 2)
			break;
	quota->keys_most = strtoul(line + len, &end, 10);
	quota->bytes = strtoul(end, &end, 10);
	quota->bytes_most = *end == '/' ? strtoul(end + 1, NULL, 10) : 0;
	return quota->keys_most && quota->bytes_most;
}

static bool kernel_quota(struct quota *quota)
{
	struct buf text = {0};
	const char *line = NULL;
	bool known;

	if (read_users(&text))
		line = kernel_line_of(text.data, (unsigned long)geteuid());
	known = line && read_quota_line(line, quota);
	buf_free(&text);
	return known;
}

static bool bytes_leave_room(const struct quota *quota, size_t bytes)
{
	return quota->bytes + bytes <=
	       quota->bytes_most - quota->bytes_most / 4;
}

bool keyctl_quota_leaves_room(size_t bytes)
{
	struct quota quota;

	return !kernel_quota(&quota) || bytes_leave_room(&quota, bytes);
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

static bool is_cache(const char *name)
{
	return strncmp(name, KEYCTL_CACHE, strlen(KEYCTL_CACHE)) == 0;
}

static void sweep_segments(const char *name);

void keyctl_discard(const char *name)
{
	long key = keyctl_find(name);

	if (key >= 0) {
		possess();
		discard(key);
		dispossess();
	}
	/* Of one that has timed out too. */
	if (is_cache(name))
		sweep_segments(name);
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

/* One that leads to a segment frees next to nothing: it is the last. */
static int64_t published_at(long key)
{
	struct record record = {0};
	struct buf payload = {0};
	int64_t when = 0;

	if (keyctl_read(key, &payload) &&
	    record_parse_text(&record, payload.data, payload.len, NULL) == 0)
		when = record_get(&record, SEGMENT)
			   ? LAST
			   : record_get_int(&record, "published", 0);
	record_free(&record);
	buf_free(&payload);
	return when;
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

/* Some token has no place, or took another's. Nothing gives way for the note. */
static void note_crowded(void)
{
	char text[] = "1";
	const struct buf mark = {.data = text, .len = 1};

	kernel_put(CROWDED, &mark, CROWDED_S);
}

/* The quota is full: the token that was published first gives way. One that is asked
 * for again is published again, and stays before those that nobody wants. */
static bool drop_oldest(void)
{
	int32_t keys[KEYS_MAX];
	size_t count = list_keys(keys);
	int64_t oldest = LAST + 1;
	long victim = -1;

	for (size_t i = 0; i < count; i++) {
		int64_t when;

		if (!may_go(keys[i]))
			continue;
		when = published_at(keys[i]);
		if (when < oldest) {
			oldest = when;
			victim = keys[i];
		}
	}
	if (victim >= 0 && oldest == LAST)
		note_crowded();
	return victim >= 0 && discard(victim);
}

/* What the key would take of the quota beyond what it has. */
static size_t size_beyond(long key, size_t size)
{
	long old = key < 0 ? 0 : keyctl(KEYCTL_READ, key, 0, 0, 0);

	if (old > 0 && (size_t)old >= size)
		return 0;
	return size + KEY_COST - (old > 0 ? (size_t)old : 0);
}

/* Whether others keep their quarter of the quota, of the keys too. */
static bool quota_fits(const char *name, size_t size, bool *crowd)
{
	long key = keyctl_find(name);
	int32_t keys[KEYS_MAX];
	struct quota quota;

	*crowd = false;
	if (!kernel_quota(&quota))
		return true;
	*crowd =
	    key < 0 && list_keys(keys) >= quota.keys_most - quota.keys_most / 4;
	return !*crowd && bytes_leave_room(&quota, size_beyond(key, size));
}

/* What we cache gives way before the quota is full: it is not ours alone. But not to
 * one more key: that would be the next to go, before it is asked for again. */
static bool make_room(const char *name, size_t size)
{
	bool crowd;

	for (int tries = 0; tries < EVICTIONS_MAX; tries++) {
		if (quota_fits(name, size, &crowd))
			return true;
		if (crowd || !drop_oldest())
			break;
	}
	return false;
}

/* Not if there are too many keys: those are not fewer at once. */
static bool helps_to_drop(const char *name, size_t size)
{
	struct quota quota;

	return !is_cache(name) || !kernel_quota(&quota) ||
	       !bytes_leave_room(&quota, size + KEY_COST);
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
		if (key >= 0 || error != EDQUOT ||
		    !helps_to_drop(name, payload->len) || !drop_oldest())
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

/* What the key has, or the segment that it leads to. */
static bool read_token(const struct name *name, struct record *token)
{
	struct buf text = {0};
	const char *address = NULL;
	bool good = keyctl_read(keyctl_find(name->text), &text) &&
		    record_parse_text(token, text.data, text.len, NULL) == 0;

	buf_free(&text);
	if (good)
		address = record_get(token, SEGMENT);
	if (address) {
		good = segment_read(address, &text);
		record_free(token);
		good = good &&
		       record_parse_text(token, text.data, text.len, NULL) == 0;
		buf_free(&text);
	}
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
			 record_add_int(&all, "published", clock_ms()) ||
			 record_write(&all, payload)
		     ? -1
		     : 0;

	record_free(&all);
	buf_free(&hosts);
	return rc;
}

/* ---- segments ---- */

/* The key's name, behind the number of the keyring that it is in: with the same user a
 * container may have another one. */
static bool segment_owner(const char *name, struct name *owner)
{
	long ring =
	    keyctl(KEYCTL_GET_KEYRING_ID, KEY_SPEC_USER_KEYRING, 0, 0, 0);
	int len = ring < 0 ? -1
			   : snprintf(owner->text, sizeof(owner->text),
				      "%ld/%s", ring, name);

	return len > 0 && len < (int)sizeof(owner->text);
}

/* Whether the segment's key has this address; also if nobody knows. */
static bool key_leads_to(const char *owner, const char *address)
{
	const char *name = strchr(owner, '/');
	struct record record = {0};
	struct buf payload = {0};
	struct name own;
	bool leads = true;
	long key;

	if (!name || !segment_owner(name + 1, &own) ||
	    strcmp(own.text, owner) != 0)
		return true;
	key = keyctl_find(name + 1);
	if (key < 0)
		return errno != ENOKEY && errno != EKEYEXPIRED &&
		       errno != EKEYREVOKED;
	if (keyctl_read(key, &payload) &&
	    record_parse_text(&record, payload.data, payload.len, NULL) == 0)
		leads = record_is(&record, SEGMENT, address);
	record_free(&record);
	buf_free(&payload);
	return leads;
}

static void sweep_segments(const char *name)
{
	struct name owner;

	if (segment_owner(name, &owner))
		segment_sweep(owner.text, key_leads_to);
}

static bool put_in_segment(const char *name, const struct buf *payload,
			   long timeout_s)
{
	struct buf address = {0};
	struct name owner;
	bool good = buf_str(&address, SEGMENT "=") == 0 &&
		    segment_owner(name, &owner) &&
		    segment_make(owner.text, payload, &address) == 0 &&
		    keyctl_put(name, &address, timeout_s);

	buf_free(&address);
	return good;
}

/* ---- publishing ---- */

bool kernel_is_crowded(void)
{
	return keyctl_find(CROWDED) >= 0;
}

/* Nothing gives way if a segment will do. */
static bool put_token(const char *name, const struct buf *payload,
		      long timeout_s)
{
	bool put, crowd;

	if (quota_fits(name, payload->len, &crowd) &&
	    keyctl_put(name, payload, timeout_s))
		return true;
	if (put_in_segment(name, payload, timeout_s))
		return true;
	put = keyctl_put(name, payload, timeout_s);
	if (put || errno == EDQUOT) {
		possess();
		note_crowded();
		dispossess();
	}
	return put;
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
	    !put_token(name.text, &payload, timeout_s))
		keyctl_discard(name.text);
	else
		sweep_segments(name.text);
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
