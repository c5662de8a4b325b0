/* SPDX-License-Identifier: MIT */
/*
 * status_json.c - `valetkey status --json`, for programs.
 */
#include "status.h"

#include "command/command.h"

#include <stdio.h>
#include <string.h>

static int add_text_member(struct buf *out, const struct entry *entry,
			   const char *key)
{
	const char *value = entry_text(entry, key);

	if (!*value)
		return 0;
	return buf_fmt(out, ",\"%s\":", key) || text_json_string(out, value);
}

static int add_number_member(struct buf *out, const struct entry *entry,
			     const char *key)
{
	return *entry_text(entry, key)
		   ? buf_fmt(out, ",\"%s\":%lld", key,
			     (long long)entry_number(entry, key))
		   : 0;
}

static int add_hosts(struct buf *out, const struct entry *entry)
{
	const char *at = entry_text(entry, "hosts");
	bool first = true;
	int rc = buf_str(out, ",\"hosts\":[");

	while (!rc && *at) {
		size_t len = strcspn(at, " ");
		struct buf host = {0};

		rc = buf_str(out, first ? "" : ",") ||
		     buf_add(&host, at, len) ||
		     text_json_string(out, host.data);
		buf_free(&host);
		first = false;
		at += len;
		at += strspn(at, " ");
	}
	return rc || buf_char(out, ']');
}

static int add_object(struct buf *out, const struct entry *entry)
{
	static const char *const texts[] = {
	    "provider", "name",	       "store",	       "client_id",   "grant",
	    "identity", "identity_id", "scope",	       "state",	      "secret",
	    "proof",	"state_text",  "refusal",      "not_granted", "far",
	    "share",	"dies_by",     "refreshed_by", "holder"};
	int rc = buf_str(out, entry->number ? ",\n {\"account\":"
					    : "{\"account\":") ||
		 text_json_string(out, entry_text(entry, "account"));

	for (size_t i = 0; !rc && i < sizeof(texts) / sizeof(*texts); i++)
		rc = add_text_member(out, entry, texts[i]);
	rc = rc || add_number_member(out, entry, "expires_in") ||
	     add_number_member(out, entry, "expires_at") ||
	     add_number_member(out, entry, "dies_on") ||
	     add_number_member(out, entry, "logged_in_at") ||
	     add_number_member(out, entry, "refreshed_at") ||
	     add_number_member(out, entry, "refused_at") ||
	     add_number_member(out, entry, "revocations") ||
	     add_number_member(out, entry, "revocations_held") ||
	     add_number_member(out, entry, "revocations_since");
	if (!rc && *entry_text(entry, "refresh_token"))
		rc = buf_fmt(out, ",\"refresh_token\":%s",
			     entry_number(entry, "refresh_token") ? "true"
								  : "false");
	if (!rc && entry_number(entry, "no_room"))
		rc = buf_str(out, ",\"no_room\":true");
	rc = rc || add_number_member(out, entry, "secret_expires_at");
	return rc || add_hosts(out, entry) || buf_char(out, '}');
}

static int add_other_object(struct buf *out, const struct record *answer,
			    int64_t n, bool first)
{
	const char *label = NULL;
	int rc = buf_str(out, first ? "" : ",\n ") ||
		 buf_str(out, "{\"account\":\"\",\"state\":\"no_account\","
			      "\"hosts\":[],\"id\":") ||
		 text_json_string(out, other_id(answer, n)) ||
		 buf_str(out, ",\"items\":[");

	first = true;
	while (!rc && (label = other_label(answer, n, label))) {
		rc = (!first && buf_char(out, ',')) ||
		     text_json_string(out, label);
		first = false;
	}
	return rc || buf_str(out, "]}");
}

int status_json(const struct record *answer, int64_t count)
{
	int64_t others = record_get_int(answer, "others", 0);
	struct buf out = {0};
	int rc = buf_char(&out, '[');

	for (int64_t n = 0; !rc && n < count; n++) {
		const struct entry entry = {answer, n};

		rc = add_object(&out, &entry);
	}
	for (int64_t n = 0; !rc && n < others; n++)
		rc = add_other_object(&out, answer, n, !count && !n);
	if (rc || buf_str(&out, "]\n"))
		rc = VALETKEY_ERR_NOMEM;
	else
		fputs(out.data, stdout);
	buf_free(&out);
	return rc;
}
