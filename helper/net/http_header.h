/* SPDX-License-Identifier: MIT */
/*
 * http_header.h - the few response headers that matter to us, taken line by
 * line by http.c. An interim answer (1xx) leaves nothing behind; a value that
 * is too long for its place counts as absent.
 */
#ifndef VALETKEY_HTTP_HEADER_H
#define VALETKEY_HTTP_HEADER_H

#include "net.h"

struct http_headers {
	bool complete; /* the blank line after the last status line came */
	char date[64];
	char retry_after[64];
};

/* One line with its line end. */
void http_header_line(struct http_headers *headers, struct http_answer *answer,
		      const char *line, size_t len);

/* Fills answer->date and answer->retry_after_s when all lines are in. */
void http_header_finish(const struct http_headers *headers,
			struct http_answer *answer);

#endif
