/* SPDX-License-Identifier: MIT */
/*
 * browser.c - see browser.h.
 */
#include "browser.h"

#include "core/clock.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct listener *listener;
struct listener_answer answer;
uint16_t port;
bool form_post;
struct buf to;
bool settled;

int open_listener(const char *host, uint16_t at, struct problem *problem)
{
	struct listener_options options = {.host = host,
					   .port = at,
					   .path = "/callback",
					   .state = STATE,
					   .provider = "Pro<vider>",
					   .account = "work",
					   .program = "prog<ram>",
					   .form_post = form_post,
					   .to = &to};

	settled = false;
	return listener_open(&options, &listener, &port, problem);
}

void close_listener(void)
{
	listener_answer_free(&answer);
	listener_close(listener);
	listener = NULL;
}

int dial(int family, uint16_t at)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET,
				 .sin_port = htons(at),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6,
				  .sin6_port = htons(at),
				  .sin6_addr = in6addr_loopback};
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int rc = family == AF_INET
		     ? connect(fd, (struct sockaddr *)&v4, sizeof(v4))
		     : connect(fd, (struct sockaddr *)&v6, sizeof(v6));

	if (!rc)
		return fd;
	close(fd);
	return -1;
}

static void serve(void)
{
	if (listener_run(listener, &answer))
		settled = true;
}

bool pump(int fd, struct buf *text, int ms)
{
	int64_t deadline = deadline_in(ms);
	char part[4096];
	ssize_t n = 1;

	while (n && deadline_left(deadline)) {
		struct pollfd fds[2] = {
		    {.fd = listener_fd(listener), .events = POLLIN},
		    {.fd = fd, .events = POLLIN}};

		poll(fds, 2, deadline_left(deadline));
		if (fds[0].revents)
			serve();
		if (!fds[1].revents)
			continue;
		n = recv(fd, part, sizeof(part), MSG_DONTWAIT);
		if (n > 0)
			buf_add(text, part, (size_t)n);
		else if (n < 0)
			n = 0;
	}
	return !n;
}

void say(int fd, const char *text)
{
	size_t len = strlen(text);

	while (len) {
		ssize_t n = send(fd, text, len, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && errno != EAGAIN)
			return;
		if (n < 0)
			serve();
		else
			text += n, len -= (size_t)n;
	}
}

void request(int fd, const char *line)
{
	struct buf text = {0};

	buf_fmt(&text, "%s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n\r\n", line, port);
	say(fd, buf_text(&text));
	buf_free(&text);
}

bool ask(const char *line, struct buf *text)
{
	int fd = dial(AF_INET, port);
	bool closed;

	buf_clear(text);
	request(fd, line);
	closed = pump(fd, text, 3000);
	close(fd);
	return closed;
}

void location(const struct buf *text, char path[64])
{
	static const char name[] = "\r\nLocation: ";
	const char *at = strstr(buf_text(text), name);
	size_t len;

	*path = '\0';
	if (!at || strncmp(text->data, "HTTP/1.1 303 ", 13) != 0)
		return;
	at += strlen(name);
	len = strcspn(at, "\r\n");
	if (len < 64)
		memcpy(path, at, len), path[len] = '\0';
}

int follow(const struct buf *text)
{
	char path[64], line[80];
	int fd;

	location(text, path);
	if (!*path)
		return -1;
	fd = dial(AF_INET, port);
	snprintf(line, sizeof(line), "GET %s", path);
	request(fd, line);
	return fd;
}
