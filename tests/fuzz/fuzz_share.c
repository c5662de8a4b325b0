/* SPDX-License-Identifier: MIT */
/*
 * fuzz_share.c - any lines from another machine, as a request and as an answer:
 * what is taken of them has no other keys than those that share.h tells, and of a
 * request at most one value each.
 */
#include "ops/share.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must_be_among(const struct record *record, const char *const *keys,
			  bool once)
{
	const char *key, *value;
	size_t at = 0;

	while ((key = record_each(record, &at, &value))) {
		const char *const *known = keys;

		while (*known && strcmp(*known, key) != 0)
			known++;
		if (!*known)
			abort();
		if (once &&
		    record_next(record, key, record_next(record, key, NULL)))
			abort();
	}
}

static void take_request(const struct record *record)
{
	static const char *const all[] = {
	    "op",	   "account", "scope",	       "resource",
	    "min_valid_s", "refused", "refused_twice", "access_token",
	    NULL};
	struct record request = {0};
	struct problem problem = {0};
	int rc = share_take_request(record, &request, &problem);

	must_be_among(&request, all, true);
	if (rc && (!problem.result || !*problem.text))
		abort();
	if (!rc && !record_is(&request, "op", "get") &&
	    !record_is(&request, "op", "invalidate") &&
	    !record_is(&request, "op", "about"))
		abort();
	if (!rc && !record_is(&request, "op", record_get(record, "op")))
		abort();
	record_free(&request);
}

static void take_answer(const struct record *record)
{
	static const char *const all[] = {
	    "access_token", "expires_at", "expires_in",	 "lifetime",
	    "scope",	    "token_type", "invalidated", "provider",
	    "name",	    "hosts[]",	  NULL};
	struct record answer = {0};

	if (share_take_answer(record, &answer))
		abort();
	must_be_among(&answer, all, false);
	record_free(&answer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct record record = {0};

	if (record_parse_text(&record, (const char *)data, size, NULL) == 0) {
		take_request(&record);
		take_answer(&record);
	}
	record_free(&record);
	return 0;
}
