/* SPDX-License-Identifier: MIT */
/*
 * test_form_post.c - the loopback redirect where the answer comes by a form
 * (OAuth 2.0 Form Post Response Mode): what is a form and what is not; and
 * silent connections in a crowd, which keep no browser out.
 */
#include "browser.h"
#include "clock.h"
#include "tap.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define FORM "application/x-www-form-urlencoded"
#define BODY "code=c%2Fode+1&state=" STATE
#define CROWD 66 /* more than a browser opens */

static bool equal(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

static void post(int fd, const char *path, const char *type, const char *body)
{
	struct buf text = {0};

	buf_fmt(&text, "POST %s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n", path,
		port);
	buf_fmt(&text,
		"Content-Type: %s\r\nOrigin: https://as.example\r\n"
		"Content-Length: %zu\r\n\r\n",
		type, strlen(body));
	say(fd, buf_text(&text));
	say(fd, body);
	buf_free(&text);
}

static bool answered(const char *type, const char *body, const char *status)
{
	struct buf text = {0}, expected = {0};
	int fd = dial(AF_INET, port);
	bool ok;

	post(fd, "/callback", type, body);
	ok = pump(fd, &text, 3000);
	buf_fmt(&expected, "HTTP/1.1 %s ", status);
	ok = ok && strncmp(buf_text(&text), expected.data, expected.len) == 0;
	close(fd);
	buf_free(&text);
	buf_free(&expected);
	return ok && !settled;
}

static void test_strays(void)
{
	static const struct {
		const char *type;
		const char *body;
		const char *status;
	} strays[] = {
	    {"text/plain", BODY, "415"},
	    {"application/json", "{\"code\":\"c\",\"state\":\"" STATE "\"}",
	     "415"},
	    {FORM "x", BODY, "415"},
	    {FORM, "", "400"},
	    {FORM, "code=c", "400"},
	    {FORM, "code=c&state=st4te-_", "400"},
	    {FORM, "code=&state=" STATE, "400"},
	    {FORM, "code=a&code=b&state=" STATE, "400"},
	    {FORM, "code=a&state=x&state=" STATE, "400"},
	    {FORM, "code=a&iss=x&iss=y&state=" STATE, "400"},
	    {FORM, "code=a%00b&state=" STATE, "400"},
	    {FORM, "code=a%&state=" STATE, "400"},
	    {FORM, "code=a%4&state=" STATE, "400"},
	    {FORM, "code=a%zz&state=" STATE, "400"},
	    {FORM, "code=a&state=" STATE "%", "400"},
	};
	struct buf text = {0};

	for (size_t i = 0; i < sizeof(strays) / sizeof(strays[0]); i++)
		tap_ok(
		    answered(strays[i].type, strays[i].body, strays[i].status),
		    "%s: %s -> %s", strays[i].type, strays[i].body,
		    strays[i].status);
	ask("GET " GOOD, &text);
	tap_ok(!settled && strstr(buf_text(&text), "HTTP/1.1 405") &&
		   strstr(buf_text(&text), "Allow: POST"),
	       "a query is no answer");
	ask("GET /favicon.ico", &text);
	tap_ok(strstr(buf_text(&text), "HTTP/1.1 404"), "nor is anything else");
	buf_free(&text);
}

static void test_too_long(void)
{
	struct buf body = {0};

	buf_str(&body, BODY "&x=");
	for (int i = 0; i < 70000; i++)
		buf_char(&body, 'x');
	tap_ok(answered(FORM, body.data, "413"), "70 KB of form -> 413");
	buf_free(&body);
}

/* In two parts, as it may come. */
static void test_form(void)
{
	struct buf text = {0};
	int fd = dial(AF_INET, port), again = dial(AF_INET, port);

	buf_fmt(&text,
		"POST /callback HTTP/1.1\r\nHost: localhost:%u\r\n"
		"Content-Type: " FORM ";charset=utf-8\r\n"
		"Content-Length: %zu\r\n\r\ncode=c%%2Fod",
		port, strlen(BODY));
	say(fd, text.data);
	buf_clear(&text);
	tap_ok(!pump(fd, &text, 200) && !settled, "half a form does nothing");
	say(fd, "e+1&state=" STATE);
	tap_ok(!pump(fd, &text, 200) && settled && !text.len,
	       "with the rest the wait is over, and the browser waits");
	tap_ok(equal(answer.code, "c/ode 1") && !answer.iss && !answer.error,
	       "decoded");
	post(again, "/callback", FORM, BODY);
	tap_ok(!pump(again, &text, 200), "a reload waits too");
	listener_reply(listener, true, NULL);
	pump(fd, &text, 2000);
	tap_ok(strstr(buf_text(&text), "You are logged in"), "the page");
	buf_clear(&text);
	pump(again, &text, 2000);
	tap_ok(strstr(buf_text(&text), "You are logged in"), "the reload's");
	close(fd);
	close(again);
	buf_free(&text);
}

static bool is_closed(int fd)
{
	char byte;

	return recv(fd, &byte, 1, MSG_DONTWAIT | MSG_PEEK) == 0;
}

/* All stay open, and say nothing. */
static void test_crowd(void)
{
	struct problem problem;
	struct buf text = {0};
	int64_t start = clock_ms();
	int fds[CROWD], fd;

	form_post = false;
	open_listener("127.0.0.1", 0, &problem);
	for (int i = 0; i < CROWD; i++) {
		fds[i] = dial(AF_INET, port);
		pump(-1, NULL, 2);
	}
	fd = dial(AF_INET, port);
	request(fd, "GET " GOOD);
	while (!settled && clock_ms() - start < 9000)
		pump(-1, NULL, 100);
	tap_ok(settled,
	       "a crowd of silent connections keeps no browser out (%d ms)",
	       (int)(clock_ms() - start));
	while (!is_closed(fds[CROWD - 1]) && !is_closed(fds[0]))
		pump(-1, NULL, 100);
	tap_ok(is_closed(fds[CROWD - 1]) && !is_closed(fds[0]),
	       "and is shown out before those who came first");
	close_listener();
	for (int i = 0; i < CROWD; i++)
		close(fds[i]);
	close(fd);
	buf_free(&text);
}

int main(void)
{
	struct problem problem;

	form_post = true;
	tap_ok(!open_listener("127.0.0.1", 0, &problem), "open");
	test_strays();
	test_too_long();
	test_form();
	close_listener();
	test_crowd();
	return tap_done();
}
