/* SPDX-License-Identifier: MIT */
/*
 * fuzz_relay_fields.c - any bytes as the head of a server's answer into
 * relay_fields_read(). What goes on to the client is whole lines, each a name
 * and a value, and none of them says how the answer is framed or whose it is.
 */
#include "relay/relay_fields.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_line(const char *line, size_t len)
{
	static const char *const ours[] = {
	    "Content-Length:", "Transfer-Encoding:", "Connection:",
	    "Set-Cookie",      "Access-Control-",    "Upgrade:"};
	const char *colon = memchr(line, ':', len);

	if (!colon || !relay_head_token(line, (size_t)(colon - line)))
		abort();
	for (size_t i = 0; i < len; i++)
		if (((unsigned char)line[i] < ' ' && line[i] != '\t') ||
		    line[i] == 0x7f)
			abort();
	for (size_t i = 0; i < sizeof(ours) / sizeof(*ours); i++)
		if (len >= strlen(ours[i]) &&
		    strncasecmp(line, ours[i], strlen(ours[i])) == 0)
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct relay_fields fields = {.origin = "https://a.example",
				      .self = "http://127.0.0.1:1/s"};
	struct buf out = {0};
	char *text = malloc(size + !size);
	const char *at, *end;

	if (!text)
		return 0;
	if (size)
		memcpy(text, data, size); /* its end is watched */
	relay_fields_read(&fields, text, size, &out);
	if (!fields.garbled && (fields.status < 200 || fields.status > 999))
		abort();
	for (at = buf_text(&out); (end = strstr(at, "\r\n")); at = end + 2)
		check_line(at, (size_t)(end - at));
	if (*at)
		abort();
	for (at = fields.reason; *at; at++)
		if (*at < ' ' || *at > '~')
			abort();
	buf_free(&out);
	free(text);
	return 0;
}
