/* SPDX-License-Identifier: MIT */
/*
 * test_listener.c - the loopback redirect against real sockets: what ends the
 * wait, what must not, what every page carries, and what becomes of a browser
 * that waits, comes twice or goes away.
 */
#include "lib/browser.h"
#include "core/clock.h"
#include "lib/tap.h"
#include "valetkey.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static bool equal(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool has(const struct buf *text, const char *part)
{
	return strstr(buf_text(text), part);
}

struct stray {
	const char *line;
	const char *status;
};

static const struct stray strays[] = {
    {"GET /favicon.ico", "404"},
    {"GET /", "404"},
    {"GET /callback/?code=c&state=" STATE, "404"},
    {"GET /callbac?code=c&state=" STATE, "404"},
    {"OPTIONS " GOOD, "204"},
    {"HEAD " GOOD, "405"},
    {"POST " GOOD, "405"},
    {"PUT " GOOD, "405"},
    {"GET /callback", "400"},
    {"GET /callback?code=c", "400"},
    {"GET /callback?code=c&state=", "400"},
    {"GET /callback?code=c&state=st4te-_", "400"},
    {"GET /callback?code=c&state=st4te-_~x", "400"},
    {"GET /callback?code=c&state=ST4TE-_~", "400"},
    {"GET /callback?code=c&state=" STATE "%00", "400"},
    {"GET /callback?state=" STATE, "400"},
    {"GET /callback?code=&state=" STATE, "400"},
    {"GET /callback?code=a&code=b&state=" STATE, "400"},
    {"GET /callback?code=a&state=" STATE "&state=" STATE, "400"},
    {"GET /callback?code=a&state=x&state=" STATE, "400"},
    {"GET /callback?code=a%00b&state=" STATE, "400"},
};

static void test_strays(void)
{
	struct buf text = {0};
	char status[16];
	size_t i;

	for (i = 0; i < sizeof(strays) / sizeof(strays[0]); i++) {
		bool closed = ask(strays[i].line, &text);

		snprintf(status, sizeof(status), "HTTP/1.1 %s ",
			 strays[i].status);
		tap_ok(closed && !settled &&
			   strncmp(buf_text(&text), status, 13) == 0,
		       "%s -> %s, and the wait goes on", strays[i].line,
		       strays[i].status);
	}
	ask("GET /callback?code=c&state=wrong", &text);
	tap_ok(has(&text, "not from the login in progress") &&
		   has(&text, "Pro&lt;vider&gt;") && !has(&text, "Pro<"),
	       "a wrong state gets a page that explains, escaped");
	tap_ok(has(&text, "Content-Security-Policy: default-src 'none'") &&
		   has(&text, "Referrer-Policy: no-referrer") &&
		   has(&text, "Cache-Control: no-store") &&
		   has(&text, "X-Content-Type-Options: nosniff") &&
		   has(&text, "Connection: close"),
	       "the headers of every page");
	buf_free(&text);
}

static void test_hosts(void)
{
	static const char *const lines[] = {"Host: evil.example:%u\r\n",
					    "Host: 127.0.0.1:1%u\r\n",
					    "Host: 127.0.0.1\r\n", ""};
	struct buf text = {0}, out = {0};
	size_t i;
	int fd;

	for (i = 0; i < 4; i++) {
		char host[64];

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		snprintf(host, sizeof(host), lines[i], port);
#pragma GCC diagnostic pop
		buf_clear(&text);
		buf_clear(&out);
		buf_fmt(&out, "GET %s HTTP/1.1\r\n%s\r\n", GOOD, host);
		fd = dial(AF_INET, port);
		say(fd, buf_text(&out));
		pump(fd, &text, 3000);
		tap_ok(!settled && (has(&text, "HTTP/1.1 403") ||
				    has(&text, "HTTP/1.1 400")),
		       "refused: another Host (%zu)", i);
		close(fd);
	}
	buf_free(&text);
	buf_free(&out);
}

static void test_long_url(void)
{
	struct buf line = {0}, text = {0};
	int i;

	buf_str(&line, "GET " GOOD "&x=");
	for (i = 0; i < 3000000; i++)
		buf_char(&line, 'x');
	ask(buf_text(&line), &text);
	tap_ok(!settled && has(&text, "HTTP/1.1 414"), "3 MB of URL -> 414");
	buf_free(&line);
	buf_free(&text);
}

/* Cookies know no port: those of all that ever ran on this computer come. */
static void test_cookies(unsigned count, const char *what)
{
	struct buf out = {0}, text = {0};
	struct problem problem;
	unsigned i;
	int fd;

	open_listener("127.0.0.1", 0, &problem);
	buf_str(&out, "GET " GOOD " HTTP/1.1\r\n");
	buf_fmt(&out, "Host: 127.0.0.1:%u\r\nCookie: ", port);
	for (i = 0; i < count; i++)
		buf_fmt(&out, "%sc%03u=%04090u", i ? "; " : "", i, i);
	buf_str(&out, "\r\n\r\n");
	fd = dial(AF_INET, port);
	say(fd, buf_text(&out));
	pump(fd, &text, 3000);
	tap_ok(settled && has(&text, "HTTP/1.1 303"), "%s", what);
	close(fd);
	close_listener();
	buf_free(&out);
	buf_free(&text);
}

/* Where nothing of the answer is in the address. */
static void test_sent_on(const struct buf *text)
{
	static const char *const others[] = {"HEAD", "POST", "PUT"};
	char path[64], line[80];
	struct buf other = {0};
	bool refused = true;
	size_t i;

	location(text, path);
	tap_ok(strlen(path) == 33 && !has(text, STATE) && !has(text, "ode") &&
		   !has(text, "<"),
	       "the browser is sent on to a clean address");
	tap_ok(has(text, "Cache-Control: no-store") &&
		   has(text, "Referrer-Policy: no-referrer") &&
		   has(text, "Connection: close"),
	       "the headers of that");
	for (i = 0; i < sizeof(others) / sizeof(*others); i++) {
		snprintf(line, sizeof(line), "%s %s", others[i], path);
		ask(line, &other);
		refused = refused && has(&other, "HTTP/1.1 405") &&
			  has(&other, "Allow: GET");
	}
	tap_ok(refused, "only a GET is answered there");
	snprintf(line, sizeof(line), "GET %sx", path);
	ask(line, &other);
	tap_ok(has(&other, "HTTP/1.1 404"), "and nowhere beside it");
	buf_free(&other);
}

/* Idle and half requests are open while the good one comes. */
static void test_redirect(void)
{
	struct buf text = {0};
	int idle = dial(AF_INET, port), half = dial(AF_INET, port);
	int fd, again, late;

	say(half, "GET " GOOD " HTTP/1.1\r\nHost: 127.");
	pump(-1, NULL, 50);
	tap_ok(!settled, "an idle connection and half a request do nothing");
	ask("GET " GOOD "&iss=https%3A%2F%2Fi.example&session=9", &text);
	tap_ok(settled && equal(answer.code, "c/ode 1") &&
		   equal(answer.iss, "https://i.example") && !answer.error &&
		   !answer.error_description,
	       "the right state ends the wait, decoded");
	test_sent_on(&text);
	fd = follow(&text);
	settled = false;
	buf_clear(&text);
	tap_ok(!pump(fd, &text, 200) && !text.len, "there the browser waits");
	ask("GET " GOOD, &text);
	again = follow(&text);
	buf_clear(&text);
	tap_ok(!pump(again, &text, 200) && !settled,
	       "a reload waits too, and settles nothing");
	listener_reply(listener, LISTENER_LOGGED_IN, "al<i>ce");
	pump(fd, &text, 2000);
	tap_ok(has(&text, "HTTP/1.1 200") && has(&text, "You are logged in") &&
		   has(&text, "Pro&lt;vider&gt;") && has(&text, "work") &&
		   has(&text, "<dd>al&lt;i&gt;ce</dd>") &&
		   has(&text, "<dd>prog&lt;ram&gt;</dd>"),
	       "the page of a success, for whom, and who asked");
	buf_clear(&text);
	pump(again, &text, 2000);
	tap_ok(has(&text, "You are logged in"), "the reload sees it as well");
	ask("GET " GOOD, &text);
	late = follow(&text);
	buf_clear(&text);
	pump(late, &text, 2000);
	tap_ok(has(&text, "You are logged in") && !settled, "and a late one");
	close(fd);
	close(again);
	close(late);
	close(idle);
	close(half);
	buf_free(&text);
}

static void test_error_answer(void)
{
	struct problem problem;
	struct buf text = {0};
	int fd;

	open_listener("127.0.0.1", 0, &problem);
	ask("GET /callback?error=access_denied&error_description="
	    "no%20%3Cb%3E&state=" STATE,
	    &text);
	tap_ok(settled && !answer.code && equal(answer.error, "access_denied"),
	       "an error answer counts");
	tap_ok(equal(answer.error_description, "no <b>"), "its description");
	fd = follow(&text);
	buf_clear(&text);
	listener_reply(listener, LISTENER_FAILED,
		       "The provider said \"no <b>\" & 'so'");
	pump(fd, &text, 2000);
	tap_ok(has(&text, "The login did not work") &&
		   has(&text, "valetkey login work") &&
		   has(&text, "&quot;no &lt;b&gt;&quot; &amp; &#39;so&#39;"),
	       "the page of a failure: the reason, escaped, and what to type");
	close(fd);
	close_listener();
	open_listener("127.0.0.1", 0, &problem);
	buf_clear(&text);
	ask("GET /callback?error=access_denied&state=" STATE, &text);
	fd = follow(&text);
	buf_clear(&text);
	listener_reply(listener, LISTENER_DECLINED, "You said <no>.");
	pump(fd, &text, 2000);
	tap_ok(has(&text, "You declined, and nothing was changed") &&
		   has(&text, "&lt;no&gt;") && !has(&text, "class=\"bad\""),
	       "the page of a no: what it was said to, and nothing in red");
	close(fd);
	close_listener();
	buf_free(&text);
}

/* What a page that loads itself has asked for comes while nobody serves. */
static void test_asking(void)
{
	struct problem problem;
	struct buf text = {0}, landing = {0};
	char path[64], line[80];
	int fd;

	open_listener("127.0.0.1", 0, &problem);
	ask("GET " GOOD, &text);
	location(&text, path);
	snprintf(line, sizeof(line), "GET %s", path);
	fd = dial(AF_INET, port);
	request(fd, line);
	pump(fd, &landing, 200);
	listener_reply(listener, LISTENER_ASKING, NULL);
	pump(fd, &landing, 2000);
	tap_ok(has(&landing, "go to the terminal") &&
		   has(&landing, "http-equiv=\"refresh\""),
	       "a question: the page says where, and loads itself");
	close(fd);
	fd = dial(AF_INET, port);
	request(fd, line);
	buf_clear(&landing);
	tap_ok(!pump(fd, &landing, 200) && !landing.len,
	       "which waits again meanwhile");
	listener_reply(listener, LISTENER_LOGGED_IN, "alice");
	pump(fd, &landing, 2000);
	tap_ok(has(&landing, "You are logged in") &&
		   !has(&landing, "http-equiv=\"refresh\""),
	       "until it says how the login ended");
	close(fd);
	close_listener();
	buf_free(&landing);
	buf_free(&text);
}

static void test_gone(void)
{
	struct problem problem;
	struct buf text = {0};
	int64_t start;
	int fd;

	open_listener("127.0.0.1", 0, &problem);
	ask("GET " GOOD, &text);
	start = clock_ms();
	listener_reply(listener, LISTENER_LOGGED_IN, NULL);
	tap_ok(settled && clock_ms() - start < 2500,
	       "a browser that is not sent on is waited for two seconds");
	close_listener();
	open_listener("127.0.0.1", 0, &problem);
	ask("GET " GOOD, &text);
	fd = follow(&text);
	pump(fd, &text, 200);
	close(fd);
	start = clock_ms();
	listener_reply(listener, LISTENER_LOGGED_IN, NULL);
	tap_ok(settled && clock_ms() - start < 2500,
	       "a browser that went away breaks nothing");
	close_listener();
	open_listener("127.0.0.1", 0, &problem);
	ask("GET " GOOD, &text);
	fd = follow(&text);
	start = clock_ms();
	close_listener();
	tap_ok(clock_ms() - start < 1000, "one that waits is answered at once");
	buf_clear(&text);
	while (text.len < 4096) {
		char part[4096];
		ssize_t n = recv(fd, part, sizeof(part), 0);

		if (n <= 0)
			break;
		buf_add(&text, part, (size_t)n);
	}
	tap_ok(has(&text, "stopped waiting"),
	       "closed without a reply, the page says so");
	close(fd);
	buf_free(&text);
}

/* A byte twice a second, as long as the other side takes it. */
static void test_lifetime(void)
{
	struct problem problem;
	struct buf text = {0};
	int64_t start = clock_ms();
	int fd, drip;

	open_listener("127.0.0.1", 0, &problem);
	fd = dial(AF_INET, port);
	drip = dial(AF_INET, port);
	say(fd, "GET /call");
	say(drip, "GET " GOOD " HTTP/1.1\r\nX: ");
	while (!pump(drip, &text, 500) && clock_ms() - start < 15000)
		say(drip, "x");
	tap_ok(clock_ms() - start > 4000 && clock_ms() - start < 7000,
	       "a request that drips is dropped after five seconds");
	tap_ok(pump(fd, &text, 1000) && !text.len && !settled,
	       "half of one too, without an answer");
	close(fd);
	close(drip);
	close_listener();
	buf_free(&text);
}

/* Of our own browser, whose command line shows it. */
static void test_start(void)
{
	const char *url = "https://as.example/authorize?state=" STATE "&x=1";
	const char *path;
	struct problem problem;
	struct buf text = {0}, line = {0};
	char local[64], first[64];
	int i;

	open_listener("127.0.0.1", 0, &problem);
	snprintf(local, sizeof(local), "http://127.0.0.1:%u/", port);
	tap_ok(strncmp(listener_address(listener), local, strlen(local)) == 0 &&
		   strlen(listener_address(listener)) == strlen(local) + 32,
	       "an address of this computer to start from");
	path = strrchr(listener_address(listener), '/');
	snprintf(first, sizeof(first), "%s", path);
	buf_fmt(&line, "GET %s", path);
	ask(line.data, &text);
	tap_ok(has(&text, "HTTP/1.1 404"), "leads nowhere yet");
	buf_str(&to, url);
	for (i = 0; i < 3; i++) {
		ask(line.data, &text);
		location(&text, local);
		tap_ok(strcmp(local, url) == 0, "leads to the provider (%d)",
		       i);
	}
	tap_ok(has(&text, "Referrer-Policy: no-referrer") &&
		   has(&text, "Cache-Control: no-store"),
	       "and is not told of there, nor kept");
	buf_clear(&line);
	buf_fmt(&line, "HEAD %s", first);
	ask(line.data, &text);
	tap_ok(has(&text, "HTTP/1.1 405") && !has(&text, STATE),
	       "only by a GET");
	ask("GET " GOOD, &text);
	location(&text, local);
	tap_ok(*local && strcmp(local, first) != 0,
	       "where it ends is another address");
	close_listener();
	open_listener("127.0.0.1", 0, &problem);
	tap_ok(strcmp(first, strrchr(listener_address(listener), '/')) != 0,
	       "each login has one of its own");
	close_listener();
	buf_free(&to);
	buf_free(&line);
	buf_free(&text);
}

static bool answers(int family)
{
	struct buf text = {0};
	int fd = dial(family, port);
	bool ours;

	if (fd < 0)
		return false;
	request(fd, "GET /favicon.ico");
	pump(fd, &text, 2000);
	close(fd);
	ours = has(&text, "404");
	buf_free(&text);
	return ours;
}

static bool refuses(int family)
{
	int fd = dial(family, port);

	if (fd >= 0)
		close(fd);
	return fd < 0;
}

static void test_families(void)
{
	struct problem problem;
	bool has_v6 = !open_listener("[::1]", 0, &problem);

	if (has_v6) {
		tap_ok(answers(AF_INET6), "[::1] answers over IPv6");
		tap_ok(refuses(AF_INET), "[::1] is silent over IPv4");
		close_listener();
	}
	open_listener("localhost", 0, &problem);
	tap_ok(answers(AF_INET), "localhost answers over IPv4");
	tap_ok(has_v6 ? answers(AF_INET6) : refuses(AF_INET6),
	       "localhost answers over IPv6 as well");
	close_listener();
	open_listener("127.0.0.1", 0, &problem);
	tap_ok(answers(AF_INET), "127.0.0.1 answers over IPv4");
	tap_ok(refuses(AF_INET6), "127.0.0.1 is silent over IPv6");
	close_listener();
	tap_ok(open_listener("0.0.0.0", 0, &problem) == VALETKEY_ERR_ARG &&
		   !listener,
	       "refused: a host that is not loopback");
}

static void test_port_in_use(void)
{
	struct problem problem;
	struct listener *first;
	uint16_t taken;

	open_listener("127.0.0.1", 0, &problem);
	first = listener;
	taken = port;
	tap_ok(open_listener("127.0.0.1", taken, &problem) ==
		       VALETKEY_ERR_DENIED &&
		   !listener && strstr(problem.text, "in use"),
	       "a port in use is not shared");
	printf("# %s\n", problem.text);
	tap_ok(open_listener("localhost", taken, &problem) != 0,
	       "for localhost too");
	listener_close(first);
	tap_ok(!open_listener("127.0.0.1", taken, &problem) && port == taken,
	       "free again, it is the port that was asked for");
	close_listener();
}

/* The server closes first, so the port lingers in TIME_WAIT. */
static void test_port_again(void)
{
	struct problem problem;
	struct buf text = {0};
	uint16_t fixed;

	open_listener("127.0.0.1", 0, &problem);
	fixed = port;
	close_listener();
	open_listener("127.0.0.1", fixed, &problem);
	ask("GET /favicon.ico", &text);
	close_listener();
	tap_ok(!open_listener("127.0.0.1", fixed, &problem),
	       "a fixed port can be used again at once");
	close_listener();
	buf_free(&text);
}

int main(void)
{
	struct problem problem;

	tap_ok(!open_listener("127.0.0.1", 0, &problem) && port, "open");
	test_strays();
	test_hosts();
	test_long_url();
	test_redirect();
	close_listener();
	test_cookies(8, "32 KB of cookies");
	test_cookies(180, "as many cookies as any browser keeps for a host");
	test_error_answer();
	test_asking();
	test_gone();
	test_families();
	test_port_in_use();
	test_port_again();
	test_lifetime();
	test_start();
	listener_close(NULL);
	return tap_done();
}
