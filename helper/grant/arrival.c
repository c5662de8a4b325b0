/* SPDX-License-Identifier: MIT */
/*
 * arrival.c - see arrival.h. What is parked are the lines of `about`, a blank
 * line, and the bytes as they came. Nothing here needs memory while an answer of
 * the usual size comes in.
 */
#include "arrival.h"

#include "core/clock.h"
#include "store/machine.h"
#include <valetkey.h>

#include <string.h>
#include <time.h>

#define MORE 2048 /* by which an answer may be longer than the last one */
#define HEAD_MORE 128
#define BODY_USUAL 16384
#define WHOLE_NO "whole=no \n\n"
#define WHOLE_YES "whole=yes\n\n"

/* A server that sends a large answer bit by bit must not make us seal it a
 * hundred thousand times: after so many bytes each time that it has doubled. */
#define WORK ((size_t)16 << 20)

int arrival_expect(struct arrival *arrival, const struct client *client,
		   size_t usual)
{
	struct buf *plain = &arrival->plain, machine = {0};
	char boot[BOOT_ID_SIZE];
	int rc = VALETKEY_ERR_NOMEM;

	boot_id(boot);
	if (machine_mark(client, &machine) == 0 &&
	    record_add(&arrival->about, "answer", "1") == 0 &&
	    record_add(&arrival->about, "machine", machine.data) == 0 &&
	    record_add(&arrival->about, "boot", boot) == 0 &&
	    record_write(&arrival->about, plain) == 0 &&
	    buf_reserve(plain, HEAD_MORE + BODY_USUAL) == 0 &&
	    buf_reserve(&arrival->sealed, plain->cap) == 0)
		rc = VALETKEY_OK;
	if (!rc && arrival->place.seal)
		park_reserve(&arrival->place,
			     plain->len + HEAD_MORE + usual + MORE);
	buf_free(&machine);
	return rc;
}

/* When the first of it comes. */
static bool write_head(struct arrival *arrival)
{
	struct buf *plain = &arrival->plain;

	if (record_add_int(&arrival->about, "issued_at", time(NULL)) ||
	    record_add_int(&arrival->about, "issued_clock", clock_ms()) ||
	    buf_fmt(plain, "issued_at=%s\nissued_clock=%s\n" WHOLE_NO,
		    record_get(&arrival->about, "issued_at"),
		    record_get(&arrival->about, "issued_clock")))
		return false;
	arrival->head_len = plain->len;
	return true;
}

void arrival_take(const struct buf *body, bool whole, void *data)
{
	struct arrival *arrival = data;
	struct buf *plain = &arrival->plain;
	size_t have;

	arrival->parked = false;
	if (!arrival->head_len && !write_head(arrival))
		return;
	have = plain->len - arrival->head_len;
	if (buf_add(plain, body->data + have, body->len - have))
		return;
	arrival->whole = whole;
	memcpy(plain->data + arrival->head_len - strlen(WHOLE_YES),
	       whole ? WHOLE_YES : WHOLE_NO, strlen(WHOLE_YES));
	if (!whole && arrival->work >= WORK &&
	    body->len < 2 * arrival->parked_len)
		return;
	arrival->work += plain->len;
	arrival->parked_len = body->len;
	arrival->parked = park_put(&arrival->place, plain, &arrival->sealed);
}

struct buf arrival_body(const struct arrival *arrival)
{
	const struct buf *plain = &arrival->plain;

	if (!arrival->head_len)
		return (struct buf){0};
	return (struct buf){.data = plain->data + arrival->head_len,
			    .len = plain->len - arrival->head_len};
}

/* True if it is what we park, or what an earlier version did. */
static bool read_head(struct arrival *arrival)
{
	const struct buf *plain = &arrival->plain;
	const char *end = strstr(buf_text(plain), "\n\n");
	const char *whole;

	arrival->head_len = end ? (size_t)(end - plain->data) + 2 : plain->len;
	if (record_parse_text(&arrival->about, plain->data, arrival->head_len,
			      NULL))
		return false;
	whole = record_get(&arrival->about, "whole");
	arrival->whole = whole && strcmp(whole, "yes") == 0;
	arrival->is_grant = !record_get(&arrival->about, "answer");
	return true;
}

enum park_state arrival_find(struct arrival *arrival)
{
	enum park_state state = park_read(&arrival->place, &arrival->plain);

	if (state == PARK_SEALED && !read_head(arrival))
		state = PARK_FOREIGN;
	arrival->parked = state == PARK_SEALED;
	return state;
}

void arrival_free(struct arrival *arrival)
{
	park_release(&arrival->place);
	record_free(&arrival->about);
	buf_free(&arrival->plain);
	buf_free(&arrival->sealed);
}
