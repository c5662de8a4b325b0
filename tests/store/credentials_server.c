/* SPDX-License-Identifier: MIT */
/*
 * credentials_server - io.systemd.Credentials for tests where systemd has none, and
 * what no systemd answers. Like the real one it takes a call for the caller's own
 * user alone, needs no check of a name that is right, and ends the connection
 * when it has answered. A blob is "SEALED" and the data, in base64.
 *
 *	credentials_server SOCKET MODE LOG READY
 *
 * Line N of the file MODE says what happens to the next connection, the last one to
 * all that follow:
 *	good		it answers
 *	error NAME PARAMETERS	an error, {...}
 *	end		the connection ends unanswered
 *	cut, huge, garbage, other	no good answer
 *	silent, trickle	no answer, one that takes too long
 * MODE is read anew if it has changed. LOG has a line for each call.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define REQUEST_MAX 65536
#define CALL "{\"method\":\"io.systemd.Credentials."
#define BLOB "SEALED"

static void say(int fd, const char *text, size_t len)
{
	while (len) {
		ssize_t sent = send(fd, text, len, MSG_NOSIGNAL);

		if (sent <= 0)
			return;
		text += sent;
		len -= (size_t)sent;
	}
}

static void say_object(int fd, const char *text)
{
	say(fd, text, strlen(text) + 1);
}

/* The string member's value into `value`. */
static int member_of(const char *request, const char *name, char *value)
{
	char start[64];
	const char *at;

	snprintf(start, sizeof(start), "\"%s\":\"", name);
	at = strstr(request, start);
	if (!at)
		return -1;
	at += strlen(start);
	snprintf(value, REQUEST_MAX, "%.*s", (int)strcspn(at, "\""), at);
	return 0;
}

static void answer_well(int fd, const char *request)
{
	static char value[REQUEST_MAX], answer[REQUEST_MAX + 64];

	if (member_of(request, "scope", value) || strcmp(value, "user") != 0 ||
	    member_of(request, "name", value) || strcmp(value, "valetkey") != 0)
		say_object(fd, "{\"error\":\"io.systemd."
			       "InteractiveAuthenticationRequired\","
			       "\"parameters\":{}}");
	else if (strncmp(request, CALL "Encrypt\"", strlen(CALL) + 8) == 0 &&
		 member_of(request, "data", value) == 0) {
		snprintf(answer, sizeof(answer),
			 "{\"parameters\":{\"blob\":\"" BLOB "%s\"}}", value);
		say_object(fd, answer);
	} else if (strncmp(request, CALL "Decrypt\"", strlen(CALL) + 8) == 0 &&
		   member_of(request, "blob", value) == 0 &&
		   strncmp(value, BLOB, strlen(BLOB)) == 0) {
		snprintf(answer, sizeof(answer),
			 "{\"parameters\":{\"data\":\"%s\"}}",
			 value + strlen(BLOB));
		say_object(fd, answer);
	} else
		say_object(fd, "{\"error\":\"io.systemd.Credentials."
			       "BadFormat\",\"parameters\":{}}");
}

/* Until the caller goes, or has waited long enough. */
static void keep_waiting(int fd, const char *drop, int pause_ms)
{
	struct pollfd here = {.fd = fd, .events = POLLRDHUP};

	for (int left = 30000; left > 0; left -= pause_ms) {
		if (poll(&here, 1, pause_ms) != 0)
			return;
		say(fd, drop, strlen(drop));
	}
}

static void answer_badly(int fd, const char *mode)
{
	static char huge[1 << 20];

	if (strcmp(mode, "cut") == 0)
		say(fd, "{\"parameters\":{", 15);
	else if (strcmp(mode, "huge") == 0) {
		memset(huge, 'x', sizeof(huge));
		say(fd, huge, sizeof(huge));
	} else if (strcmp(mode, "garbage") == 0)
		say_object(fd, "}{ no JSON");
	else if (strcmp(mode, "other") == 0)
		say_object(fd, "{\"parameters\":{\"data\":7}}");
	else if (strcmp(mode, "silent") == 0)
		keep_waiting(fd, "", 30000);
	else if (strcmp(mode, "trickle") == 0)
		keep_waiting(fd, "{", 300);
}

static void answer(int fd, const char *request, const char *mode)
{
	char name[128], parameters[128], text[512];

	if (strcmp(mode, "good") == 0) {
		answer_well(fd, request);
	} else if (sscanf(mode, "error %127s %127[^\n]", name, parameters) ==
		   2) {
		snprintf(text, sizeof(text),
			 "{\"error\":\"%s\",\"parameters\":%s}", name,
			 parameters);
		say_object(fd, text);
	} else {
		answer_badly(fd, mode);
	}
}

static void serve(int fd, const char *mode, const char *log)
{
	static char request[REQUEST_MAX];
	size_t len = 0;
	FILE *out = fopen(log, "ae");

	while (len < sizeof(request) - 1 && !memchr(request, '\0', len)) {
		ssize_t got =
		    read(fd, request + len, sizeof(request) - 1 - len);

		if (got <= 0)
			break;
		len += (size_t)got;
	}
	if (out) {
		fprintf(out, "%s %.*s\n", mode, 42, request);
		fclose(out);
	}
	if (strcmp(mode, "end") != 0)
		answer(fd, request, mode);
	memset(request, 0, sizeof(request));
}

/* The line of this connection. */
static void next_mode(const char *path, char mode[512])
{
	static struct timespec seen;
	static unsigned served;
	struct stat st;
	FILE *in = fopen(path, "re");
	char line[512];

	strcpy(mode, "good");
	if (!in)
		return;
	if (fstat(fileno(in), &st) == 0 &&
	    memcmp(&st.st_mtim, &seen, sizeof(seen)) != 0) {
		seen = st.st_mtim;
		served = 0;
	}
	for (unsigned n = 0; n <= served && fgets(line, sizeof(line), in);
	     n++) {
		line[strcspn(line, "\n")] = '\0';
		strcpy(mode, line);
	}
	fclose(in);
	served++;
}

int main(int argc, char **argv)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char mode[512];
	FILE *ready;

	if (argc != 5 || strlen(argv[1]) >= sizeof(address.sun_path)) {
		fputs("credentials_server SOCKET MODE LOG READY\n", stderr);
		return 2;
	}
	strcpy(address.sun_path, argv[1]);
	if (fd < 0 || bind(fd, (const void *)&address, sizeof(address)) != 0 ||
	    chmod(argv[1], 0666) != 0 || listen(fd, 64) != 0) {
		perror(argv[1]);
		return 1;
	}
	ready = fopen(argv[4], "we");
	if (!ready || fputs("ready\n", ready) < 0 || fclose(ready))
		return 1;
	for (;;) {
		int peer = accept(fd, NULL, NULL);

		if (peer < 0 && errno != EINTR)
			return 1;
		if (peer < 0)
			continue;
		next_mode(argv[2], mode);
		serve(peer, mode, argv[3]);
		close(peer);
	}
}
