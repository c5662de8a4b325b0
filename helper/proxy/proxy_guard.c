/* SPDX-License-Identifier: MIT */
/*
 * proxy_guard.c - see proxy_guard.h. Decides before anything of a request is
 * used: what it refuses causes no request to any server.
 */
#include "proxy_guard.h"

#include "core/buf.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define BASIC_MAX 2048

/* ---- the secret ---- */

bool proxy_guard_secret_is(const struct proxy_guard *guard, const char *text,
			   size_t len)
{
	volatile unsigned char differs = 0;

	if (len != PROXY_SECRET_LENGTH)
		return false;
	for (size_t i = 0; i < PROXY_SECRET_LENGTH; i++)
		differs |= (unsigned char)(text[i] ^ guard->secret[i]);
	return !differs;
}

size_t proxy_guard_path(const struct proxy_guard *guard, const char *target)
{
	size_t len = *target == '/' ? strcspn(target + 1, "/?") : 0;

	return guard->in_path && proxy_guard_secret_is(guard, target + 1, len)
		   ? len + 1
		   : 0;
}

static int base64_digit(char c)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "abcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) : -1;
}

/* Appends what base64 text (RFC 4648 4) stands for; -1 if it is not any. */
static int decode_base64(const char *text, struct buf *out)
{
	unsigned long bits = 0;
	unsigned have = 0;
	int rc = 0;

	for (; !rc && base64_digit(*text) >= 0; text++) {
		bits =
		    (bits << 6 | (unsigned long)base64_digit(*text)) & 0xfffff;
		have += 6;
		if (have >= 8) {
			have -= 8;
			rc = buf_char(out, (char)(bits >> have & 0xff));
		}
	}
	return rc || text[strspn(text, "=")] ? -1 : 0;
}

/* The password; whoever the user is (RFC 7617). */
static bool basic_is_good(const struct proxy_guard *guard, const char *text)
{
	struct buf plain = {0};
	const char *colon = NULL;
	bool good = false;

	if (strlen(text) <= BASIC_MAX && decode_base64(text, &plain) == 0)
		colon = memchr(buf_text(&plain), ':', plain.len);
	if (colon)
		good = proxy_guard_secret_is(
		    guard, colon + 1,
		    plain.len - (size_t)(colon + 1 - plain.data));
	buf_free(&plain);
	return good;
}

/* What stands behind "Scheme "; NULL: it is another scheme. */
static const char *after_scheme(const char *value, const char *scheme)
{
	size_t len = strlen(scheme);

	if (strncasecmp(value, scheme, len) != 0 || value[len] != ' ')
		return NULL;
	return value + len + strspn(value + len, " ");
}

static bool authorization_is_good(const struct proxy_guard *guard,
				  const struct relay_request *request)
{
	const char *value = proxy_header(request, "Authorization");
	const char *bearer = value ? after_scheme(value, "Bearer") : NULL;
	const char *basic = value ? after_scheme(value, "Basic") : NULL;

	return (bearer &&
		proxy_guard_secret_is(guard, bearer, strlen(bearer))) ||
	       (basic && basic_is_good(guard, basic));
}

/* ---- where a request comes from ---- */

static size_t count_header(const struct relay_request *request,
			   const char *name, const char **value)
{
	size_t count = 0;

	for (size_t i = 0; i < request->headers_count; i++)
		if (strcasecmp(request->headers[i].name, name) == 0) {
			*value = request->headers[i].value;
			count++;
		}
	return count;
}

const char *proxy_header(const struct relay_request *request, const char *name)
{
	const char *value = NULL;

	return count_header(request, name, &value) == 1 ? value : NULL;
}

/* Whether a browser says that a page is behind it (Fetch Metadata). */
static bool is_fetched(const struct relay_request *request)
{
	const char *value = NULL;
	size_t count = count_header(request, "Sec-Fetch-Site", &value);

	return count > 1 || (count && strcmp(value, "none") != 0);
}

/* A page of another name that leads to this computer (DNS rebinding) gives that
 * name. */
static bool host_is_ours(const struct proxy_guard *guard,
			 const struct relay_request *request)
{
	static const char *const names[] = {"127.0.0.1", "localhost", "[::1]",
					    NULL};
	const char *host = proxy_header(request, "Host");
	char port[8];

	snprintf(port, sizeof(port), ":%u", guard->port);
	for (const char *const *name = names; host && *name; name++) {
		size_t len = strlen(*name);

		if (strncasecmp(host, *name, len) == 0 &&
		    (strcmp(host + len, port) == 0 ||
		     (guard->port == 80 && !host[len])))
			return true;
	}
	return false;
}

enum proxy_verdict proxy_guard_judge(const struct proxy_guard *guard,
				     const struct relay_request *request,
				     const char **why)
{
	const char *value = NULL;

	*why = NULL;
	if (request->local && request->uid != guard->uid)
		*why = "This socket is for programs of its own user.";
	else if (!request->local && !host_is_ours(guard, request))
		*why = "The Host of the request is not the proxy's address.";
	else if (count_header(request, "Origin", &value))
		*why = "Web pages may not use the proxy (Origin).";
	else if (is_fetched(request))
		*why = "Web pages may not use the proxy (Sec-Fetch-Site).";
	if (*why)
		return PROXY_FORBIDDEN;
	return request->local || proxy_guard_path(guard, request->target) ||
		       authorization_is_good(guard, request)
		   ? PROXY_KNOWN
		   : PROXY_STRANGER;
}
