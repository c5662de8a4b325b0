/* SPDX-License-Identifier: MIT */
/*
 * test_proxy_guard.c - who may use the proxy, request by request.
 */
#include "lib/tap.h"
#include "proxy/proxy_guard.h"

#include "core/buf.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define SECRET                             \
	"0123456789abcdef0123456789abcdef" \
	"fedcba9876543210fedcba9876543210"
#define OTHER                              \
	"0123456789abcdef0123456789abcdef" \
	"fedcba9876543210fedcba9876543211"
#define HEADERS 4

static struct proxy_guard guard = {.secret = SECRET, .port = 8080, .uid = 1000};

static enum proxy_verdict judge(const struct relay_header *headers,
				const char *target)
{
	struct relay_request request = {
	    .method = "GET", .target = target, .headers = headers};
	const char *why = "";
	enum proxy_verdict verdict;

	while (request.headers_count < HEADERS &&
	       headers[request.headers_count].name)
		request.headers_count++;
	verdict = proxy_guard_judge(&guard, &request, &why);
	tap_ok((verdict == PROXY_FORBIDDEN) == (why != NULL),
	       "a reason only for what is forbidden");
	return verdict;
}

static enum proxy_verdict with_host(const char *host)
{
	const struct relay_header headers[HEADERS] = {
	    {"Host", host}, {"Authorization", "Bearer " SECRET}};

	return judge(headers, "/");
}

static void test_hosts(void)
{
	static const char *const good[] = {"127.0.0.1:8080", "localhost:8080",
					   "[::1]:8080", NULL};
	static const char *const bad[] = {"",
					  "127.0.0.1",
					  "127.0.0.1:80800",
					  "127.0.0.1:8081",
					  "127.0.0.1:8080.evil.example",
					  "127.0.0.1:08080",
					  "127.0.0.2:8080",
					  "localhost",
					  "localhost.:8080",
					  "evil.example:8080",
					  "localhost.evil.example:8080",
					  "user@127.0.0.1:8080",
					  " 127.0.0.1:8080",
					  "::1:8080",
					  NULL};
	const struct relay_header none[HEADERS] = {
	    {"Authorization", "Bearer " SECRET}};
	const struct relay_header twice[HEADERS] = {
	    {"Host", "127.0.0.1:8080"},
	    {"host", "127.0.0.1:8080"},
	    {"Authorization", "Bearer " SECRET}};

	for (const char *const *host = good; *host; host++)
		tap_ok(with_host(*host) == PROXY_KNOWN, "Host: %s", *host);
	for (const char *const *host = bad; *host; host++)
		tap_ok(with_host(*host) == PROXY_FORBIDDEN, "not Host: %s",
		       *host);
	tap_ok(judge(none, "/") == PROXY_FORBIDDEN, "no Host");
	tap_ok(judge(twice, "/") == PROXY_FORBIDDEN, "two Hosts");
	guard.port = 80;
	tap_ok(with_host("localhost") == PROXY_KNOWN, "the usual port");
	guard.port = 8080;
}

static enum proxy_verdict with_header(const char *name, const char *value)
{
	const struct relay_header headers[HEADERS] = {
	    {"Host", "127.0.0.1:8080"},
	    {"Authorization", "Bearer " SECRET},
	    {name, value}};

	return judge(headers, "/");
}

static void test_pages(void)
{
	const struct relay_header fetched[HEADERS] = {
	    {"Host", "127.0.0.1:8080"},
	    {"Authorization", "Bearer " SECRET},
	    {"Sec-Fetch-Site", "cross-site"},
	    {"Sec-Fetch-Site", "none"}};

	tap_ok(with_header("Origin", "https://evil.example") == PROXY_FORBIDDEN,
	       "a page's Origin");
	tap_ok(with_header("origin", "null") == PROXY_FORBIDDEN,
	       "an opaque one");
	tap_ok(with_header("Origin", "http://127.0.0.1:8080") ==
		   PROXY_FORBIDDEN,
	       "our own: we have no pages");
	tap_ok(with_header("Sec-Fetch-Site", "cross-site") == PROXY_FORBIDDEN,
	       "a page of another site");
	tap_ok(with_header("sec-fetch-site", "same-origin") == PROXY_FORBIDDEN,
	       "a page of this one");
	tap_ok(with_header("Sec-Fetch-Site", "none") == PROXY_KNOWN,
	       "what a person has typed");
	tap_ok(judge(fetched, "/") == PROXY_FORBIDDEN, "what says both");
	tap_ok(with_header("Sec-Fetch-Mode", "cors") == PROXY_KNOWN,
	       "a program that has part of it");
}

static enum proxy_verdict with_authorization(const char *value)
{
	const struct relay_header headers[HEADERS] = {
	    {"Host", "127.0.0.1:8080"}, {"Authorization", value}};

	return judge(headers, "/");
}

static enum proxy_verdict with_basic(const char *plain, size_t len)
{
	struct buf value = {0};
	enum proxy_verdict verdict;

	buf_str(&value, "Basic ");
	buf_base64(&value, plain, len);
	verdict = with_authorization(value.data);
	buf_free(&value);
	return verdict;
}

static void test_secrets(void)
{
	static const char *const bad[] = {"",
					  "Bearer",
					  "Bearer ",
					  SECRET,
					  "Bearer" SECRET,
					  "Bearer " OTHER,
					  "Bearer " SECRET "0",
					  "Bearer " SECRET " ",
					  "Bearer " SECRET "," SECRET,
					  "Digest " SECRET,
					  "Basic " SECRET,
					  "Basic ====",
					  "Basic !",
					  NULL};
	const struct relay_header none[HEADERS] = {{"Host", "127.0.0.1:8080"}};
	const struct relay_header twice[HEADERS] = {
	    {"Host", "127.0.0.1:8080"},
	    {"Authorization", "Bearer " SECRET},
	    {"Authorization", "Bearer " SECRET}};

	tap_ok(with_authorization("Bearer " SECRET) == PROXY_KNOWN, "Bearer");
	tap_ok(with_authorization("bearer  " SECRET) == PROXY_KNOWN,
	       "in other letters");
	for (const char *const *value = bad; *value; value++)
		tap_ok(with_authorization(*value) == PROXY_STRANGER,
		       "not Authorization: %.30s", *value);
	tap_ok(judge(none, "/") == PROXY_STRANGER, "none");
	tap_ok(judge(twice, "/") == PROXY_STRANGER, "two");
	for (size_t cut = 1; cut < 4; cut++) {
		char plain[80];

		snprintf(plain, sizeof(plain), "%.*s:%s", (int)cut, "abc",
			 SECRET);
		tap_ok(with_basic(plain, strlen(plain)) == PROXY_KNOWN,
		       "Basic, user %.*s", (int)cut, "abc");
		tap_ok(with_basic(plain, strlen(plain) - 1) == PROXY_STRANGER,
		       "Basic, cut");
	}
	tap_ok(with_basic(":" SECRET, 65) == PROXY_KNOWN, "Basic, no user");
	tap_ok(with_basic("a:" OTHER, 66) == PROXY_STRANGER, "Basic, another");
	tap_ok(with_basic(SECRET, 64) == PROXY_STRANGER, "Basic, no colon");
	tap_ok(with_basic("a:b:" SECRET, 68) == PROXY_STRANGER,
	       "Basic, a colon in the password");
}

static enum proxy_verdict with_target(const char *target)
{
	const struct relay_header headers[HEADERS] = {
	    {"Host", "127.0.0.1:8080"}};

	return judge(headers, target);
}

static void test_paths(void)
{
	tap_ok(with_target("/" SECRET "/v2") == PROXY_STRANGER,
	       "a path is no way if it was not asked for");
	guard.in_path = true;
	tap_ok(with_target("/" SECRET "/v2") == PROXY_KNOWN, "in the path");
	tap_ok(with_target("/" SECRET) == PROXY_KNOWN, "and nothing after it");
	tap_ok(with_target("/" SECRET "?a") == PROXY_KNOWN, "or a query");
	tap_ok(with_target("/" OTHER "/v2") == PROXY_STRANGER, "another");
	tap_ok(with_target("/x/" SECRET "/v2") == PROXY_STRANGER,
	       "not in front");
	tap_ok(with_target("/" SECRET "0/v2") == PROXY_STRANGER, "longer");
	guard.in_path = false;
}

static void test_local(void)
{
	const struct relay_header page[] = {{"Origin", "https://evil.example"}};
	struct relay_request request = {
	    .method = "GET", .target = "/", .local = true, .uid = 1000};
	const char *why;

	guard.port = 0;
	tap_ok(proxy_guard_judge(&guard, &request, &why) == PROXY_KNOWN,
	       "a program of ours needs no secret and no Host");
	request.uid = 1001;
	tap_ok(proxy_guard_judge(&guard, &request, &why) == PROXY_FORBIDDEN,
	       "another user's is refused");
	request.uid = 0;
	tap_ok(proxy_guard_judge(&guard, &request, &why) == PROXY_FORBIDDEN,
	       "root's too");
	request.uid = 1000;
	request.headers = page;
	request.headers_count = 1;
	tap_ok(proxy_guard_judge(&guard, &request, &why) == PROXY_FORBIDDEN,
	       "and a page's");
	guard.port = 8080;
}

int main(void)
{
	test_hosts();
	test_pages();
	test_secrets();
	test_paths();
	test_local();
	return tap_done();
}
