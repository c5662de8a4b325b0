/* SPDX-License-Identifier: MIT */
/*
 * fuzz_resource.c - any document into resource_read(): the first byte chooses the
 * place, a line with the resource's URL follows, the rest is the document. What is
 * taken names that resource, has https authorization servers alone, and can be
 * written into an account's file; a failure is told.
 */
#include "oauth/resource.h"

#include "core/origin.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_found(const struct resource_wish *wish,
			const struct record *found)
{
	const char *resource = record_get(found, "resource");
	char own[ORIGIN_MAX], origin[ORIGIN_MAX];
	const char *server = NULL;
	struct buf lines = {0};

	if (!resource || origin_of(wish->url, own) != 0 ||
	    !origin_is(resource, own) || strchr(resource, '#'))
		abort();
	if (wish->place == RESOURCE_NAMED &&
	    strlen(resource) > strlen(wish->url) + 1)
		abort();
	while ((server = record_next(found, "authorization_server[]", server)))
		if (origin_of(server, origin) != 0 || strpbrk(server, "?#") ||
		    (origin_is_loopback(origin) && !origin_is_loopback(own)))
			abort();
	if (record_write(found, &lines) == RECORD_MALFORMED)
		abort();
	buf_free(&lines);
}

/* Where it would be asked for is where the resource is. */
static void check_place(const struct resource_wish *wish)
{
	char own[ORIGIN_MAX], place[ORIGIN_MAX];
	struct buf url = {0};

	if (resource_place(wish->url, wish->place, &url) == 0 && url.len &&
	    (origin_of(wish->url, own) != 0 ||
	     origin_of(url.data, place) != 0 || strcmp(own, place) != 0))
		abort();
	buf_free(&url);
}

static void run(const char *line, enum resource_place place,
		const struct buf *text)
{
	struct buf url = {0};
	struct record found = {0};
	struct problem problem = {0};
	struct resource_wish wish;
	int rc = resource_canonical(line, &url, &problem);

	if (!rc) {
		wish = (struct resource_wish){url.data, place};
		check_place(&wish);
		rc = resource_read(&wish, text, &found, &problem);
		if (!rc)
			check_found(&wish, &found);
		problem.result = rc ? problem.result : 0;
		resource_named_ok(url.data, buf_text(text), &problem);
	}
	if (rc && (!problem.result || !*problem.text))
		abort();
	record_free(&found);
	buf_free(&url);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *line = size ? memchr(data, '\n', size) : NULL;
	struct buf url = {0}, text = {0};

	if (!line || line == data)
		return 0;
	if (buf_add(&url, data + 1, (size_t)(line - data) - 1) == 0 &&
	    buf_add(&text, line + 1, size - (size_t)(line - data) - 1) == 0)
		run(buf_text(&url), (enum resource_place)(*data % 3), &text);
	buf_free(&url);
	buf_free(&text);
	return 0;
}
