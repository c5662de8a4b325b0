/* SPDX-License-Identifier: MIT */
/*
 * Ways to write one text inside another: percent encoding as in HTML
 * forms, base64url, JSON strings and HTML text. No state, no libraries.
 */
#ifndef PROVIDER_ENCODE_H
#define PROVIDER_ENCODE_H

#include "util.h"

/*
 * Decodes application/x-www-form-urlencoded text. Strict: every % has two
 * hex digits after it, there is no zero byte, and no blank, control or
 * eight-bit character stands there unencoded. -1 otherwise.
 */
int encode_form_decode(const char *text, size_t len, char **out);

/* Adds the text with all but RFC 3986's unreserved characters encoded. */
void encode_percent(struct buf *buf, const char *text);

/* Adds base64url without padding (RFC 7636, appendix A). */
void encode_base64url(struct buf *buf, const unsigned char *data, size_t len);

/* Adds a JSON string with its quotation marks. */
void encode_json(struct buf *buf, const char *text);

/* Adds text that is safe in HTML, also inside of attributes. */
void encode_html(struct buf *buf, const char *text);

/* A character of A-Z a-z 0-9 - . _ ~ (RFC 3986, section 2.3)? */
bool encode_is_unreserved(char c);

#endif
