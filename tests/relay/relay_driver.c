/* SPDX-License-Identifier: MIT */
/*
 * relay_driver.c - a relay that passes everything on to one server, for the
 * tests and the benchmark:
 *
 *   relay_driver ORIGIN [--port N | --socket PATH] [--ca-file FILE] [--cookies]
 *                [--refused N] [--proxy URL] [--certificate FILE --key FILE]
 *                [--secret]
 *                [--secret]
 *
 * Prints "ready http://127.0.0.1:PORT". The token is "token-1"; after the Nth
 * refusal it gives up (--refused; 1 if it is not given), and takes token-2 and so
 * on before that. With --secret its own address has the path /secret, which is
 * taken away. Its own answers: /driver/read says how long the body is and what it
 * is, /driver/clients how many there are, /driver/answer a short text,
 * /driver/most how many requests have come in one call of relay_run() at most,
 * /driver/lookups how many names under hangs.test are looked up, each for ever.
 * /driver/later lets 40 seconds pass at once. Ends on SIGTERM.
 */
#include "net/net_module.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static struct relay_upstream upstream;
static struct relay *relay;
static const char *socket_path;
static int refusals = 1, port;
static char self[80];
static bool secret;
static volatile sig_atomic_t stopped;
static atomic_int lookups, later_s;
static unsigned arrived, most; /* in one call of relay_run() */

/* What is kept of a request. */
struct passing {
	char *target;
	int refused;
};

static void stop(int number)
{
	(void)number;
	stopped = 1;
}

/* In place of the system's, for all libraries: */
#define FOR_ALL __attribute__((visibility("default")))

FOR_ALL int getaddrinfo(const char *restrict name, const char *restrict service,
			const struct addrinfo *restrict hints,
			struct addrinfo **restrict list)
{
	__typeof__(&getaddrinfo) real;

	*(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
	if (!name || !strstr(name, "hangs.test"))
		return real(name, service, hints, list);
	lookups++;
	for (;;)
		pause();
}

FOR_ALL int clock_gettime(clockid_t which, struct timespec *now)
{
	static __typeof__(&clock_gettime) real;
	int rc;

	if (!real)
		*(void **)&real = dlsym(RTLD_NEXT, "clock_gettime");
	rc = real(which, now);
	if (which != CLOCK_REALTIME)
		now->tv_sec += later_s;
	return rc;
}

static void answer_text(struct relay_exchange *exchange, const char *text)
{
	static const struct relay_header fields[] = {
	    {"Content-Type", "text/plain"}};
	struct buf body = {0};
	struct relay_reply reply = {.status = 200,
				    .headers = fields,
				    .headers_count = 1,
				    .body = &body};

	buf_str(&body, text);
	relay_answer(exchange, &reply);
	buf_free(&body);
}

static void forward(struct relay_exchange *exchange)
{
	struct passing *passing = exchange->mine;
	char bearer[32];

	snprintf(bearer, sizeof(bearer), "token-%d", passing->refused + 1);
	upstream.bearer = bearer;
	upstream.target = passing->target;
	relay_forward(exchange, &upstream);
	upstream.bearer = NULL;
}

static bool answer_here(struct relay_exchange *exchange, const char *target)
{
	char text[64];

	if (strcmp(target, "/driver/clients") == 0)
		snprintf(text, sizeof(text), "%zu\n", relay_clients(relay));
	else if (strcmp(target, "/driver/answer") == 0)
		snprintf(text, sizeof(text), "answered\n");
	else if (strcmp(target, "/driver/most") == 0)
		snprintf(text, sizeof(text), "%u\n", most);
	else if (strcmp(target, "/driver/lookups") == 0)
		snprintf(text, sizeof(text), "%d\n", (int)lookups);
	else if (strcmp(target, "/driver/later") == 0)
		snprintf(text, sizeof(text), "%d\n",
			 (int)atomic_fetch_add(&later_s, 40) + 40);
	else
		return false;
	answer_text(exchange, text);
	return true;
}

static void on_arrived(struct relay_exchange *exchange,
		       const struct relay_request *request, void *data)
{
	struct passing *passing = calloc(1, sizeof(*passing));
	const char *target = request->target;

	(void)data;
	arrived++;
	if (secret && strncmp(target, "/secret", 7) == 0)
		target += 7;
	exchange->mine = passing;
	passing->target = strdup(target);
	if (strcmp(target, "/driver/read") == 0)
		relay_read(exchange, 100000);
	else if (!answer_here(exchange, target))
		forward(exchange);
}

static void on_read(struct relay_exchange *exchange, const struct buf *body,
		    void *data)
{
	struct buf text = {0};

	(void)data;
	buf_fmt(&text, "%zu %s\n", body->len, buf_text(body));
	answer_text(exchange, buf_text(&text));
	buf_free(&text);
}

static void on_refused(struct relay_exchange *exchange, bool repeatable,
		       void *data)
{
	struct passing *passing = exchange->mine;

	(void)data;
	if (repeatable && passing->refused++ < refusals)
		forward(exchange);
	else
		relay_pass(exchange);
}

static void on_ended(struct relay_exchange *exchange, void *data)
{
	struct passing *passing = exchange->mine;

	(void)data;
	free(passing->target);
	free(passing);
	exchange->mine = NULL;
}

static int listen_tcp(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_port = htons((uint16_t)port)};
	socklen_t len = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) ||
	    listen(fd, 1024) ||
	    getsockname(fd, (struct sockaddr *)&address, &len))
		return -1;
	snprintf(self, sizeof(self), "http://127.0.0.1:%u",
		 (unsigned)ntohs(address.sin_port));
	return fd;
}

static int listen_unix(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", socket_path);
	snprintf(self, sizeof(self), "http://localhost");
	return bind(fd, (struct sockaddr *)&address, sizeof(address)) ||
		       listen(fd, 1024)
		   ? -1
		   : fd;
}

static int read_arguments(int argc, char **argv)
{
	struct {
		const char *name, **value;
	} options[] = {{"--socket", &socket_path},
		       {"--ca-file", &upstream.ca_file},
		       {"--proxy", &upstream.proxy},
		       {"--certificate", &upstream.certificate},
		       {"--key", &upstream.certificate_key}};

	if (argc < 2)
		return -1;
	upstream.origin = argv[1];
	for (int i = 2; i < argc; i++) {
		size_t n;

		if (strcmp(argv[i], "--cookies") == 0) {
			upstream.cookies = true;
			continue;
		}
		if (strcmp(argv[i], "--secret") == 0) {
			secret = true;
			upstream.secret = "secret";
			continue;
		}
		if (i + 1 == argc)
			return -1;
		for (n = 0; n < sizeof(options) / sizeof(*options); n++)
			if (strcmp(argv[i], options[n].name) == 0)
				*options[n].value = argv[i + 1];
		if (strcmp(argv[i], "--port") == 0)
			port = (int)strtol(argv[i + 1], NULL, 10);
		if (strcmp(argv[i], "--refused") == 0)
			refusals = (int)strtol(argv[i + 1], NULL, 10);
		i++;
	}
	return 0;
}

/* Signals come while it waits. */
static void serve(const sigset_t *before)
{
	while (!stopped) {
		int wait = relay_run(relay);
		struct timespec timeout;
		struct pollfd poll_fd = {.fd = relay_fd(relay),
					 .events = POLLIN};

		most = arrived > most ? arrived : most;
		arrived = 0;
		timeout.tv_sec = wait / 1000;
		timeout.tv_nsec = wait % 1000 * 1000000L;
		ppoll(&poll_fd, 1, wait < 0 ? NULL : &timeout, before);
	}
}

int main(int argc, char **argv)
{
	struct relay_options options = {.arrived = on_arrived,
					.read = on_read,
					.refused = on_refused,
					.ended = on_ended};
	struct sigaction action = {.sa_handler = stop};
	sigset_t signals, before;
	struct problem problem;

	if (read_arguments(argc, argv)) {
		fprintf(stderr, "usage: relay_driver ORIGIN [options]\n");
		return 2;
	}
	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigprocmask(SIG_BLOCK, &signals, &before);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	options.listener = socket_path ? listen_unix() : listen_tcp();
	if (options.listener < 0) {
		perror("relay_driver: listen");
		return 1;
	}
	upstream.self = self;
	if (relay_open(&options, &relay, &problem)) {
		fprintf(stderr, "relay_driver: %s\n", problem.text);
		return 1;
	}
	printf("ready %s\n", self);
	fflush(stdout);
	if (secret)
		strcat(self, "/secret");
	serve(&before);
	relay_close(relay);
	return 0;
}
