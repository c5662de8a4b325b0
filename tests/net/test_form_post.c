/* SPDX-License-Identifier: MIT */
/*
 * test_form_post.c - the loopback redirect where the answer comes by a form
 * (OAuth 2.0 Form Post Response Mode): what is a form and what is not.
 */
#include "lib/browser.h"
#include "lib/tap.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define FORM "application/x-www-form-urlencoded"
#define BODY "code=c%2Fode+1&state=" STATE

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
	tap_ok(pump(fd, &text, 2000) && settled,
	       "with the rest the wait is over");
	tap_ok(equal(answer.code, "c/ode 1") && !answer.iss && !answer.error,
	       "decoded");
	close(fd);
	fd = follow(&text);
	tap_ok(fd >= 0, "the browser is sent on, by a GET");
	buf_clear(&text);
	tap_ok(!pump(fd, &text, 200) && !text.len, "and waits there");
	post(again, "/callback", FORM, BODY);
	tap_ok(pump(again, &text, 2000), "a reload is sent on too");
	close(again);
	again = follow(&text);
	buf_clear(&text);
	listener_reply(listener, LISTENER_LOGGED_IN, NULL);
	pump(fd, &text, 2000);
	tap_ok(strstr(buf_text(&text), "You are logged in"), "the page");
	buf_clear(&text);
	pump(again, &text, 2000);
	tap_ok(strstr(buf_text(&text), "You are logged in"), "the reload's");
	close(fd);
	close(again);
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
	return tap_done();
}
