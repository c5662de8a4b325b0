/* SPDX-License-Identifier: MIT */
/*
 * park.c - see park.h. What lies in the key or the file is either a line
 * "in-flight since=T", padded to the size that will be needed, or what was
 * sealed.
 */
#include "park.h"

#include "core/buf.h"
#include "core/clock.h"
#include "core/kernel.h"
#include "place.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- the file, if the kernel has no room ---- */

/* A file beside the account's, or in place.h's other place if that folder takes
 * none. What lies there is sealed (park.h). It outlives the process, and a reboot
 * too once the system has written it.
 *
 * The file begins with the length of what counts, so that a shorter payload
 * goes over the room that was taken without giving any of it back: a full disk
 * must not come in between. Whatever else somebody has put there, no open()
 * waits for it. */

#define PARK_FILE_MAX (512u << 10)

/* The file is .ID.SLOT. */
struct park_file {
	const char *id;
	const char *slot; /* "parked" or "parked-login" */
};

static int open_file(const struct park_file *file, enum place place, int flags)
{
	struct buf path = {0};
	int fd = -1;

	if (place_path(place, file->id, file->slot, &path) == 0)
		fd = open(path.data,
			  flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
	buf_free(&path);
	return fd;
}

/* If the folder has become read-only, what is of no use is emptied. */
static void park_file_remove_at(const struct park_file *file, enum place place)
{
	struct buf path = {0};

	if (place_path(place, file->id, file->slot, &path) == 0 &&
	    unlink(path.data) != 0)
		(void)!truncate(path.data, 0);
	buf_free(&path);
}

static bool park_file_write(int fd, const struct buf *all)
{
	bool good =
	    fd >= 0 && pwrite(fd, all->data, all->len, 0) == (ssize_t)all->len;

	if (fd >= 0)
		close(fd);
	return good;
}

/* Puts it in place of what is there; room once taken is not given back. */
static bool park_file_put(const struct park_file *file,
			  const struct buf *payload)
{
	uint32_t len = (uint32_t)payload->len;
	struct buf all = {0};
	bool good = false;

	if (payload->len > PARK_FILE_MAX ||
	    buf_add(&all, (const char *)&len, sizeof(len)) ||
	    buf_add(&all, payload->data, payload->len))
		goto out;
	good = park_file_write(
	    open_file(file, PLACE_ACCOUNT, O_WRONLY | O_CREAT), &all);
	if (good) {
		park_file_remove_at(file, PLACE_RUNTIME);
	} else {
		place_make_runtime();
		good = park_file_write(
		    open_file(file, PLACE_RUNTIME, O_WRONLY | O_CREAT), &all);
	}
out:
	buf_free(&all);
	return good;
}

static bool park_file_read_from(int fd, struct buf *payload)
{
	struct stat st;
	uint32_t len;
	bool good;

	if (fd < 0)
		return false;
	good = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	       st.st_uid == geteuid() &&
	       read(fd, &len, sizeof(len)) == (ssize_t)sizeof(len) &&
	       len <= PARK_FILE_MAX && buf_reserve(payload, len) == 0 &&
	       read(fd, payload->data, len) == (ssize_t)len;
	close(fd);
	if (good) {
		payload->len = len;
		payload->data[len] = '\0';
	}
	return good;
}

/* False: there is none, or none of ours. `payload` must be empty. */
static bool park_file_read(const struct park_file *file, struct buf *payload)
{
	/* This one is there only if the other could not be written. */
	if (park_file_read_from(open_file(file, PLACE_RUNTIME, O_RDONLY),
				payload))
		return true;
	buf_clear(payload);
	return park_file_read_from(open_file(file, PLACE_ACCOUNT, O_RDONLY),
				   payload);
}

static void park_file_remove(const struct park_file *file)
{
	park_file_remove_at(file, PLACE_ACCOUNT);
	park_file_remove_at(file, PLACE_RUNTIME);
}

/* ---- parking ---- */

#define IN_FLIGHT "in-flight "
#define KEEP_S (30L * 24 * 3600)
#define STAY_S 60

struct key_name {
	char text[64];
};

static struct key_name name_of_key(const struct park_place *place)
{
	struct key_name name;

	snprintf(name.text, sizeof(name.text), "valetkey-%s:%s",
		 place->slot == PARK_LOGIN ? "login" : "parked", place->id);
	return name;
}

static struct park_file file_of(const struct park_place *place)
{
	return (struct park_file){
	    place->id, place->slot == PARK_LOGIN ? "parked-login" : "parked"};
}

static bool is_in_flight(const struct buf *payload)
{
	return strncmp(buf_text(payload), IN_FLIGHT, strlen(IN_FLIGHT)) == 0;
}

static enum park_state unseal(const struct park_place *place,
			      const struct buf *payload, struct buf *plain)
{
	if (is_in_flight(payload))
		return PARK_IN_FLIGHT;
	if (place->seal && seal_open(place->seal, payload, plain) == 0)
		return PARK_SEALED;
	buf_clear(plain);
	return PARK_FOREIGN;
}

enum park_state park_read(const struct park_place *place, struct buf *plain)
{
	const struct key_name name = name_of_key(place);
	const struct park_file file = file_of(place);
	enum park_state in_key = PARK_EMPTY, in_file = PARK_EMPTY;
	struct buf payload = {0};

	if (keyctl_read(keyctl_find(name.text), &payload))
		in_key = unseal(place, &payload, plain);
	buf_free(&payload);
	if (in_key != PARK_SEALED && park_file_read(&file, &payload))
		in_file = unseal(place, &payload, plain);
	buf_free(&payload);
	return in_file > in_key ? in_file : in_key;
}

static bool put_payload(const struct park_place *place,
			const struct buf *payload)
{
	const struct key_name name = name_of_key(place);
	const struct park_file file = file_of(place);

	if (keyctl_put(name.text, payload, KEEP_S))
		return true;
	if (!park_file_put(&file, payload))
		return false;
	/* What the key has by now is less than this. */
	keyctl_discard(name.text);
	return true;
}

bool park_reserve(struct park_place *place, size_t size)
{
	struct buf payload = {0};
	bool good;

	park_release(place);
	size += SEAL_OVERHEAD;
	if (size > KEYCTL_PAYLOAD_MAX)
		size = KEYCTL_PAYLOAD_MAX;
	good = sealer_open(place->seal, &place->sealer) == 0 &&
	       buf_fmt(&payload, IN_FLIGHT "since=%lld",
		       (long long)clock_ms()) == 0 &&
	       (payload.len >= size ||
		buf_fmt(&payload, "%*s", (int)(size - payload.len), "") == 0) &&
	       put_payload(place, &payload);
	if (good)
		place->key = keyctl_hold(name_of_key(place).text);
	buf_free(&payload);
	return good;
}

bool park_put(struct park_place *place, const struct buf *plain,
	      struct buf *sealed)
{
	buf_clear(sealed);
	if (!place->seal ||
	    (!place->sealer && sealer_open(place->seal, &place->sealer)) ||
	    sealer_seal(place->sealer, plain, sealed))
		return false;
	return keyctl_update(place->key, sealed, KEEP_S) ||
	       put_payload(place, sealed);
}

bool park_copy(const struct park_place *place, struct buf *payload)
{
	const struct key_name name = name_of_key(place);
	const struct park_file file = file_of(place);
	struct buf plain = {0};
	bool in_key = keyctl_read(keyctl_find(name.text), payload) &&
		      unseal(place, payload, &plain) == PARK_SEALED;

	buf_free(&plain);
	if (in_key)
		return true;
	buf_clear(payload);
	return park_file_read(&file, payload);
}

void park_put_back(const struct park_place *place, const struct buf *payload)
{
	put_payload(place, payload);
}

void park_release(struct park_place *place)
{
	sealer_close(place->sealer);
	place->sealer = NULL;
}

void park_keep(const struct park_place *place)
{
	const struct key_name name = name_of_key(place);
	const struct park_file file = file_of(place);
	struct buf payload = {0};

	if (keyctl_read(keyctl_find(name.text), &payload) &&
	    !is_in_flight(&payload))
		park_file_put(&file, &payload);
	buf_free(&payload);
}

void park_stored(const struct park_place *place, int64_t good_for)
{
	const struct key_name name = name_of_key(place);
	const struct park_file file = file_of(place);
	int64_t left = good_for + STAY_S;

	if (keyctl_find(name.text) < 0)
		return;
	keyctl_spare(name.text, left < KEEP_S ? (long)left : KEEP_S);
	park_file_remove(&file);
}

void park_clear(const struct park_place *place)
{
	const struct key_name name = name_of_key(place);
	const struct park_file file = file_of(place);

	keyctl_discard(name.text);
	park_file_remove(&file);
}

void park_forget(const char *id)
{
	park_clear(&(struct park_place){.id = id, .slot = PARK_REFRESH});
	park_clear(&(struct park_place){.id = id, .slot = PARK_LOGIN});
}
