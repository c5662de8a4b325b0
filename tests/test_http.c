/* SPDX-License-Identifier: MIT */
/*
 * test_http.c - one HTTP exchange against a server in a child process that
 * reads the request, answers from a script byte for byte, and hands the request
 * back: what is sent, what is taken from an answer, and how each failure is
 * told apart. TLS itself is tested with the provider, which has certificates.
 */
#include "net_module.h"

#include "clock.h"
#include "tap.h"
#include "valetkey.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Name servers that we need not have: libcurl's calls come here too. */
static int names_answer = EAI_NONAME;
static unsigned names_ms;

__attribute__((visibility("default"))) int
getaddrinfo(const char *name, const char *service, const struct addrinfo *hints,
	    struct addrinfo **found)
{
	const struct timespec wait = {names_ms / 1000,
				      names_ms % 1000 * 1000000L};

	(void)service, (void)hints;
	*found = NULL;
	nanosleep(&wait, NULL);
	return strstr(name, ".invalid") ? names_answer : EAI_FAMILY;
}

struct server {
	uint16_t port;
	int listen_fd;
	int seen_fd; /* the request comes back through here */
	pid_t pid;
};

static struct http_answer answer;
static struct problem problem;
static struct buf seen; /* the last request, as the server saw it */

static int listen_any(uint16_t *port)
{
	struct sockaddr_in address = {
	    .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (bind(fd, (struct sockaddr *)&address, len) || listen(fd, 4) ||
	    getsockname(fd, (struct sockaddr *)&address, &len))
		abort();
	*port = ntohs(address.sin_port);
	return fd;
}

/* A form ends with "&end", other requests with their headers; TLS has begun
 * with its first bytes. */
static bool whole(const char *request)
{
	if (*request == 0x16)
		return true;
	return strstr(request,
		      strncmp(request, "POST", 4) == 0 ? "&end" : "\r\n\r\n");
}

static void read_request(int fd, struct buf *request)
{
	char part[4096];
	ssize_t n;

	while (!whole(buf_text(request))) {
		n = recv(fd, part, sizeof(part), 0);
		if (n <= 0)
			break;
		buf_add(request, part, (size_t)n);
	}
}

static void serve(struct server *server, int seen_fd, const char *script,
		  size_t repeat)
{
	struct buf request = {0};
	char filler[1024];
	int fd = accept(server->listen_fd, NULL, NULL);

	memset(filler, 'x', sizeof(filler));
	read_request(fd, &request);
	if (write(seen_fd, buf_text(&request), request.len) < 0)
		_exit(1);
	close(seen_fd);
	if (script)
		send(fd, script, strlen(script), MSG_NOSIGNAL);
	else
		sleep(20);
	while (repeat--)
		send(fd, filler, sizeof(filler), MSG_NOSIGNAL);
	shutdown(fd, SHUT_WR);
	recv(fd, filler, sizeof(filler), 0);
	_exit(0);
}

/* One answer: script (NULL: silence), then repeat KiB of filler. */
static struct server start(const char *script, size_t repeat)
{
	struct server server = {0};
	int fds[2];

	server.listen_fd = listen_any(&server.port);
	if (pipe(fds))
		abort();
	server.pid = fork();
	if (server.pid < 0)
		abort();
	if (!server.pid)
		serve(&server, fds[1], script, repeat);
	close(fds[1]);
	server.seen_fd = fds[0];
	return server;
}

static void stop(const struct server *server)
{
	char part[4096];
	ssize_t n;

	buf_clear(&seen);
	kill(server->pid, SIGKILL);
	while ((n = read(server->seen_fd, part, sizeof(part))) > 0)
		buf_add(&seen, part, (size_t)n);
	waitpid(server->pid, NULL, 0);
	close(server->seen_fd);
	close(server->listen_fd);
}

static int ask_url(const char *url, const struct buf *form, int ms)
{
	struct http_request request = {.url = url,
				       .form = form,
				       .basic_user = form ? "cl%20ient" : NULL,
				       .basic_password =
					   form ? "s%3Aecret" : NULL,
				       .deadline = deadline_in(ms)};

	http_answer_free(&answer);
	problem = (struct problem){0};
	return http_send(&request, &answer, &problem);
}

/* Asks a server that answers with script. */
static int ask(const char *script, size_t repeat, bool post, int ms)
{
	struct server server = start(script, repeat);
	struct buf form = {0};
	char url[64];
	int rc;

	buf_str(&form, "grant_type=x&refresh_token=sesame&end");
	snprintf(url, sizeof(url), "http://127.0.0.1:%u/token?q=query",
		 server.port);
	rc = ask_url(url, post ? &form : NULL, ms);
	stop(&server);
	buf_free(&form);
	return rc;
}

static bool has(const char *part)
{
	return strstr(buf_text(&seen), part);
}

/* Nothing of what was sent may be in an error's text. */
static bool discreet(void)
{
	return *problem.text && !strstr(problem.text, "sesame") &&
	       !strstr(problem.text, "ecret") && !strstr(problem.text, "query");
}

static void test_exchange(void)
{
	int rc = ask("HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT"
		     "\r\nContent-Type: Application/JSON; charset=UTF-8\r\n"
		     "Content-Length: 7\r\n\r\n{\"a\":1}",
		     0, true, 5000);

	tap_ok(!rc && answer.status == 200 && answer.sent, "an answer");
	tap_ok(answer.body.len == 7 && !strcmp(answer.body.data, "{\"a\":1}"),
	       "its body");
	tap_ok(!strcmp(answer.content_type, "application/json"),
	       "Content-Type without parameters");
	tap_ok(answer.date == 784111777, "Date");
	tap_ok(!*answer.location && answer.retry_after_s == -1,
	       "absent headers");
	tap_ok(has("POST /token?q=query HTTP/1.1\r\n") &&
		   has("\r\nContent-Type: application/x-www-form-urlencoded") &&
		   has("\r\nAccept: application/json\r\n") &&
		   has("\r\nUser-Agent: valetkey/") && !has("Expect"),
	       "what is sent");
	tap_ok(has("\r\n\r\ngrant_type=x&refresh_token=sesame&end"),
	       "the form is sent as it is");
	tap_ok(has("\r\nAuthorization: Basic Y2wlMjBpZW50OnMlM0FlY3JldA=="),
	       "Basic, as encoded by the caller");
	rc = ask("HTTP/1.1 100 Continue\r\nRetry-After: 5\r\n\r\n"
		 "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
		 0, false, 5000);
	tap_ok(!rc && answer.status == 200 && answer.retry_after_s == -1,
	       "an interim answer leaves nothing behind");
	tap_ok(has("GET /token?q=query HTTP/1.1\r\n") && !has("Authorization"),
	       "a GET");
	rc = ask("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
		 "3\r\nabc\r\n0\r\n\r\n",
		 0, true, 5000);
	tap_ok(!rc && !strcmp(buf_text(&answer.body), "abc"), "chunks");
}

static void test_status(void)
{
	int rc = ask("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/no\r\n"
		     "Content-Length: 0\r\n\r\n",
		     0, true, 5000);

	tap_ok(!rc && answer.status == 302 &&
		   !strcmp(answer.location, "http://127.0.0.1:1/no"),
	       "a redirect is reported, not followed");
	rc = ask("HTTP/1.1 401 No\r\nWWW-Authenticate: Basic realm=x\r\n"
		 "Content-Length: 2\r\n\r\n{}",
		 0, true, 5000);
	tap_ok(!rc && answer.status == 401 && answer.body.len == 2,
	       "a 401 is an answer and is not tried again");
}

static int64_t retry_after(const char *value)
{
	char script[256];

	snprintf(script, sizeof(script),
		 "HTTP/1.1 503 Later\r\nRetry-After: %s\r\n"
		 "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
		 "Content-Length: 0\r\n\r\n",
		 value);
	return ask(script, 0, true, 5000) ? -2 : answer.retry_after_s;
}

static void test_retry_after(void)
{
	tap_ok(retry_after("120") == 120, "Retry-After in seconds");
	tap_ok(retry_after("Sun, 06 Nov 1994 08:51:07 GMT") == 90,
	       "Retry-After as a date, by the server's own clock");
	tap_ok(retry_after("Sun, 06 Nov 1994 08:00:00 GMT") == 0,
	       "Retry-After in the past");
	tap_ok(retry_after("99999999999999999999") == 86400,
	       "Retry-After is at most a day");
	tap_ok(retry_after("soon") == -1 && retry_after("-5") == -1,
	       "Retry-After that is neither");
}

struct broken {
	const char *name;
	const char *script;
	size_t repeat;
	const char *says;
};

static const struct broken brokens[] = {
    {"the body is cut off", "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{}",
     0, "broke off"},
    {"a chunk is cut off",
     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", 0,
     "broke off"},
    {"the headers are cut off", "HTTP/1.1 200 OK\r\nContent-Ty", 0,
     "broke off"},
    {"cut off between headers", "HTTP/1.1 200 OK\r\nA: b\r\n", 0, "broke off"},
    {"nothing is answered", "", 0, "broke off"},
    {"it is not HTTP", "SSH-2.0-OpenSSH\r\n", 0, "not HTTP"},
    {"it is too long", "HTTP/1.1 200 OK\r\nContent-Length: 9999999\r\n\r\n",
     300, "too long"},
};

static void test_broken(void)
{
	size_t i;

	for (i = 0; i < sizeof(brokens) / sizeof(brokens[0]); i++) {
		int rc = ask(brokens[i].script, brokens[i].repeat, true, 5000);

		tap_ok(rc == VALETKEY_ERR_NETWORK && !answer.status &&
			   answer.sent && discreet() &&
			   strstr(problem.text, brokens[i].says),
		       "%s: %s", brokens[i].name, problem.text);
	}
	tap_ok(!ask("HTTP/1.1 200 OK\r\n\r\n", 256, true, 5000) &&
		   answer.body.len == HTTP_BODY_MAX,
	       "the longest answer");
}

static void test_time(void)
{
	int64_t start_ms = clock_ms();
	int rc = ask(NULL, 0, true, 700);

	tap_ok(rc == VALETKEY_ERR_TIMEOUT && answer.sent && !answer.status &&
		   clock_ms() - start_ms < 3000 && discreet(),
	       "silence ends at the deadline: %s", problem.text);
	rc = ask_url("https://127.0.0.1:1/", NULL, -1);
	tap_ok(rc == VALETKEY_ERR_TIMEOUT && !answer.sent,
	       "a deadline that is over sends nothing");
}

static void refuse(const char *url, const char *says)
{
	int rc = ask_url(url, NULL, 5000);

	tap_ok(rc == VALETKEY_ERR_NETWORK && !answer.sent && discreet() &&
		   strstr(problem.text, says),
	       "%s: %s", url, problem.text);
}

static void test_refused(void)
{
	struct server server = start("", 0);
	char url[64];

	snprintf(url, sizeof(url), "http://127.0.0.1:%u/query", server.port);
	stop(&server);
	refuse(url, "refused");
	refuse("http://example.com/query", "not https");
	refuse("http://127.0.0.1.example.com/", "not https");
	refuse("http://128.0.0.1/", "not https");
	refuse("ftp://127.0.0.1/", "not https");
	refuse("file:///etc/passwd", "not");
	refuse("https://u:secret@127.0.0.1:1/", "not a usable URL");
	refuse("example.com", "not a usable URL");
	refuse("", "not a usable URL");
	refuse("https://no-such-name.invalid/query", "was not found");
}

static void test_names(void)
{
	int rc;

	names_answer = EAI_AGAIN;
	refuse("https://no-such-name.invalid/query", "No name server answers");
	names_answer = EAI_NONAME;
	names_ms = 3500;
	refuse("https://no-such-name.invalid/query", "No name server answers");
	rc = ask_url("https://no-such-name.invalid/query", NULL, 300);
	tap_ok(rc == VALETKEY_ERR_TIMEOUT &&
		   strstr(problem.text, "No name server answers"),
	       "no name until the deadline: %s", problem.text);
	names_ms = 0;
}

/* A queue that is full takes no connection. */
static void test_silent(void)
{
	struct sockaddr_in address = {
	    .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int queue[2], rc;
	uint16_t port;
	int fd = listen_any(&port);
	char url[64];

	listen(fd, 0);
	address.sin_port = htons(port);
	for (int i = 0; i < 2; i++) {
		queue[i] = socket(
		    AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		(void)!connect(queue[i], (struct sockaddr *)&address,
			       sizeof(address));
	}
	snprintf(url, sizeof(url), "http://127.0.0.1:%u/query", port);
	rc = ask_url(url, NULL, 700);
	tap_ok(rc == VALETKEY_ERR_TIMEOUT && !answer.sent &&
		   strstr(problem.text, "did not take the connection"),
	       "no connection: %s", problem.text);
	close(queue[0]);
	close(queue[1]);
	close(fd);
}

/* Takes the connection, and says nothing. */
static void test_tls_silent(void)
{
	struct server server = start(NULL, 0);
	char url[64];
	int rc;

	snprintf(url, sizeof(url), "https://127.0.0.1:%u/query", server.port);
	rc = ask_url(url, NULL, 700);
	tap_ok(rc == VALETKEY_ERR_TIMEOUT && !answer.sent &&
		   strstr(problem.text, "TLS handshake in time"),
	       "no handshake: %s", problem.text);
	stop(&server);
}

/* Asks https of a server that answers with script instead of TLS. */
static void test_tls(void)
{
	struct server server = start("HTTP/1.1 400 Bad\r\n\r\n", 0);
	struct http_request request = {.deadline = deadline_in(5000)};
	char url[64];
	int rc;

	snprintf(url, sizeof(url), "https://127.0.0.1:%u/query", server.port);
	rc = ask_url(url, NULL, 5000);
	tap_ok(rc == VALETKEY_ERR_NETWORK && !answer.sent && discreet() &&
		   strstr(problem.text, "No TLS connection"),
	       "a server without TLS: %s", problem.text);
	request.url = url;
	request.ca_file = "/nonexistent/ca.pem";
	stop(&server);
	server = start("", 0);
	snprintf(url, sizeof(url), "https://127.0.0.1:%u/query", server.port);
	http_answer_free(&answer);
	rc = http_send(&request, &answer, &problem);
	tap_ok(rc == VALETKEY_ERR_NETWORK && strstr(problem.text, "ca_file"),
	       "no such ca_file: %s", problem.text);
	stop(&server);
}

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
	tap_ok(
	    !ask("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 0, true, 5000),
	    "no proxy for a loopback address");
	setenv("https_proxy", url, 1);
	refuse("https://provider.invalid/query",
	       "wants a user name and password (HTTP 407)");
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
	    .url = url, .proxy = proxy, .deadline = deadline_in(5000)};

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
	unsetenv("https_proxy");
	unsetenv("http_proxy");
	unsetenv("all_proxy");
	unsetenv("HTTPS_PROXY");
	unsetenv("ALL_PROXY");
	test_exchange();
	test_status();
	test_retry_after();
	test_broken();
	test_time();
	test_refused();
	test_names();
	test_silent();
	test_tls();
	test_tls_silent();
	test_proxy();
	test_own_proxy();
	http_answer_free(&answer);
	buf_free(&seen);
	return tap_done();
}
