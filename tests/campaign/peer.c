/* SPDX-License-Identifier: MIT */
/*
 * peer.c - oidc-agent, driven as its user would: started with the files that it
 * has and the file with their password (oidc-add), asked by oidc-token.
 */
#include "campaign.h"
#include "valetkey.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define START_MS 10000

static pid_t agent, metadata;
static char folder[4000], password[4096], said[4096];
static char socket_path[sizeof(((struct sockaddr_un *)0)->sun_path)];

/* Runs it with what it says in a file, and its answers in a pipe. */
static pid_t run(const char *const argv[], int out, const char *log_path)
{
	pid_t pid = fork();

	if (pid == 0) {
		int log = open(log_path,
			       O_WRONLY | O_CREAT | O_APPEND | O_TRUNC, 0600);
		int in = open("/dev/null", O_RDONLY);

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(in, 0);
		dup2(out < 0 ? log : out, 1);
		dup2(log, 2);
		execvp(argv[0], (char *const *)argv);
		_exit(127);
	}
	return pid;
}

static bool succeeds(const char *const argv[])
{
	pid_t pid = run(argv, -1, said);
	int status = -1;

	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static const char *script(void)
{
	static char path[4096];

	snprintf(path, sizeof(path), "%s/tests/campaign/peer.sh",
		 getenv("VALETKEY_SRC"));
	return path;
}

/* A port that the kernel gives out to nobody else while we run, most likely. */
static unsigned free_port(void)
{
	struct sockaddr_in at = {.sin_family = AF_INET,
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (bind(fd, (const struct sockaddr *)&at, size) != 0 ||
	    getsockname(fd, (struct sockaddr *)&at, &size) != 0)
		at.sin_port = 0;
	close(fd);
	return ntohs(at.sin_port);
}

static void set_number(const char *name, unsigned number)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", number);
	setenv(name, text, 1);
}

bool peer_open(const char **why)
{
	static const char *const look[] = {
	    "sh", "-c", "command -v oidc-agent && command -v openssl", NULL};

	snprintf(folder, sizeof(folder), "%s/oidc-agent", world.dir);
	snprintf(password, sizeof(password), "--pw-file=%s/peer-password",
		 world.dir);
	(void)!snprintf(socket_path, sizeof(socket_path),
			"%s/oidc-agent/socket", world.dir);
	snprintf(said, sizeof(said), "%s/said", world.dir);
	*why = "oidc-agent-cli and openssl are not installed";
	if (!succeeds(look))
		return false;
	mkdir(folder, 0700);
	setenv("OIDC_CONFIG_DIR", folder, 1);
	setenv("OIDC_SOCK", socket_path, 1);
	set_number("VALETKEY_PEER_PROVIDER", world.port);
	set_number("VALETKEY_PEER_METADATA", free_port());
	metadata = run((const char *const[]){"sh", script(), "serve", NULL}, -1,
		       "/dev/null");
	return true;
}

static void end(pid_t pid)
{
	if (pid <= 1)
		return;
	kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}

/* The half of it that talks to providers. */
static pid_t inner(void)
{
	char path[64], text[64];

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)agent,
		 (int)agent);
	world_read(path, text, sizeof(text));
	return (pid_t)strtol(text, NULL, 10);
}

void peer_kill(void)
{
	pid_t child = agent > 0 ? inner() : 0;

	if (child > 1)
		kill(child, SIGKILL);
	end(agent);
	end(child);
	agent = 0;
	unlink(socket_path);
}

void peer_close(void)
{
	peer_kill();
	end(metadata);
	metadata = 0;
}

static bool reachable(void)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool good;

	snprintf(at.sun_path, sizeof(at.sun_path), "%s", socket_path);
	good = connect(fd, (const struct sockaddr *)&at, sizeof(at)) == 0;
	close(fd);
	return good;
}

static void start_agent(void)
{
	const char *const argv[] = {"oidc-agent",
				    "--console",
				    "--no-webserver",
				    "--no-autoreauthenticate",
				    "-a",
				    socket_path,
				    NULL};
	int64_t until = world_ms() + START_MS;

	agent = run(argv, -1, "/dev/null");
	while (!reachable()) {
		if (world_ms() > until) {
			fputs("campaign: oidc-agent does not start\n", stderr);
			exit(99);
		}
		world_sleep_us(5000);
	}
}

bool peer_start(void)
{
	start_agent();
	return succeeds(
	    (const char *const[]){"oidc-add", password, "peer", NULL});
}

const char *peer_said(void)
{
	static char text[256];

	world_read(said, text, sizeof(text));
	text[strcspn(text, "\n")] = '\0';
	return text;
}

void peer_login(void)
{
	for (int tries = 0; tries < 5; tries++) {
		peer_kill();
		start_agent();
		if (succeeds(
			(const char *const[]){"sh", script(), "login", NULL}))
			return;
		world_sleep_us(500000);
	}
	fprintf(stderr, "campaign: oidc-agent cannot log in: %s\n",
		peer_said());
	exit(99);
}

void peer_ask(struct host *host, int min_valid_s)
{
	char valid[32];
	const char *const argv[] = {"oidc-token", valid, "peer", NULL};
	int fds[2];

	snprintf(valid, sizeof(valid), "--time=%d", min_valid_s);
	host->timeout_ms = TIMEOUT_MS;
	if (pipe2(fds, O_CLOEXEC)) {
		perror("campaign");
		exit(99);
	}
	host->began = world_ms();
	host->pid = run(argv, fds[1], said);
	close(fds[1]);
	host->answers = fds[0];
}

/* Without its newline; it has no limit of its own, so it gets one. */
static bool read_token(const struct host *host, char *token, size_t size)
{
	struct pollfd fd = {.fd = host->answers, .events = POLLIN};
	size_t got = 0;
	ssize_t n;

	do {
		int64_t left =
		    host->began + host->timeout_ms + LATE_MS - world_ms();

		if (left <= 0 || poll(&fd, 1, (int)left + 1) <= 0)
			return false;
		n = read(host->answers, token + got, size - 1 - got);
		got += n > 0 ? (size_t)n : 0;
	} while (n > 0);
	token[got] = '\0';
	token[strcspn(token, "\n")] = '\0';
	return true;
}

void peer_answer(struct host *host, struct outcome *outcome)
{
	int status = -1;

	*outcome = (struct outcome){.result = VALETKEY_ERR_NETWORK};
	if (!read_token(host, outcome->token, sizeof(outcome->token))) {
		outcome->result = VALETKEY_ERR_TIMEOUT;
		kill(host->pid, SIGKILL);
	}
	close(host->answers);
	while (waitpid(host->pid, &status, 0) < 0 && errno == EINTR)
		;
	outcome->took_ms = world_ms() - host->began;
	outcome->answered =
	    WIFEXITED(status) || outcome->result == VALETKEY_ERR_TIMEOUT;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		outcome->result = VALETKEY_OK;
}

int64_t peer_file_time(void)
{
	struct stat about;
	char path[4096];

	snprintf(path, sizeof(path), "%s/peer", folder);
	if (stat(path, &about) != 0)
		return 0;
	return (int64_t)about.st_mtim.tv_sec * 1000000000 +
	       about.st_mtim.tv_nsec;
}
