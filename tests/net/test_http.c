/* SPDX-License-Identifier: MIT */
/*
 * test_http.c - one HTTP exchange: what is sent, what is taken from an answer,
 * and how each failure is told apart. TLS itself is tested with the provider,
 * which has certificates; proxies are in test_http_proxy.c.
 */
#include "lib/http_server.h"

#include "core/clock.h"
#include "lib/tap.h"
#include "valetkey.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static void test_exchange(void)
{
	int rc = ask("HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT"
		     "\r\nContent-Type: Application/JSON; charset=UTF-8\r\n"
		     "Content-Length: 7\r\n\r\n{\"a\":1}",
		     0, true, PLENTY_MS);

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
		 0, false, PLENTY_MS);
	tap_ok(!rc && answer.status == 200 && answer.retry_after_s == -1,
	       "an interim answer leaves nothing behind");
	tap_ok(has("GET /token?q=query HTTP/1.1\r\n") && !has("Authorization"),
	       "a GET");
	rc = ask("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
		 "3\r\nabc\r\n0\r\n\r\n",
		 0, true, PLENTY_MS);
	tap_ok(!rc && !strcmp(buf_text(&answer.body), "abc"), "chunks");
}

static void test_status(void)
{
	int rc = ask("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/no\r\n"
		     "Content-Length: 0\r\n\r\n",
		     0, true, PLENTY_MS);

	tap_ok(!rc && answer.status == 302 &&
		   !strcmp(answer.location, "http://127.0.0.1:1/no"),
	       "a redirect is reported, not followed");
	rc = ask("HTTP/1.1 401 No\r\nWWW-Authenticate: Basic realm=x\r\n"
		 "Content-Length: 2\r\n\r\n{}",
		 0, true, PLENTY_MS);
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
	return ask(script, 0, true, PLENTY_MS) ? -2 : answer.retry_after_s;
}

static void test_retry_after(void)
{
	tap_ok(retry_after("120") == 120, "Retry-After in seconds");
	tap_ok(retry_after("Sun, 06 Nov 1994 08:51:07 GMT") == 90,
	       "Retry-After as a date, by the server's own clock");
	tap_ok(retry_after("Sun, 06 Nov 1994 08:00:00 GMT") == 0,
	       "Retry-After in the past");
	tap_ok(retry_after("0") == 0, "Retry-After is now");
	/* To a 32-bit time_t such a date is none. */
	tap_ok(retry_after("99999999999999999999") == 86400 &&
		   (sizeof(time_t) < sizeof(int64_t) ||
		    retry_after("Fri, 31 Dec 9999 23:59:59 GMT") == 86400),
	       "Retry-After is at most a day");
	tap_ok(retry_after("soon") == -1 && retry_after("-5") == -1,
	       "Retry-After that is neither");
}

static void test_headers(void)
{
	char script[8192], filler[2049];
	int rc = ask("HTTP/1.1 503 Later\r\nRetry-After: 5\r\n"
		     "content-type: TEXT/HTML\r\nRETRY-AFTER:7\t\r\n"
		     "Content-Type: text/plain ;a=b\r\n"
		     "Content-Length: 0\r\n\r\n",
		     0, true, PLENTY_MS);

	tap_ok(!rc && answer.retry_after_s == 7 &&
		   !strcmp(answer.content_type, "text/plain"),
	       "of a header that comes twice the last counts");
	memset(filler, 'x', sizeof(filler) - 1);
	filler[sizeof(filler) - 1] = '\0';
	snprintf(script, sizeof(script),
		 "HTTP/1.1 302 Found\r\nLocation: %s\r\nContent-Type: %s\r\n"
		 "Content-Length: 0\r\n\r\n",
		 filler, filler);
	rc = ask(script, 0, true, PLENTY_MS);
	tap_ok(!rc && !*answer.location && !*answer.content_type,
	       "what is too long counts as absent");
	snprintf(script, sizeof(script),
		 "HTTP/1.1 302 Found\r\nLocation: %s\r\n"
		 "Content-Length: 0\r\n\r\n",
		 filler + 1);
	rc = ask(script, 0, true, PLENTY_MS);
	tap_ok(!rc && !strcmp(answer.location, filler + 1),
	       "what just has room does not");
	rc = ask("HTTP/1.1 200 OK\r\nLocation:\r\nDate:\r\n"
		 "Content-Type: \t \r\nRetry-After:\r\n"
		 "Content-Length: 0\r\n\r\n",
		 0, true, PLENTY_MS);
	tap_ok(!rc && !*answer.content_type && !*answer.location &&
		   !answer.date && answer.retry_after_s == -1,
	       "headers without a value");
	rc = ask("HTTP/1.1 503 Later\r\nRetry-After: 5\r\n"
		 "Transfer-Encoding: chunked\r\n\r\n"
		 "1\r\nx\r\n0\r\nRetry-After: 9\r\n\r\n",
		 0, true, PLENTY_MS);
	tap_ok(!rc && answer.retry_after_s == 5,
	       "what follows the body is no header");
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
		int rc =
		    ask(brokens[i].script, brokens[i].repeat, true, PLENTY_MS);

		tap_ok(rc == VALETKEY_ERR_NETWORK && !answer.status &&
			   answer.sent && discreet() &&
			   strstr(problem.text, brokens[i].says),
		       "%s: %s", brokens[i].name, problem.text);
	}
	tap_ok(!ask("HTTP/1.1 200 OK\r\n\r\n", 256, true, PLENTY_MS) &&
		   answer.body.len == HTTP_BODY_MAX,
	       "the longest answer");
}

static void test_time(void)
{
	int64_t start_ms = clock_ms();
	int rc = ask(NULL, 0, true, 700);

	tap_ok(rc == VALETKEY_ERR_TIMEOUT && answer.sent && !answer.status &&
		   clock_ms() - start_ms < PLENTY_MS && discreet(),
	       "silence ends at the deadline: %s", problem.text);
	rc = ask_url("https://127.0.0.1:1/", NULL, -1);
	tap_ok(rc == VALETKEY_ERR_TIMEOUT && !answer.sent,
	       "a deadline that is over sends nothing");
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

/* In a process that is killed: else what libcurl has to leave with such a lookup
 * would count as a leak. */
static bool ends_while_names_hang(void)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		int rc;

		names_answered = 0;
		rc = ask_url("https://no-such-name.invalid/query", NULL, 300);
		raise(rc == VALETKEY_ERR_TIMEOUT && !names_answered &&
			      strstr(problem.text, "No name server answers")
			  ? SIGKILL
			  : SIGTERM);
	}
	return waitpid(pid, &status, 0) == pid && WIFSIGNALED(status) &&
	       WTERMSIG(status) == SIGKILL;
}

static void test_names(void)
{
	names_answer = EAI_AGAIN;
	refuse("https://no-such-name.invalid/query", "No name server answers");
	names_answer = EAI_NONAME;
	names_ms = 3500;
	refuse("https://no-such-name.invalid/query", "No name server answers");
	names_ms = PLENTY_MS;
	tap_ok(ends_while_names_hang(),
	       "no name until the deadline, and no longer");
	names_ms = 0;
}

/* A name with two addresses, the first of which refuses. */
static void test_two_addresses(void)
{
	struct server server = start("HTTP/1.1 400 Bad\r\n\r\n", 0);
	struct sockaddr_in6 taken = {.sin6_family = AF_INET6,
				     .sin6_addr = IN6ADDR_LOOPBACK_INIT,
				     .sin6_port = htons(server.port)};
	int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char url[64];

	(void)!bind(fd, (struct sockaddr *)&taken, sizeof(taken));
	names_answer = 0;
	snprintf(url, sizeof(url), "https://two.invalid:%u/query", server.port);
	ask_url(url, NULL, PLENTY_MS);
	names_answer = EAI_NONAME;
	stop(&server);
	tap_ok(seen.len && *seen.data == 0x16 &&
		   strstr(problem.text, "No TLS connection"),
	       "an IPv6 that refuses: it goes by IPv4: %s", problem.text);
	close(fd);
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
		   strstr(problem.text, "did not accept the connection"),
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
	struct http_request request = {.ca_file = "/nonexistent/ca.pem"};
	char url[64];
	int rc;

	snprintf(url, sizeof(url), "https://127.0.0.1:%u/query", server.port);
	rc = ask_url(url, NULL, PLENTY_MS);
	tap_ok(rc == VALETKEY_ERR_NETWORK && !answer.sent && discreet() &&
		   strstr(problem.text, "No TLS connection"),
	       "a server without TLS: %s", problem.text);
	stop(&server);
	server = start("", 0);
	snprintf(url, sizeof(url), "https://127.0.0.1:%u/query", server.port);
	request.url = url;
	request.deadline = deadline_in(PLENTY_MS);
	http_answer_free(&answer);
	rc = http_send(&request, &answer, &problem);
	tap_ok(rc == VALETKEY_ERR_NETWORK && strstr(problem.text, "ca_file"),
	       "no such ca_file: %s", problem.text);
	stop(&server);
}

int main(void)
{
	http_server_setup();
	test_exchange();
	test_status();
	test_retry_after();
	test_headers();
	test_broken();
	test_time();
	test_refused();
	test_names();
	test_two_addresses();
	test_silent();
	test_tls();
	test_tls_silent();
	http_server_done();
	return tap_done();
}
