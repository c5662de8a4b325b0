/* SPDX-License-Identifier: MIT */
/*
 * fuzz_relay_head.c - any bytes as the head of a request into relay_head_read().
 * What it takes can be understood in one way only: it is read once more by rules
 * that are written down here a second time.
 */
#include "relay/relay_head.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must_hold(bool good)
{
	if (!good)
		abort();
}

static size_t count_of(const struct relay_head *head, const char *name)
{
	size_t found = 0;

	for (size_t i = 0; i < head->count; i++)
		found += strcasecmp(head->fields[i].name, name) == 0;
	return found;
}

static void check_texts(const struct relay_head *head, const char *text,
			size_t len)
{
	for (size_t i = 0; i < head->count; i++) {
		const char *name = head->fields[i].name;
		const char *value = head->fields[i].value;

		must_hold(name > text && name < text + len);
		must_hold(*name && !name[strcspn(name, " \t\r\n:,;\"/()[]{}")]);
		must_hold(value > name && value < text + len);
		for (; *value; value++)
			must_hold((unsigned char)*value >= ' ' ||
				  *value == '\t');
	}
	must_hold(*head->target == '/');
	for (const char *at = head->target; *at; at++)
		must_hold(*at > ' ' && *at < 0x7f && *at != '#');
	must_hold(strspn(head->method, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") ==
		  strlen(head->method));
}

static void check_frame(const struct relay_head *head)
{
	size_t lengths = count_of(head, "Content-Length");
	size_t codings = count_of(head, "Transfer-Encoding");

	must_hold(count_of(head, "Host") == 1);
	must_hold(lengths + codings <= 1);
	must_hold((head->length >= 0) == (lengths == 1));
	must_hold(head->chunked == (codings == 1));
	must_hold(!head->chunked || !head->old);
	must_hold(strcmp(head->method, "CONNECT") != 0 &&
		  strcmp(head->method, "TRACE") != 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct relay_head head;
	size_t seen = 0, end = 0;
	char *text = malloc(size + 1);

	if (!text)
		return 0;
	/* It comes in parts; the end is where it would be in one. */
	for (size_t len = 1; len <= size && !end; len++) {
		memcpy(text, data, len);
		end = relay_head_end(text, len, &seen);
		must_hold(!end || end == len);
	}
	seen = 0;
	must_hold(relay_head_end((const char *)data, size, &seen) == end);
	free(text);
	text = malloc(end + !end);
	if (!end || !text) {
		relay_head_too_long(&head, (const char *)data, size);
		free(text);
		return 0;
	}
	memcpy(text, data, end); /* its end is watched */
	if (relay_head_read(&head, text, end)) {
		must_hold(head.status >= 400 && head.reason);
	} else {
		check_texts(&head, text, end);
		check_frame(&head);
	}
	free(text);
	return 0;
}
