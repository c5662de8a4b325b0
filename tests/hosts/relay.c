/* SPDX-License-Identifier: MIT */
/*
 * relay - stands between everybody and the provider, and writes down all that
 * passes: relay PORT PROVIDER_PORT FILE. So a test knows the secrets of a flow
 * that nobody else may show. Ends with its parent.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

static struct sockaddr_in loopback(const char *port)
{
	return (struct sockaddr_in){
	    .sin_family = AF_INET,
	    .sin_port = htons((uint16_t)strtoul(port, NULL, 10)),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
}

static int listen_at(const char *port)
{
	struct sockaddr_in address = loopback(port);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0 ||
	    listen(fd, 64) != 0)
		return -1;
	return fd;
}

/* False once this side has ended. */
static bool pass(int from, int to, int file)
{
	static int last = -1; /* an answer starts on a line of its own */
	char data[16384];
	ssize_t n = recv(from, data, sizeof(data), 0), sent = 0;

	if (n <= 0)
		return false;
	if (from != last && write(file, "\n", 1) != 1)
		return false;
	last = from;
	if (write(file, data, (size_t)n) != n)
		return false;
	while (sent < n) {
		ssize_t part =
		    send(to, data + sent, (size_t)(n - sent), MSG_NOSIGNAL);

		if (part < 0)
			return false;
		sent += part;
	}
	return true;
}

static void serve(int client, const char *port, int file)
{
	struct sockaddr_in address = loopback(port);
	int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct pollfd fds[2] = {{client, POLLIN, 0}, {server, POLLIN, 0}};

	if (connect(server, (struct sockaddr *)&address, sizeof(address)) != 0)
		return;
	while (poll(fds, 2, -1) > 0)
		if ((fds[0].revents && !pass(client, server, file)) ||
		    (fds[1].revents && !pass(server, client, file)))
			return;
}

int main(int argc, char **argv)
{
	int listener, file, client;

	if (argc != 4)
		return 2;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGCHLD, SIG_IGN);
	file = open(argv[3], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	listener = listen_at(argv[1]);
	if (file < 0 || listener < 0) {
		perror("relay");
		return 1;
	}
	while ((client = accept(listener, NULL, NULL)) >= 0) {
		if (fork() == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			serve(client, argv[2], file);
			_exit(0);
		}
		close(client);
	}
	return 0;
}
