/* SPDX-License-Identifier: MIT */
/*
 * fuzz_metadata.c - any document into metadata_read(): the first byte chooses
 * the wish, a line with the issuer follows, the rest is the document. What is
 * taken names that issuer, has https endpoints alone, and can be written into
 * an account's file; a failure is told.
 */
#include "oauth/metadata.h"

#include "core/origin.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_url(const char *issuer, const char *key, const char *url)
{
	char origin[ORIGIN_MAX], own[ORIGIN_MAX];
	size_t len = strlen(key);

	if (len < 9 || strcmp(key + len - 9, "_endpoint") != 0)
		return;
	if (origin_of(url, origin) != 0 || origin_of(issuer, own) != 0 ||
	    strchr(url, '#') ||
	    (origin_is_loopback(origin) && !origin_is_loopback(own)))
		abort();
}

static void check_found(const struct metadata_wish *wish,
			const struct record *found)
{
	const char *issuer = record_get(found, "issuer");
	struct buf lines = {0};
	const char *key, *value;
	size_t at = 0;

	if (!issuer || strcmp(issuer, wish->issuer) != 0)
		abort();
	while ((key = record_each(found, &at, &value)))
		check_url(issuer, key, value);
	if (record_write(found, &lines) == RECORD_MALFORMED)
		abort();
	buf_free(&lines);
}

/* Where it would be asked for is where the issuer is. */
static void check_places(const char *issuer)
{
	char own[ORIGIN_MAX], place[ORIGIN_MAX];

	for (int i = 0; i < METADATA_PLACES; i++) {
		struct buf url = {0};

		if (metadata_place(issuer, (enum metadata_place)i, &url) == 0 &&
		    url.len &&
		    (origin_of(issuer, own) != 0 ||
		     (url.len < 2000 && (origin_of(url.data, place) != 0 ||
					 strcmp(own, place) != 0))))
			abort();
		buf_free(&url);
	}
}

static void run(struct metadata_wish *wish, const char *text, size_t len)
{
	struct record found = {0};
	struct problem problem = {0};
	int rc;

	if (!metadata_issuer_ok(wish->issuer))
		return;
	check_places(wish->issuer);
	rc = metadata_read(wish, text, len, &found, &problem);
	if (!rc)
		check_found(wish, &found);
	else if (rc != problem.result || !*problem.text)
		abort();
	record_free(&found);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const auths[] = {NULL, "none", "client_secret_post",
					    "tls_client_auth"};
	static const char *const proofs[] = {NULL, "secret", "key",
					     "certificate", "ask"};
	const uint8_t *line = size ? memchr(data, '\n', size) : NULL;
	struct metadata_wish wish = {0};
	char *text;

	if (!line)
		return 0;
	text = malloc(size);
	if (!text)
		return 0;
	memcpy(text, data, size); /* its end is watched */
	text[line - data] = '\0';
	wish.issuer = text + 1;
	wish.machine = *data & 1;
	wish.auth = auths[*data / 2 % 4];
	wish.proof = proofs[*data / 8 % 5];
	if (line > data)
		run(&wish, text + (line - data) + 1,
		    size - (size_t)(line - data) - 1);
	free(text);
	return 0;
}
