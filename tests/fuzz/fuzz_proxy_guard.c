/* SPDX-License-Identifier: MIT */
/*
 * fuzz_proxy_guard.c - any request into what the proxy judges by itself: its
 * first line is the target, the second the value of Authorization, the rest the
 * body of a token request. Nobody is known, and no token given, without the
 * secret; a target goes to no other host than the account's.
 */
#include "proxy/proxy_guard.h"
#include "proxy/proxy_route.h"
#include "proxy/proxy_token.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define SECRET                             \
	"0123456789abcdef0123456789abcdef" \
	"fedcba9876543210fedcba9876543210"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct proxy_guard guard = {
    .secret = SECRET, .port = 8080, .in_path = true};

/* The next line, cut off; "" at the end. */
static char *next_line(char **text)
{
	char *line = *text;
	size_t len = strcspn(line, "\n");

	*text = line + len + (line[len] == '\n');
	line[len] = '\0';
	return line;
}

static void check_head(const char *target, const char *authorization)
{
	const struct relay_header headers[] = {
	    {"Host", "127.0.0.1:8080"}, {"Authorization", authorization}};
	const struct relay_request request = {.method = "GET",
					      .target = target,
					      .headers = headers,
					      .headers_count = 2};
	const char *why;
	bool known = proxy_guard_judge(&guard, &request, &why) == PROXY_KNOWN;

	if (known && !strstr(target, SECRET) &&
	    !strstr(authorization, SECRET) &&
	    strncasecmp(authorization, "Basic ", 6) != 0)
		abort();
}

static void check_route(const char *target)
{
	struct record config = {0};
	struct proxy_map map = {.config = &config};
	struct proxy_route route = {0};

	if (record_add(&config, "hosts[]", "https://a.example") == 0 &&
	    record_add(&config, "hosts[]", "https://b.example") == 0 &&
	    record_add(&config, "proxy_path[]", "/api/v2=/v2") == 0 &&
	    proxy_route_find(&map, target, &route) == 0 && *route.origin) {
		if (strcmp(route.origin, "https://a.example") != 0 &&
		    strcmp(route.origin, "https://b.example") != 0)
			abort();
		if (route.target.data[0] != '/' ||
		    route.skipped != strlen("/a.example"))
			abort();
	}
	proxy_route_free(&route);
	record_free(&config);
}

static void check_body(const char *text)
{
	struct buf body = {0}, json = {0};
	const struct proxy_token_request request = {.guard = &guard,
						    .body = &body};

	if (buf_str(&body, text) == 0 &&
	    proxy_token_answer(&request, &json) == 200 &&
	    !strstr(text, "client_secret") && !strchr(text, '%'))
		abort();
	if (strstr(buf_text(&json), "\"error\"") &&
	    strstr(buf_text(&json), SECRET))
		abort();
	buf_free(&body);
	buf_free(&json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1), *at = text;
	char *target, *authorization;

	if (!text)
		return 0;
	if (size)
		memcpy(text, data, size);
	text[size] = '\0';
	target = next_line(&at);
	authorization = next_line(&at);
	check_head(target, authorization);
	check_route(target);
	check_body(at);
	free(text);
	return 0;
}
