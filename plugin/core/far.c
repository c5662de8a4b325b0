/* SPDX-License-Identifier: MIT */
/*
 * far.c - see far.h. Who listens is asked of the kernel as well (SO_PEERCRED): the
 * path may lead elsewhere by the time we connect.
 */
#include "far.h"

#include "buf.h"
#include "clock.h"
#include "descriptor.h"
#include "kernel.h"
#include <valetkey.h>

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define UNREACHED "The machine that keeps this login cannot be reached: "
#define NEXT "Connect to it again (see valetkey-share(7)), then repeat this."
#define OVERFLOW_UID 65534
#define LIFE_MOST_S (11LL * 365 * 24 * 3600)

const char *far_socket(const struct record *account)
{
	const char *path = record_get(account, "far");

	return path && *path ? path : NULL;
}

/* ---- whom we talk to ---- */

static size_t far_read_file(const char *path, char *text, size_t size)
{
	int fd = descriptor_lift(open(path, O_RDONLY | O_CLOEXEC));
	ssize_t n = fd < 0 ? 0 : read(fd, text, size - 1);

	if (fd >= 0)
		close(fd);
	text[n > 0 ? n : 0] = '\0';
	return strlen(text);
}

/* In a user namespace of its own (user_namespaces(7)) a container shows users
 * whom it has no number for as this one. */
static bool is_without_number(uid_t uid)
{
	char text[256];
	char *end;
	unsigned long overflow = OVERFLOW_UID;

	if (far_read_file("/proc/sys/kernel/overflowuid", text, sizeof(text)))
		overflow = strtoul(text, NULL, 10);
	if (uid != overflow ||
	    !far_read_file("/proc/self/uid_map", text, sizeof(text)))
		return false;
	/* "inside outside count": the whole of them is no namespace. */
	if (strtoul(text, &end, 10) == 0 && strtoul(end, &end, 10) == 0 &&
	    strtoul(end, &end, 10) == UINT32_MAX)
		return false;
	return true;
}

static bool far_owner_ok(uid_t uid)
{
	return uid == geteuid() || uid == 0 || is_without_number(uid);
}

static int far_refuse(const char *path, const char *why,
		      struct problem *problem)
{
	char quoted[PROBLEM_QUOTE_MAX];

	return problem_set(problem, VALETKEY_ERR_DENIED,
			   "%s is not used: %s. See valetkey-share(7).",
			   problem_quote(quoted, path), why);
}

static int far_nobody(const char *path, const char *why,
		      struct problem *problem)
{
	char quoted[PROBLEM_QUOTE_MAX];

	return problem_set(problem, VALETKEY_ERR_NETWORK,
			   UNREACHED "%s at %s. " NEXT, why,
			   problem_quote(quoted, path));
}

int far_ended(struct problem *problem)
{
	return problem_set(problem, VALETKEY_ERR_NETWORK,
			   UNREACHED "the connection to it ended. " NEXT);
}

static int check_folder(const char *path, struct problem *problem)
{
	struct buf folder = {0};
	struct stat st;
	int rc = VALETKEY_OK;

	if (buf_add(&folder, path, (size_t)(strrchr(path, '/') - path) + 1))
		return problem_no_memory(problem);
	if (stat(folder.data, &st) != 0)
		rc = far_nobody(path, "there is no socket", problem);
	else if (!far_owner_ok(st.st_uid))
		rc = far_refuse(path, "its folder is another user's", problem);
	else if (st.st_mode & (S_IWGRP | S_IWOTH))
		rc =
		    far_refuse(path, "others can write in its folder", problem);
	buf_free(&folder);
	return rc;
}

static int check_socket(const char *path, struct problem *problem)
{
	struct stat st;
	int rc;

	if (*path != '/' || strlen(path) > FAR_SOCKET_MAX)
		return problem_set(problem, VALETKEY_ERR_ARG,
				   "'far' in an account's file must be the "
				   "absolute path of a socket, of at most %d "
				   "bytes.",
				   FAR_SOCKET_MAX);
	rc = check_folder(path, problem);
	if (rc)
		return rc;
	if (stat(path, &st) != 0)
		return far_nobody(path, "there is no socket", problem);
	if (!S_ISSOCK(st.st_mode))
		return far_refuse(path, "it is not a socket", problem);
	if (!far_owner_ok(st.st_uid))
		return far_refuse(path, "it is another user's", problem);
	return VALETKEY_OK;
}

/* ---- connecting ---- */

/* Where many wait to be let in connect() does, too: this bounds it. */
static void bound_connect(int fd, int64_t deadline)
{
	int left = deadline_left(deadline);
	const struct timeval most = {left / 1000, left % 1000 * 1000 + 1};

	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &most, sizeof(most));
}

static int far_reach(int fd, const char *path, int64_t deadline,
		     struct problem *problem)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct ucred peer;
	socklen_t size = sizeof(peer);
	int rc;

	memcpy(address.sun_path, path, strlen(path) + 1);
	do {
		bound_connect(fd, deadline);
		rc = connect(fd, (const struct sockaddr *)&address,
			     sizeof(address));
	} while (rc != 0 && errno == EINTR && deadline_left(deadline));
	if (rc != 0 && (errno == EAGAIN || errno == EINTR))
		return problem_set(problem, VALETKEY_ERR_TIMEOUT,
				   "The machine that keeps this login does not "
				   "answer. " NEXT);
	if (rc != 0 && errno == EACCES)
		return far_refuse(path, "this user may not enter", problem);
	if (rc != 0)
		return far_nobody(path, "nobody listens", problem);
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0 ||
	    !far_owner_ok(peer.uid))
		return far_refuse(path, "another user listens there", problem);
	return VALETKEY_OK;
}

int far_connect(const char *path, int64_t deadline, int *fd,
		struct problem *problem)
{
	int rc = check_socket(path, problem);

	*fd = -1;
	if (rc)
		return rc;
	*fd = descriptor_lift(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
	if (*fd < 0)
		return problem_set(problem, VALETKEY_ERR_DENIED,
				   "Too many files are open in this program.");
	rc = far_reach(*fd, path, deadline, problem);
	if (rc) {
		close(*fd);
		*fd = -1;
	}
	return rc;
}

/* ---- the second tier ---- */

void far_publish(const struct record *account, const struct record *answer)
{
	int64_t good_for = record_get_int(answer, "expires_in", -1);
	int64_t lifetime = record_get_int(answer, "lifetime", good_for);
	int64_t expires_at = record_get_int(answer, "expires_at", 0);
	int64_t now = clock_ms();
	struct record token = {0};

	if (good_for <= 0 || good_for > LIFE_MOST_S)
		return;
	if (lifetime < good_for || lifetime > LIFE_MOST_S)
		lifetime = good_for;
	if (record_add(&token, "access_token",
		       record_get(answer, "access_token")) == 0 &&
	    record_add(&token, "scope", record_get(answer, "scope")) == 0 &&
	    (expires_at <= 0 ||
	     record_add_int(&token, "expires_at", expires_at) == 0) &&
	    record_add_int(&token, "good_until", now + good_for * 1000) == 0 &&
	    record_add_int(&token, "issued",
			   now - (lifetime - good_for) * 1000) == 0)
		kernel_publish(account, &token);
	record_free(&token);
}
