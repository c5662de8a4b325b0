/* SPDX-License-Identifier: MIT */
/*
 * http_server.c - see http_server.h. The server is a child process that reads one
 * request, answers, and hands back what it was sent.
 */
#include "http_server.h"

#include "core/clock.h"
#include "valetkey.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <netdb.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

int names_answer = EAI_NONAME;
unsigned names_ms;
atomic_uint names_answered;
struct http_answer answer;
struct problem problem;
struct buf seen;

typedef int lookup(const char *, const char *, const struct addrinfo *,
		   struct addrinfo **);

/* The C library's own answer for two addresses, in one list. */
static int find_both(const char *service, const struct addrinfo *hints,
		     struct addrinfo **found)
{
	lookup *real = (lookup *)dlsym(RTLD_NEXT, "getaddrinfo");
	struct addrinfo **last = found;
	int rc;

	real("::1", service, hints, found); /* or there is no IPv6 here */
	while (*last)
		last = &(*last)->ai_next;
	rc = real("127.0.0.1", service, hints, last);
	return *found ? 0 : rc; /* it may be asked for one kind alone */
}

__attribute__((visibility("default"))) int
getaddrinfo(const char *name, const char *service, const struct addrinfo *hints,
	    struct addrinfo **found)
{
	const struct timespec wait = {names_ms / 1000,
				      names_ms % 1000 * 1000000L};

	*found = NULL;
	nanosleep(&wait, NULL);
	names_answered++;
	if (!strstr(name, ".invalid"))
		return EAI_FAMILY;
	return names_answer ? names_answer : find_both(service, hints, found);
}

int listen_any(uint16_t *port)
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

struct server start(const char *script, size_t repeat)
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

void stop(const struct server *server)
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

int ask_url(const char *url, const struct buf *form, int ms)
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

int ask(const char *script, size_t repeat, bool post, int ms)
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

bool has(const char *part)
{
	return strstr(buf_text(&seen), part);
}

bool discreet(void)
{
	return *problem.text && !strstr(problem.text, "sesame") &&
	       !strstr(problem.text, "ecret") && !strstr(problem.text, "query");
}

void http_server_setup(void)
{
	unsetenv("https_proxy");
	unsetenv("http_proxy");
	unsetenv("all_proxy");
	unsetenv("HTTPS_PROXY");
	unsetenv("ALL_PROXY");
}

void http_server_done(void)
{
	http_answer_free(&answer);
	buf_free(&seen);
}
