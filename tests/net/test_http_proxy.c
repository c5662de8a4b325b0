/* SPDX-License-Identifier: MIT */
/*
 * test_http_proxy.c - by which proxy an exchange goes, the environment's or the
 * account's, and how its failures are told from the server's.
 */
#include "lib/http_server.h"

#include "core/clock.h"
#include "lib/tap.h"
#include "valetkey.h"

#include <stdlib.h>
#include <string.h>

static void test_proxy(void)
{
	struct server proxy = start("HTTP/1.1 407 No\r\nContent-Length: 0\r\n"
				    "\r\n",
				    0);
	char url[64];

	snprintf(url, sizeof(url), "http://127.0.0.1:%u", proxy.port);
	setenv("https_proxy", "http://127.0.0.1:1", 1);
	setenv("http_proxy", "http://127.0.0.1:1", 1);
	unsetenv("no_proxy");
	refuse("https://provider.invalid/query",
	       "The proxy 127.0.0.1:1 on the way to provider.invalid cannot");
	refuse("https://[2001:db8::1]:1/query", "The proxy 127.0.0.1:1 ");
	setenv("https_proxy", "http://no-such-name.invalid:3128", 1);
	refuse("https://provider.invalid/query", "name of the proxy");
	tap_ok(!ask("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 0, true,
		    PLENTY_MS),
	       "no proxy for a loopback address");
	setenv("https_proxy", url, 1);
	refuse("https://provider.invalid/query",
	       "asks for a user name and password (HTTP 407)");
	setenv("no_proxy", "provider.invalid", 1);
	refuse("https://provider.invalid/query", "The name provider.invalid");
	unsetenv("no_proxy");
	unsetenv("https_proxy");
	setenv("ALL_PROXY", "http://user:sesame@127.0.0.1:1", 1);
	refuse("https://provider.invalid/query", "The proxy 127.0.0.1:1 ");
	unsetenv("ALL_PROXY");
	unsetenv("http_proxy");
	stop(&proxy);
}

static int ask_through(const char *proxy, const char *url)
{
	struct http_request request = {
	    .url = url, .proxy = proxy, .deadline = deadline_in(PLENTY_MS)};

	http_answer_free(&answer);
	problem = (struct problem){0};
	return http_send(&request, &answer, &problem);
}

/* The account's proxy stands over the environment and its exceptions. */
static void test_own_proxy(void)
{
	struct server proxy = start("HTTP/1.1 403 No\r\nContent-Length: 0\r\n"
				    "\r\n",
				    0);
	char url[64];

	snprintf(url, sizeof(url), "http://127.0.0.1:%u", proxy.port);
	setenv("https_proxy", "http://127.0.0.1:1", 1);
	setenv("no_proxy", "*", 1);
	tap_ok(ask_through(url, "https://127.0.0.1:1/query") ==
		       VALETKEY_ERR_NETWORK &&
		   !answer.sent && discreet() &&
		   strstr(problem.text, "refuses to connect to 127.0.0.1"),
	       "a proxy that refuses: %s", problem.text);
	unsetenv("no_proxy");
	ask_through("none", "https://[2001:db8::1]:1/query");
	tap_ok(!strstr(problem.text, "proxy 127.0.0.1:1"),
	       "none of the environment's: %s", problem.text);
	unsetenv("https_proxy");
	stop(&proxy);
	tap_ok(strncmp(buf_text(&seen), "CONNECT 127.0.0.1:1 ", 20) == 0,
	       "a loopback address goes through a proxy that is asked for");
	proxy = start("HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n", 0);
	snprintf(url, sizeof(url), "http://127.0.0.1:%u", proxy.port);
	ask_through(url, "http://127.0.0.1:1/query");
	stop(&proxy);
	tap_ok(problem.result == VALETKEY_ERR_NETWORK && !seen.len,
	       "what has no TLS goes through no proxy: %s", problem.text);
}

int main(void)
{
	http_server_setup();
	test_proxy();
	test_own_proxy();
	http_server_done();
	return tap_done();
}
