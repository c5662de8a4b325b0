/* SPDX-License-Identifier: MIT */
/*
 * faults_tls.c - the account "tls" asks a provider that speaks TLS, through a
 * port of ours: behind it is now that provider, now somebody with another
 * certificate. run.sh makes the certificates and starts them; the file "tls"
 * of the session's folder has a line for each: NAME PORT, "front" being ours.
 */
#include "campaign.h"
#include "valetkey.h"

#include <arpa/inet.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static const int network[] = {VALETKEY_ERR_NETWORK, VALETKEY_ERR_DENIED, -1};
static char ports[1024];

static uint16_t port_of(const char *name)
{
	char line[64];
	const char *at;

	snprintf(line, sizeof(line), "%s ", name);
	at = strstr(ports, line);
	return at ? (uint16_t)strtoul(at + strlen(line), NULL, 10) : 0;
}

static int reach(uint16_t port, bool listening)
{
	const struct sockaddr_in at = {
	    .sin_family = AF_INET,
	    .sin_port = htons(port),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int one = 1, rc;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (listening)
		rc = bind(fd, (const struct sockaddr *)&at, sizeof(at)) ||
		     listen(fd, 16);
	else
		rc = connect(fd, (const struct sockaddr *)&at, sizeof(at));
	if (rc) {
		close(fd);
		fd = -1;
	}
	return fd;
}

/* Until one side has ended. */
static void relay(int a, int b)
{
	struct pollfd fds[] = {{.fd = a, .events = POLLIN},
			       {.fd = b, .events = POLLIN}};
	char bytes[16384];

	while (poll(fds, 2, -1) > 0)
		for (int i = 0; i < 2; i++) {
			ssize_t n = 0;

			if (!fds[i].revents)
				continue;
			n = recv(fds[i].fd, bytes, sizeof(bytes), 0);
			if (n <= 0 || send(fds[!i].fd, bytes, (size_t)n,
					   MSG_NOSIGNAL) != n)
				return;
		}
}

/* The one before us may still have it. */
static int listen_in_front(void)
{
	int listener = -1;

	for (int tries = 0; listener < 0 && tries < 500; tries++) {
		listener = reach(port_of("front"), true);
		if (listener < 0)
			world_sleep_us(10000);
	}
	return listener;
}

static pid_t forward(uint16_t to)
{
	int listener = listen_in_front();
	pid_t pid = listener < 0 ? -1 : fork();

	if (pid < 0) {
		fprintf(stderr, "campaign: nobody can stand in front\n");
		exit(99);
	}
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		signal(SIGCHLD, SIG_IGN);
		for (;;) {
			int from = accept(listener, NULL, NULL);

			if (fork() == 0) {
				close(listener);
				relay(from, reach(to, false));
				_exit(0);
			}
			close(from);
		}
	}
	close(listener);
	return pid;
}

static void end_forward(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void try_certificate(const char *name, const char *who)
{
	const struct host_options options = {.account = "tls"};
	struct row *row = table_row(name);
	struct outcome outcome;
	struct trial trial;
	struct host host;
	pid_t front;

	for (int i = 0; i < world_trials(2, 50); i++) {
		front = forward(port_of(who));
		trial_begin(&trial, row, "tls", network);
		host_start(&host, &options);
		host_end(&host, &outcome);
		host_await_helpers(host.pid);
		trial_outcome(&trial, &outcome, host.timeout_ms);
		end_forward(front);
		front = forward(port_of("good"));
		trial_end(&trial);
		end_forward(front);
	}
}

void faults_tls(void)
{
	pid_t front;

	world_read(world_path("tls"), ports, sizeof(ports));
	if (!*ports) {
		table_skip("TLS: bad certificates", "openssl is missing");
		return;
	}
	front = forward(port_of("good"));
	world_login("tls");
	end_forward(front);
	try_certificate("TLS: expired", "expired");
	try_certificate("TLS: another name", "name");
	try_certificate("TLS: unknown authority", "unknown");
}
