/* SPDX-License-Identifier: MIT */
/*
 * exchange_text.c - see exchange_text.h.
 */
#include "exchange_text.h"

#include "json/json.h"
#include "token_error.h"

#include <string.h>

#define ERROR_NAME_MAX 40

static int add_address(const char *url, struct buf *line)
{
	const char *host = strstr(url, "://");
	const char *end = url + strcspn(url, "?#");
	const char *user;

	host = host && host < end ? host + 3 : url;
	user = memchr(host, '@', strcspn(host, "/?#"));
	return buf_add(line, url, (size_t)(host - url)) ||
	       buf_add(line, user ? user + 1 : host,
		       (size_t)(end - (user ? user + 1 : host)));
}

/* A server can call its error by what it was sent. */
static bool is_error_name(const struct http_request *request, const char *name)
{
	size_t len = strlen(name);

	return len > 0 && len <= ERROR_NAME_MAX &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyz"
			    "ABCDEFGHIJKLMNOPQRSTUVWXYZ_-. ") == len &&
	       !(request->form && strstr(buf_text(request->form), name)) &&
	       !(request->basic_password &&
		 strstr(request->basic_password, name)) &&
	       !(request->bearer && strstr(request->bearer, name));
}

static int add_error(const struct net_exchange *exchange, struct buf *line)
{
	const struct http_answer *answer = exchange->answer;
	struct json json = {0};
	const char *name = NULL;
	int rc = 0;

	if (json_parse(buf_text(&answer->body), answer->body.len, &json) == 0 &&
	    token_error_is(&json, answer->status))
		name = token_error_name(&json);
	if (name && is_error_name(exchange->request, name))
		rc = buf_fmt(line, ", %s", name);
	json_free(&json);
	return rc;
}

int exchange_text(const struct net_exchange *exchange, struct buf *line)
{
	const struct http_request *request = exchange->request;
	const struct http_answer *answer = exchange->answer;
	const char *method = request->remove ? "DELETE"
			     : request->form ? "POST"
					     : "GET";
	int rc =
	    buf_fmt(line, "%s ", method) || add_address(request->url, line);

	if (!rc && exchange->result)
		rc = buf_fmt(line, ": %s", exchange->problem->text);
	else if (!rc)
		rc = buf_fmt(line, ": HTTP status %ld", answer->status) ||
		     add_error(exchange, line) || buf_char(line, '.');
	return rc || buf_fmt(line, " %lld ms.", (long long)exchange->ms);
}
