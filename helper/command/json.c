/* SPDX-License-Identifier: MIT */
/*
 * json.c - JSON strings (RFC 8259 section 7) for --format json and --json.
 * The command links no JSON library: it only ever writes.
 */
#include "command.h"
#include "core/text.h"

#include <string.h>

/* The length of the UTF-8 character at the front, 0 where it is none. */
static size_t character(const char *text)
{
	unsigned char c = (unsigned char)*text;
	size_t len = c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;

	return strnlen(text, len) == len && text_utf8(text, len) ? len : 0;
}

int cmd_json_string(struct buf *out, const char *text)
{
	int rc = buf_char(out, '"');

	while (!rc && *text) {
		unsigned char c = (unsigned char)*text;
		size_t len = character(text);

		if (!len)
			rc = buf_str(out, "\\ufffd");
		else if (c == '"' || c == '\\')
			rc = buf_char(out, '\\') || buf_char(out, *text);
		else if (c < 0x20 || c == 0x7f)
			rc = buf_fmt(out, "\\u%04x", c);
		else
			rc = buf_add(out, text, len);
		text += len ? len : 1;
	}
	return rc || buf_char(out, '"') ? VALETKEY_ERR_NOMEM : VALETKEY_OK;
}
