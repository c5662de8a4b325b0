/* SPDX-License-Identifier: MIT */
/*
 * kernel.c - see kernel.h. What a published token says and when it counts; the
 * keys themselves are keyctl.c's.
 */
#include "kernel.h"

#include "clock.h"
#include "keyctl.h"

#include <string.h>

#define LIFETIME_MAX_MS (11LL * 365 * 24 * 3600 * 1000)
#define EARLY_S 60 /* a key goes this long before its token, or half as long */

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
	const char *cache = record_get(account, "cache");

	return !cache || strcmp(cache, "none") != 0;
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

static bool same(const char *a, const char *b)
{
	return a && b && strcmp(a, b) == 0;
}

/* Not over, and nothing that could not have been published. */
static bool good_times(const struct record *token)
{
	int64_t good_until = record_get_int(token, "good_until", 0);
	int64_t now = clock_ms(), issued;

	issued = record_get_int(token, "issued", now + 1);
	return good_until > now && good_until - now <= LIFETIME_MAX_MS &&
	       issued >= -LIFETIME_MAX_MS && issued <= now;
}

/* Whether the payload was published for the account as it is now. */
static bool fits(const struct record *account, const struct record *token)
{
	struct buf hosts = {0};
	bool good = hosts_of(account, &hosts) == 0 &&
		    same(record_get(token, "id"), record_get(account, "id")) &&
		    same(record_get(token, "hosts"), buf_text(&hosts)) &&
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
	    read_token(&name, token) && fits(account, token))
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
	      same(record_get(&token, "access_token"), access_token))))
		keyctl_discard(name.text);
	record_free(&token);
}
