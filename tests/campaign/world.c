/* SPDX-License-Identifier: MIT */
/*
 * world.c - the provider, its log, the accounts and the clock of the campaign.
 */
#include "campaign.h"
#include "core/kernel.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct world world = {.store = "keyring", .percent = 100};

const char *world_path(const char *name)
{
	static char path[4096];

	snprintf(path, sizeof(path), "%s/%s", world.dir, name);
	return path;
}

int64_t world_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

unsigned world_random(unsigned below)
{
	return below ? (unsigned)random() % below : 0;
}

int world_trials(int in_short, int in_long)
{
	int trials = in_long * world.percent / 100;

	return world.is_short ? in_short : trials > 0 ? trials : 1;
}

void world_sleep_us(unsigned us)
{
	const struct timespec time = {us / 1000000, (long)us % 1000000 * 1000};

	nanosleep(&time, NULL);
}

void world_read(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, text, size - 1);

	if (fd >= 0)
		close(fd);
	text[n > 0 ? n : 0] = '\0';
}

void world_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text)) {
		perror(path);
		exit(99);
	}
	close(fd);
}

/* ---- the provider ---- */

static void count_line(const char *line)
{
	struct counts *counts = &world.counts;

	if (strstr(line, " undelivered=1"))
		counts->undelivered++;
	counts->faulted += strstr(line, " fault=") != NULL;
	if (!strstr(line, "grant=refresh_token"))
		return;
	counts->requests++;
	counts->rotated += strstr(line, "rotated=1") != NULL;
	counts->reused += strstr(line, "reason=reused") != NULL;
	counts->refused += strstr(line, "result=invalid_grant") != NULL;
}

struct counts world_counts(void)
{
	static char text[1 << 16];
	static size_t kept;
	char *line = text, *end;
	ssize_t n;

	while ((n = read(world.log, text + kept, sizeof(text) - 1 - kept)) >
	       0) {
		kept += (size_t)n;
		text[kept] = '\0';
		for (line = text; (end = strchr(line, '\n')); line = end + 1) {
			*end = '\0';
			count_line(line);
		}
		kept = strlen(line);
		memmove(text, line, kept + 1);
	}
	return world.counts;
}

static int connect_provider(void)
{
	const struct sockaddr_in to = {
	    .sin_family = AF_INET,
	    .sin_port = htons(world.port),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd >= 0 && connect(fd, (const struct sockaddr *)&to, sizeof(to)))
		close(fd), fd = -1;
	return fd;
}

/* Sends a request; the status of the answer, 0 where there is none. */
static int exchange(const char *request, char *answer, size_t size)
{
	size_t len = strlen(request), got = 0;
	int fd = connect_provider();
	ssize_t n;

	*answer = '\0';
	if (fd < 0)
		return 0;
	if (send(fd, request, len, MSG_NOSIGNAL) == (ssize_t)len)
		while (got < size - 1 &&
		       (n = recv(fd, answer + got, size - 1 - got, 0)) > 0)
			got += (size_t)n;
	close(fd);
	answer[got] = '\0';
	return strncmp(answer, "HTTP/1.1 ", 9) == 0
		   ? (int)strtol(answer + 9, NULL, 10)
		   : 0;
}

static int status_of(const char *request)
{
	char answer[4096];

	return exchange(request, answer, sizeof(answer));
}

void world_get(const char *path, char *answer, size_t size)
{
	char request[256];
	const char *body;

	snprintf(request, sizeof(request),
		 "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n"
		 "Connection: close\r\n\r\n",
		 path, world.port);
	body = exchange(request, answer, size) == 200
		   ? strstr(answer, "\r\n\r\n")
		   : NULL;
	memmove(answer, body ? body + 4 : "", body ? strlen(body + 4) + 1 : 1);
}

static void control(const char *path, const char *body)
{
	char request[2048];

	snprintf(request, sizeof(request),
		 "POST /control/%s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n"
		 "Connection: close\r\nContent-Length: %zu\r\n\r\n%s",
		 path, world.port, strlen(body), body);
	if (status_of(request) != 200) {
		fprintf(stderr, "campaign: the provider refuses %s %s\n", path,
			body);
		exit(99);
	}
}

void world_faults(const char *lines)
{
	char body[512];

	snprintf(body, sizeof(body), "none\n%s\n", lines);
	control("faults", body);
}

void world_expire(void)
{
	control("expire", "");
}

bool world_token_good(const char *token)
{
	char request[4096];

	snprintf(request, sizeof(request),
		 "GET /v2/organizations HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n"
		 "Authorization: Bearer %s\r\nConnection: close\r\n\r\n",
		 world.port, token);
	return status_of(request) == 200;
}

/* ---- accounts ---- */

bool world_find_id(const char *account, char *id, size_t size)
{
	char path[4096], text[8192], *at;

	snprintf(path, sizeof(path), "%s/valetkey/%s.conf",
		 getenv("XDG_CONFIG_HOME"), account);
	world_read(path, text, sizeof(text));
	at = strstr(text, "\nid=");
	if (!at)
		return false;
	snprintf(id, size, "%.*s", (int)strcspn(at + 4, "\n"), at + 4);
	return true;
}

const char *world_id(const char *account)
{
	static struct {
		char account[16], id[64];
	} known[32];
	unsigned i;

	for (i = 0; i < 32 && *known[i].account; i++)
		if (strcmp(known[i].account, account) == 0)
			return known[i].id;
	if (i == 32 ||
	    !world_find_id(account, known[i].id, sizeof(known[i].id))) {
		fprintf(stderr, "campaign: no account %s\n", account);
		exit(99);
	}
	snprintf(known[i].account, sizeof(known[i].account), "%s", account);
	return known[i].id;
}

bool store_holds_since(const char *account, int64_t when)
{
	char text[16], line[9000];
	const char *file = world_path("issued");

	snprintf(line, sizeof(line),
		 "'%s/tests/lib/%s' dump grant %s 2>/dev/null | "
		 "sed -n 's/^issued_clock=//p' >'%s'",
		 world.build, world.store, world_id(account), file);
	world_run((const char *const[]){"sh", "-c", line, NULL});
	world_read(world_path("issued"), text, sizeof(text));
	return strtoll(text, NULL, 10) >= when;
}

void world_forget_failures(const char *account)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/valetkey/.%s.lock",
		 getenv("XDG_CONFIG_HOME"), world_id(account));
	(void)!truncate(path, 0);
}

/* ---- where a helper parks ---- */

/* What the program writes in both places while nothing is parked yet; in a file
 * after the length, four bytes. */
#define IN_FLIGHT "in-flight "

static int state_of(const char *payload, size_t len)
{
	return !len						     ? 0
	       : strncmp(payload, IN_FLIGHT, strlen(IN_FLIGHT)) == 0 ? 1
								     : 2;
}

static void parked_path(const char *id, const char *suffix, char path[4096])
{
	snprintf(path, 4096, "%s/valetkey/.%s.%s", getenv("XDG_CONFIG_HOME"),
		 id, suffix);
}

static int state_in(const char *key, const char *id, const char *suffix)
{
	char name[128], path[4096], text[sizeof(uint32_t) + sizeof(IN_FLIGHT)];
	struct buf payload = {0};
	uint32_t len;
	int state = 0;

	snprintf(name, sizeof(name), "%s:%s", key, id);
	if (keyctl_read(keyctl_find(name), &payload))
		state = state_of(payload.data, payload.len);
	buf_free(&payload);
	if (state)
		return state;
	parked_path(id, suffix, path);
	memset(text, 0, sizeof(text));
	world_read(path, text, sizeof(text));
	memcpy(&len, text, sizeof(len));
	return state_of(text + sizeof(len), len);
}

int parked_state(const char *account)
{
	return state_in("valetkey-parked", world_id(account), "parked");
}

int login_state(const char *id)
{
	return state_in("valetkey-login", id, "parked-login");
}

void parked_forget(const char *account)
{
	char name[128], path[4096];

	if (parked_state(account) != 2)
		return;
	snprintf(name, sizeof(name), "valetkey-parked:%s", world_id(account));
	keyctl_discard(name);
	parked_path(world_id(account), "parked", path);
	unlink(path);
}

int world_run(const char *const argv[])
{
	extern char **environ;
	int status = 0;
	pid_t pid;

	if (posix_spawnp(&pid, argv[0], NULL, NULL, (char **)argv, environ))
		return 127;
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 126;
}

void world_login(const char *account)
{
	static const char login[] = "exec valetkey login \"$0\" "
				    "--accept-change </dev/null >/dev/null "
				    "2>&1";
	const char *const argv[] = {"sh", "-c", login, account, NULL};

	world_forget_failures(account);
	for (int tries = 0; tries < 5; tries++) {
		if (world_run(argv) == 0)
			return;
		world_sleep_us(500000);
	}
	fprintf(stderr, "campaign: %s cannot log in\n", account);
	exit(99);
}
