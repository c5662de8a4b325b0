/* SPDX-License-Identifier: MIT */
/*
 * json.c - whether standard input is one JSON text, in UTF-8 (RFC 8259), for
 * test scripts: exits with 0, or with 1 and why not.
 */
#include <stdio.h>
#include <yajl/yajl_parse.h>

int main(void)
{
	yajl_handle parser = yajl_alloc(NULL, NULL, NULL);
	yajl_status status = yajl_status_ok;
	unsigned char text[4096];
	unsigned char *why;
	size_t n;

	while (status == yajl_status_ok &&
	       (n = fread(text, 1, sizeof(text), stdin)))
		status = yajl_parse(parser, text, n);
	if (status == yajl_status_ok)
		status = yajl_complete_parse(parser);
	if (status != yajl_status_ok) {
		why = yajl_get_error(parser, 0, NULL, 0);
		fprintf(stderr, "json: %s", (const char *)why);
		yajl_free_error(parser, why);
	}
	yajl_free(parser);
	return status != yajl_status_ok;
}
