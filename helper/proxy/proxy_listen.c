/* SPDX-License-Identifier: MIT */
/*
 * proxy_listen.c - see proxy_listen.h. A unix socket's folder must be ours alone
 * to write, or somebody else could put another one in its place.
 */
#include "proxy_listen.h"

#include "command/command.h"
#include "core/buf.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define QUEUE 256
#define GIVEN_FD 3
#define KIND (SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK)

union address {
	struct sockaddr any;
	struct sockaddr_in ip4;
	struct sockaddr_in6 ip6;
	struct sockaddr_un local;
};

/* ---- a port ---- */

static uint16_t port_of_socket(int fd)
{
	union address address = {0};
	socklen_t len = sizeof(address);

	if (getsockname(fd, &address.any, &len) != 0)
		return 0;
	return address.any.sa_family == AF_INET ? ntohs(address.ip4.sin_port)
	       : address.any.sa_family == AF_INET6
		   ? ntohs(address.ip6.sin6_port)
		   : 0;
}

int proxy_listen_port(uint16_t port, struct proxy_listener *listener)
{
	const union address address = {
	    .ip4 = {.sin_family = AF_INET,
		    .sin_port = htons(port),
		    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)}};
	const int on = 1;
	int fd = socket(AF_INET, KIND, 0);

	if (fd >= 0 && port)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (fd < 0 || bind(fd, &address.any, sizeof(address.ip4)) != 0 ||
	    listen(fd, QUEUE) != 0) {
		int error = errno;

		if (fd >= 0)
			close(fd);
		return cmd_fail(VALETKEY_ERR_DENIED,
				"Port %u of 127.0.0.1 cannot be used: %s. "
				"Without --port any free one is taken.",
				port, strerror(error));
	}
	listener->fd = fd;
	listener->port = port_of_socket(fd);
	return VALETKEY_OK;
}

/* ---- a unix socket ---- */

static int fail_socket(const char *path, const char *why)
{
	return cmd_fail(VALETKEY_ERR_DENIED,
			"The socket %s cannot be used: %s.", path, why);
}

/* The folder's descriptor, if it is good. */
static int open_socket_folder(const char *path)
{
	struct buf folder = {0};
	const char *slash = strrchr(path, '/');
	struct stat st;
	int fd = -1;

	if (buf_add(&folder, path, (size_t)(slash - path) + 1) == 0) {
		mkdir(folder.data, 0700);
		fd = open(folder.data, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	buf_free(&folder);
	if (fd < 0) {
		fail_socket(path, strerror(errno));
	} else if (fstat(fd, &st) != 0 || st.st_uid != geteuid() ||
		   (st.st_mode & (S_IWGRP | S_IWOTH))) {
		fail_socket(path, "its folder must be yours, and writable by "
				  "nobody else (a good one is "
				  "$XDG_RUNTIME_DIR)");
		close(fd);
		fd = -1;
	}
	return fd;
}

static int check_socket_path(const char *path, int *folder)
{
	const size_t size = sizeof((struct sockaddr_un){0}.sun_path);

	if (*path != '/' || strlen(path) >= size)
		return cmd_fail(VALETKEY_ERR_ARG,
				"A unix socket needs an absolute path of at "
				"most %zu bytes.",
				size - 1);
	*folder = open_socket_folder(path);
	return *folder < 0 ? VALETKEY_ERR_DENIED : VALETKEY_OK;
}

int proxy_listen_check(const char *path)
{
	int folder = -1;
	int rc = check_socket_path(path, &folder);

	if (folder >= 0)
		close(folder);
	return rc;
}

/* Whether nobody listens there any more: then it may go. */
static int remove_stale(const union address *address)
{
	const char *path = address->local.sun_path;
	struct stat st;
	int fd, rc;

	if (lstat(path, &st) != 0)
		return VALETKEY_OK;
	if (!S_ISSOCK(st.st_mode))
		return fail_socket(path, "something else is there");
	fd = socket(AF_UNIX, KIND, 0);
	rc = connect(fd, &address->any, sizeof(address->local)) != 0 &&
		     errno == ECONNREFUSED
		 ? VALETKEY_OK
		 : fail_socket(path, "a program listens there already");
	if (fd >= 0)
		close(fd);
	if (!rc && unlink(path) != 0 && errno != ENOENT)
		rc = fail_socket(path, strerror(errno));
	return rc;
}

static int bind_socket(const union address *address,
		       struct proxy_listener *listener)
{
	const char *path = address->local.sun_path;
	mode_t mask = umask(0177);
	int fd = socket(AF_UNIX, KIND, 0);
	bool good = fd >= 0 &&
		    bind(fd, &address->any, sizeof(address->local)) == 0 &&
		    listen(fd, QUEUE) == 0;
	int error = errno;
	struct stat st = {0};

	umask(mask);
	if (!good) {
		if (fd >= 0)
			close(fd);
		return fail_socket(path, strerror(error));
	}
	lstat(path, &st);
	listener->fd = fd;
	listener->dev = st.st_dev;
	listener->ino = st.st_ino;
	return VALETKEY_OK;
}

int proxy_listen_socket(const char *path, struct proxy_listener *listener)
{
	union address address = {.local = {.sun_family = AF_UNIX}};
	int folder = -1;
	int rc = check_socket_path(path, &folder);

	if (rc)
		return rc;
	strcpy(address.local.sun_path, path);
	/* Two that start at once must not both find the same stale socket. */
	while (flock(folder, LOCK_EX) != 0 && errno == EINTR)
		;
	rc = remove_stale(&address);
	if (!rc)
		rc = bind_socket(&address, listener);
	close(folder);
	if (!rc)
		listener->path = path;
	return rc;
}

void proxy_listen_end(const struct proxy_listener *listener)
{
	struct stat st;

	if (listener->path && lstat(listener->path, &st) == 0 &&
	    st.st_dev == listener->dev && st.st_ino == listener->ino)
		unlink(listener->path);
}

/* ---- systemd's ---- */

bool proxy_listen_is_given(void)
{
	const char *pid = cmd_environment("LISTEN_PID");

	return pid && cmd_environment("LISTEN_FDS") &&
	       strtol(pid, NULL, 10) == (long)getpid();
}

/* Nobody on another computer may come, whatever a unit's file says. */
static bool is_local(int fd)
{
	union address address = {0};
	socklen_t len = sizeof(address);

	if (getsockname(fd, &address.any, &len) != 0)
		return false;
	if (address.any.sa_family == AF_INET)
		return ntohl(address.ip4.sin_addr.s_addr) >> 24 == 127;
	if (address.any.sa_family == AF_INET6)
		return IN6_IS_ADDR_LOOPBACK(&address.ip6.sin6_addr);
	return address.any.sa_family == AF_UNIX;
}

/* Of a unix socket: that nobody else could have put it there. */
static int check_given_path(int fd)
{
	union address address = {0};
	char path[sizeof(address.local.sun_path) + 1] = {0};
	socklen_t len = sizeof(address);

	if (getsockname(fd, &address.any, &len) != 0 ||
	    address.any.sa_family != AF_UNIX)
		return VALETKEY_OK;
	memcpy(path, address.local.sun_path, sizeof(path) - 1);
	return proxy_listen_check(path);
}

int proxy_listen_take(struct proxy_listener *listener)
{
	int listens = 0, rc;
	socklen_t len = sizeof(listens);

	if (strtol(cmd_environment("LISTEN_FDS"), NULL, 10) != 1 ||
	    getsockopt(GIVEN_FD, SOL_SOCKET, SO_ACCEPTCONN, &listens, &len) !=
		0 ||
	    !listens || !is_local(GIVEN_FD))
		return cmd_fail(VALETKEY_ERR_ARG,
				"The service's socket must be one port of this "
				"computer alone, or one unix socket.");
	rc = check_given_path(GIVEN_FD);
	if (rc)
		return rc;
	fcntl(GIVEN_FD, F_SETFD, FD_CLOEXEC);
	fcntl(GIVEN_FD, F_SETFL, O_NONBLOCK);
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_FDNAMES");
	listener->fd = GIVEN_FD;
	listener->port = port_of_socket(GIVEN_FD);
	return VALETKEY_OK;
}
