/* SPDX-License-Identifier: MIT */
/*
 * varlink.c - see varlink.h. Nothing is sent before it is known who listens: for a
 * socket of systemd's that is process 1, whoever answers in the end.
 */
#include "varlink.h"

#include "core/clock.h"
#include <valetkey.h>

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define TRIES 20
#define PAUSE_MS 100
#define ENDED (-1) /* before a byte of the answer came */

bool varlink_offered(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISSOCK(st.st_mode) && st.st_uid == 0;
}

static int tell_absent(const char *path, struct problem *problem)
{
	int error = errno;

	if (error == EAGAIN)
		return problem_set(problem, VALETKEY_ERR_TIMEOUT,
				   "Nobody answers at %s.", path);
	return problem_set(problem, VALETKEY_ERR_NO_KEYRING, "%s: %s.", path,
			   strerror(error));
}

/* Where many wait to be let in connect() and send() do, too: this bounds them. */
static void bound_sending(int fd, int64_t deadline)
{
	int left = deadline_left(deadline) + 1; /* 0 would be without end */
	const struct timeval most = {left / 1000, left % 1000 * 1000L};

	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &most, sizeof(most));
}

static bool roots_own(int fd)
{
	struct ucred peer;
	socklen_t size = sizeof(peer);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 &&
	       peer.uid == 0;
}

static int varlink_connect(const struct varlink_call *call, int *fd,
			   struct problem *problem)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	size_t len = strlen(call->path);

	*fd = -1;
	if (len >= sizeof(address.sun_path))
		return problem_set(problem, VALETKEY_ERR_NO_KEYRING,
				   "%s is too long for a socket.", call->path);
	memcpy(address.sun_path, call->path, len);
	*fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (*fd < 0)
		return tell_absent(call->path, problem);
	bound_sending(*fd, call->deadline);
	if (connect(*fd, (const void *)&address, sizeof(address)) != 0)
		return tell_absent(call->path, problem);
	if (!roots_own(*fd))
		return problem_set(problem, VALETKEY_ERR_DENIED,
				   "%s is not used: it is not root who "
				   "listens there.",
				   call->path);
	return VALETKEY_OK;
}

/* With its NUL. */
static int varlink_send(int fd, const struct varlink_call *call,
			struct problem *problem)
{
	size_t left = strlen(call->request) + 1;
	const char *at = call->request;

	while (left) {
		ssize_t sent = send(fd, at, left, MSG_NOSIGNAL);

		if (sent < 0 && (errno == EPIPE || errno == ECONNRESET))
			return ENDED;
		if (sent < 0 && errno != EINTR)
			return tell_absent(call->path, problem);
		if (sent > 0) {
			at += sent;
			left -= (size_t)sent;
		}
	}
	return VALETKEY_OK;
}

static int receive_some(int fd, const struct varlink_call *call,
			struct buf *answer, struct problem *problem)
{
	struct pollfd here = {.fd = fd, .events = POLLIN};
	char bytes[4096];
	ssize_t got;
	int rc = VALETKEY_OK;

	if (poll(&here, 1, deadline_left(call->deadline)) == 0)
		return problem_set(problem, VALETKEY_ERR_TIMEOUT,
				   "No answer came in time from %s.",
				   call->path);
	got = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT);
	if (got > 0)
		rc = buf_add(answer, bytes, (size_t)got)
			 ? problem_no_memory(problem)
			 : VALETKEY_OK;
	else if (got == 0 || (errno != EINTR && errno != EAGAIN))
		rc = answer->len
			 ? problem_set(problem, VALETKEY_ERR_DENIED,
				       "The answer of %s ends in its middle.",
				       call->path)
			 : ENDED;
	explicit_bzero(bytes, sizeof(bytes));
	return rc;
}

static int varlink_receive(int fd, const struct varlink_call *call,
			   struct buf *answer, struct problem *problem)
{
	const char *end = NULL;
	int rc = VALETKEY_OK;

	while (!rc && !end) {
		rc = receive_some(fd, call, answer, problem);
		if (!rc)
			end = memchr(answer->data, '\0', answer->len);
		if (!rc && answer->len > VARLINK_ANSWER_MAX)
			rc = problem_set(problem, VALETKEY_ERR_DENIED,
					 "The answer of %s is too long.",
					 call->path);
	}
	if (!rc)
		answer->len = (size_t)(end - answer->data);
	return rc;
}

int varlink_call(const struct varlink_call *call, struct buf *answer,
		 struct problem *problem)
{
	int rc = ENDED;

	for (int i = 0; rc == ENDED && i < TRIES; i++) {
		int fd;

		if (i)
			poll(NULL, 0, PAUSE_MS);
		buf_clear(answer);
		rc = varlink_connect(call, &fd, problem);
		if (!rc)
			rc = varlink_send(fd, call, problem);
		if (!rc)
			rc = varlink_receive(fd, call, answer, problem);
		if (fd >= 0)
			close(fd);
	}
	if (rc == ENDED)
		rc = problem_set(problem, VALETKEY_ERR_DENIED,
				 "%s ends the connection without an answer.",
				 call->path);
	if (rc)
		buf_clear(answer);
	return rc;
}
