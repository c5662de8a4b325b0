/* SPDX-License-Identifier: MIT */
/*
 * http_header.c - response headers, see http_header.h. Lines come from the
 * network: they may hold any byte, be without a value, or be of any length.
 * Of libcurl only its parser for HTTP dates (RFC 9110 5.6.7) is used.
 */
#include "http_header.h"

#include <ctype.h>
#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#define DAY_S 86400

/* Where the line has that name: its value without white space around it. */
static const char *http_header_value_of(const char *line, size_t *len,
					const char *name)
{
	size_t from = strlen(name);
	size_t end = *len;

	if (end <= from || strncasecmp(line, name, from) != 0 ||
	    line[from] != ':')
		return NULL;
	from++;
	while (from < end && (line[from] == ' ' || line[from] == '\t'))
		from++;
	while (end > from && isspace((unsigned char)line[end - 1]))
		end--;
	*len = end - from;
	return line + from;
}

static bool http_header_take(const char *line, size_t len, const char *name,
			     char *out, size_t size)
{
	const char *value = http_header_value_of(line, &len, name);

	if (!value)
		return false;
	if (len >= size || memchr(value, '\0', len))
		len = 0;
	memcpy(out, value, len);
	out[len] = '\0';
	return true;
}

/* Without parameters and in lower case. */
static void trim_type(char *type)
{
	type[strcspn(type, "; \t")] = '\0';
	for (; *type; type++)
		*type = (char)tolower((unsigned char)*type);
}

static void start_over(struct http_headers *headers, struct http_answer *answer)
{
	*headers = (struct http_headers){0};
	answer->location[0] = '\0';
	answer->content_type[0] = '\0';
}

void http_header_line(struct http_headers *headers, struct http_answer *answer,
		      const char *line, size_t len)
{
	if (len >= 5 && memcmp(line, "HTTP/", 5) == 0)
		start_over(headers, answer);
	else if (len && len <= 2 && line[len - 1] == '\n')
		headers->complete = true;
	else if (http_header_take(line, len, "Content-Type",
				  answer->content_type,
				  sizeof(answer->content_type)))
		trim_type(answer->content_type);
	else if (!http_header_take(line, len, "Location", answer->location,
				   sizeof(answer->location)) &&
		 !http_header_take(line, len, "Date", headers->date,
				   sizeof(headers->date)))
		http_header_take(line, len, "Retry-After", headers->retry_after,
				 sizeof(headers->retry_after));
}

/* RFC 9110 10.2.3: seconds, or a date, which the server's own clock judges. */
static int64_t retry_after(const char *text, int64_t now)
{
	int64_t wait;
	time_t date;

	if (!*text)
		return -1;
	if (strspn(text, "0123456789") == strlen(text)) {
		wait = strlen(text) > 9 ? DAY_S : strtol(text, NULL, 10);
	} else {
		date = curl_getdate(text, NULL);
		if (date < 0)
			return -1;
		wait = (int64_t)date - now;
	}
	return wait < 0 ? 0 : wait > DAY_S ? DAY_S : wait;
}

void http_header_finish(const struct http_headers *headers,
			struct http_answer *answer)
{
	time_t date = *headers->date ? curl_getdate(headers->date, NULL) : 0;

	answer->date = date > 0 ? (int64_t)date : 0;
	answer->retry_after_s =
	    retry_after(headers->retry_after,
			answer->date ? answer->date : (int64_t)time(NULL));
}
