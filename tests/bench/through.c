/* SPDX-License-Identifier: MIT */
/*
 * through - an HTTP/1.1 client that measures how long answers take, directly and
 * through proxies:
 *
 *	through WHAT NUMBER URL HEADERS NAME
 *
 * HEADERS is a file whose lines go with each request. Prints samples "NAME
 * NANOSECONDS"; an answer that is not a whole 200 ends it with an error, so who
 * does not answer has no samples. WHAT is
 *
 *	kept	NUMBER requests behind each other on one connection, each a sample
 *	bulk	NUMBER whole answers, each a sample
 *	events	NUMBER server-sent events, whose data is when they were sent
 *	cold	NUMBER connections at once, one sample: until all are answered
 *	crowd	NUMBER connections one by one; then prints "ready", and keeps them
 *		until standard input ends
 *
 * https is verified by the certificates of the file $SSL_CERT_FILE.
 */
#include "bench.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <gnutls/gnutls.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#define CONNECTIONS_MAX 1024
#define WARM_UP 100
#define PATIENCE_MS 60000

struct connection {
	gnutls_session_t tls; /* NULL: plain */
	int64_t left;	      /* of the body; -1: its head is not here yet */
	size_t head_len;
	char head[8192];
	int fd;
	bool shaken, sent;
};

static struct sockaddr_in address;
static bool secure;
static char request[8192];
static size_t request_len;
static char host[64];
static gnutls_certificate_credentials_t trust;
static char data[(1 << 16) + 1];

/* ---- setting up ---- */

static void read_url(const char *url, const char *headers)
{
	const char *rest = strstr(url, "://");
	char port[6], path[1024], lines[4096] = "";
	FILE *file = fopen(headers, "re");

	need(file != NULL, "cannot read %s", headers);
	lines[fread(lines, 1, sizeof(lines) - 1, file)] = '\0';
	fclose(file);
	need(rest && sscanf(rest, "://%63[^:]:%5[0-9]%1023s", host, port,
			    path) == 3,
	     "not http://ADDRESS:PORT/PATH: %s", url);
	secure = strncmp(url, "https", 5) == 0;
	address.sin_family = AF_INET;
	address.sin_port = htons((uint16_t)strtoul(port, NULL, 10));
	inet_pton(AF_INET, host, &address.sin_addr);
	request_len = (size_t)snprintf(request, sizeof(request),
				       "GET %s HTTP/1.1\r\nHost: %s:%s\r\n%s"
				       "\r\n",
				       path, host, port, lines);
	need(request_len < sizeof(request), "too long a request");
}

static void read_trust(void)
{
	const char *path = getenv("SSL_CERT_FILE");

	need(path != NULL, "SSL_CERT_FILE is not set");
	gnutls_certificate_allocate_credentials(&trust);
	need(gnutls_certificate_set_x509_trust_file(trust, path,
						    GNUTLS_X509_FMT_PEM) > 0,
	     "no certificates in %s", path);
}

static void start_tls(struct connection *one)
{
	need(gnutls_init(&one->tls, GNUTLS_CLIENT | GNUTLS_NONBLOCK) == 0 &&
		 gnutls_set_default_priority(one->tls) == 0 &&
		 gnutls_credentials_set(one->tls, GNUTLS_CRD_CERTIFICATE,
					trust) == 0,
	     "no TLS");
	gnutls_session_set_verify_cert(one->tls, host, 0);
	gnutls_transport_set_int(one->tls, one->fd);
}

/* The descriptor does not block. */
static void start_connection(struct connection *one)
{
	int yes = 1;

	*one = (struct connection){.left = -1};
	one->fd =
	    socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	need(one->fd >= 0, "no socket: %s", strerror(errno));
	setsockopt(one->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
	need(connect(one->fd, (const struct sockaddr *)&address,
		     sizeof(address)) == 0 ||
		 errno == EINPROGRESS,
	     "cannot connect: %s", strerror(errno));
	if (secure)
		start_tls(one);
	one->shaken = !secure;
}

static void end_connection(struct connection *one)
{
	if (one->tls)
		gnutls_deinit(one->tls);
	close(one->fd);
}

/* ---- one answer, step by step ---- */

static bool later(ssize_t n)
{
	return n == GNUTLS_E_AGAIN || n == GNUTLS_E_INTERRUPTED;
}

/* As recv(): -1 is "later". */
static ssize_t take_data(struct connection *one)
{
	ssize_t n;

	if (!one->tls) {
		n = recv(one->fd, data, sizeof(data) - 1, 0);
		need(n >= 0 || errno == EAGAIN, "receiving: %s",
		     strerror(errno));
		return n;
	}
	n = gnutls_record_recv(one->tls, data, sizeof(data) - 1);
	need(n >= 0 || later(n), "receiving: %s", gnutls_strerror((int)n));
	return n < 0 ? -1 : n;
}

/* False: it has to wait. */
static bool send_request(struct connection *one)
{
	ssize_t n;

	if (!one->shaken) {
		n = gnutls_handshake(one->tls);
		need(n == 0 || later(n), "TLS: %s", gnutls_strerror((int)n));
		if (n != 0)
			return false;
		one->shaken = true;
	}
	n = one->tls ? gnutls_record_send(one->tls, request, request_len)
		     : send(one->fd, request, request_len, MSG_NOSIGNAL);
	if (one->tls ? later(n) : n < 0 && errno == EAGAIN)
		return false;
	need(n == (ssize_t)request_len, "sending fails");
	one->sent = true;
	return true;
}

/* What is behind the head, of n bytes in `data`. */
static size_t read_answer_head(struct connection *one, size_t n)
{
	size_t before = one->head_len, room = sizeof(one->head) - before - 1;
	const char *end, *length;

	memcpy(one->head + before, data, n < room ? n : room);
	one->head_len += n < room ? n : room;
	one->head[one->head_len] = '\0';
	end = strstr(one->head, "\r\n\r\n");
	need(end || one->head_len < sizeof(one->head) - 1, "too long a head");
	if (!end)
		return 0;
	need(strncmp(one->head, "HTTP/1.1 200 ", 13) == 0, "not 200: %.40s",
	     one->head);
	length = strcasestr(one->head, "\ncontent-length:");
	one->left =
	    length && length < end ? strtoll(length + 16, NULL, 10) : INT64_MAX;
	return n - ((size_t)(end + 4 - one->head) - before);
}

/* True once its whole answer is here. */
static bool go_on(struct connection *one)
{
	ssize_t n;

	if (!one->sent && !send_request(one))
		return false;
	while ((n = take_data(one)) > 0) {
		size_t body = (size_t)n;

		if (one->left < 0)
			body = read_answer_head(one, (size_t)n);
		if (one->left >= 0)
			one->left -= (int64_t)body;
		if (one->left == 0)
			return true;
	}
	need(n < 0, "the connection ended too early");
	return false;
}

static void wait_for(const struct connection *one)
{
	struct epoll_event event = {.events = EPOLLIN};
	static int epoll = -1, watched = -1;

	if (epoll < 0)
		epoll = epoll_create1(EPOLL_CLOEXEC);
	if (watched != one->fd) {
		epoll_ctl(epoll, EPOLL_CTL_DEL, watched, NULL);
		epoll_ctl(epoll, EPOLL_CTL_ADD, one->fd, &event);
		watched = one->fd;
	}
	need(epoll_wait(epoll, &event, 1, PATIENCE_MS) == 1, "no answer");
}

static void ask(struct connection *one)
{
	one->sent = false;
	one->left = -1;
	one->head_len = 0;
	while (!go_on(one))
		wait_for(one);
}

/* ---- what is measured ---- */

static void measure_kept(long number, const char *name)
{
	struct connection one;

	start_connection(&one);
	for (long i = -WARM_UP; i < number; i++) {
		int64_t began = now_ns();

		ask(&one);
		if (i >= 0)
			sample(name, (double)(now_ns() - began));
	}
	end_connection(&one);
}

static void measure_bulk(long number, const char *name)
{
	struct connection one;

	start_connection(&one);
	for (long i = 0; i < number; i++) {
		int64_t began = now_ns();

		ask(&one);
		sample(name, (double)(now_ns() - began));
	}
	end_connection(&one);
}

/* Events are short: each comes in one piece. */
static void measure_events(long number, const char *name)
{
	struct connection one;
	ssize_t n;

	start_connection(&one);
	while (!one.sent)
		if (!send_request(&one))
			wait_for(&one);
	while (number > 0) {
		const char *at = data;

		wait_for(&one);
		n = take_data(&one);
		need(n != 0, "the events ended too early");
		data[n > 0 ? n : 0] = '\0';
		while (number > 0 && (at = strstr(at, "data: "))) {
			at += 6;
			sample(name,
			       (double)(now_ns() - strtoll(at, NULL, 10)));
			number--;
		}
	}
	end_connection(&one);
}

static void measure_cold(long number, const char *name)
{
	static struct connection crowd[CONNECTIONS_MAX];
	int epoll = epoll_create1(EPOLL_CLOEXEC);
	int64_t began = now_ns();
	long done = 0;

	for (long i = 0; i < number; i++) {
		struct epoll_event event = {.events = EPOLLOUT,
					    .data.ptr = &crowd[i]};

		start_connection(&crowd[i]);
		epoll_ctl(epoll, EPOLL_CTL_ADD, crowd[i].fd, &event);
	}
	while (done < number) {
		struct epoll_event event;
		struct connection *one;

		need(epoll_wait(epoll, &event, 1, PATIENCE_MS) == 1,
		     "no answer");
		one = event.data.ptr;
		if (go_on(one)) {
			epoll_ctl(epoll, EPOLL_CTL_DEL, one->fd, NULL);
			done++;
		} else {
			event.events = EPOLLIN;
			epoll_ctl(epoll, EPOLL_CTL_MOD, one->fd, &event);
		}
	}
	sample(name, (double)(now_ns() - began));
	for (long i = 0; i < number; i++)
		end_connection(&crowd[i]);
}

static void keep_crowd(long number)
{
	static struct connection crowd[CONNECTIONS_MAX];
	char byte;

	for (long i = 0; i < number; i++) {
		start_connection(&crowd[i]);
		ask(&crowd[i]);
	}
	puts("ready");
	fflush(stdout);
	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
}

int main(int argc, char **argv)
{
	long number = argc == 6 ? strtol(argv[2], NULL, 10) : 0;
	const char *what = argv[1];

	need(number > 0 && number <= CONNECTIONS_MAX * 100L,
	     "usage: through WHAT NUMBER URL HEADERS NAME");
	read_url(argv[3], argv[4]);
	if (secure)
		read_trust();
	if (strcmp(what, "kept") == 0)
		measure_kept(number, argv[5]);
	else if (strcmp(what, "bulk") == 0)
		measure_bulk(number, argv[5]);
	else if (strcmp(what, "events") == 0)
		measure_events(number, argv[5]);
	else if (number > CONNECTIONS_MAX)
		give_up("too many connections");
	else if (strcmp(what, "cold") == 0)
		measure_cold(number, argv[5]);
	else
		keep_crowd(number);
	return 0;
}
