/* SPDX-License-Identifier: MIT */
/*
 * lock.c - see lock.h. flock() knows no deadline: the signal of an interval
 * timer ends it. The same timer is the watchdog the rest of the time.
 */
#include "lock.h"

#include "client/unusable.h"
#include "core/clock.h"
#include "machine.h"
#include "place.h"
#include <valetkey.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#define STATE_MAX 16384

static int64_t watchdog_at;

static void on_alarm(int number)
{
	(void)number; /* its only work is to interrupt flock() */
}

/* Fires after ms, and then again and again, in case the first comes too early. */
static void lock_set_timer(int64_t ms, int64_t again_ms)
{
	struct itimerval timer = {
	    .it_value = {ms / 1000, ms % 1000 * 1000},
	    .it_interval = {again_ms / 1000, again_ms % 1000 * 1000},
	};

	setitimer(ITIMER_REAL, &timer, NULL);
}

static void arm_watchdog(void)
{
	int64_t left = watchdog_at - clock_ms();

	signal(SIGALRM, SIG_DFL);
	if (watchdog_at)
		lock_set_timer(left > 1 ? left : 1, 0);
}

void watchdog(int64_t seconds)
{
	watchdog_at = deadline_in(seconds * 1000);
	arm_watchdog();
}

static const char *lock_name_of_kind(enum lock_kind kind)
{
	return kind == LOCK_LOGIN ? "login"
	       : kind == LOCK_ADD ? "adding"
				  : "lock";
}

/* Whether others who open the file by its name get this one: somebody may have
 * deleted it while we waited. */
static bool lock_is_at(int fd, const char *path)
{
	struct stat ours, there;

	return fstat(fd, &ours) == 0 && stat(path, &there) == 0 &&
	       ours.st_ino == there.st_ino && ours.st_dev == there.st_dev;
}

/* 0 once locked, -1 once the deadline has passed. */
static int wait_for_lock(int fd, int64_t deadline)
{
	struct sigaction action = {.sa_handler = on_alarm};
	int rc = -1;

	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		return 0;
	sigemptyset(&action.sa_mask);
	sigaction(SIGALRM, &action, NULL);
	while (rc && clock_ms() < deadline) {
		lock_set_timer(deadline_left(deadline) + 1, 50);
		rc = flock(fd, LOCK_EX);
		if (rc && errno != EINTR)
			break;
	}
	lock_set_timer(0, 0);
	arm_watchdog();
	return rc;
}

/* Opens and locks it; -1 with *fd -1: it cannot be opened. */
static int lock_at(const char *path, int64_t deadline, int *fd)
{
	int rc = -1;

	do {
		lock_drop(fd);
		*fd =
		    open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
		if (*fd >= 0)
			rc = wait_for_lock(*fd, deadline);
	} while (*fd >= 0 && !rc && !lock_is_at(*fd, path));
	return *fd >= 0 ? rc : -1;
}

/* Whether somebody holds the lock of the other place; waits until the deadline
 * for its end. */
static bool is_held_there(const char *path, int64_t deadline)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	bool held = fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) != 0 &&
		    errno == EWOULDBLOCK;

	if (held)
		wait_for_lock(fd, deadline);
	lock_drop(&fd);
	return held;
}

/*
 * A folder may become read-only or writable at any time, and look different to two
 * processes. So whoever has locked in one place looks, while he holds that, whether
 * the other place is free: of two that do so one sees the other, and lets go.
 */
static int lock_alone(const char *path, const char *other, int64_t deadline,
		      int *fd)
{
	int rc = lock_at(path, deadline, fd);

	while (!rc && is_held_there(other, clock_ms())) {
		lock_drop(fd);
		is_held_there(other, deadline);
		rc = lock_at(path, deadline, fd);
		if (!rc && clock_ms() >= deadline)
			rc = -1;
	}
	return rc;
}

int lock_take(const char *id, enum lock_kind kind, int64_t deadline, int *fd,
	      struct problem *problem)
{
	const char *name = lock_name_of_kind(kind);
	struct buf beside = {0}, runtime = {0};
	int error = ENOMEM, rc = -1;

	*fd = -1;
	/* What is on its way to be an account is found beside the accounts. */
	if (kind == LOCK_ADD ||
	    place_path(PLACE_RUNTIME, id, name, &runtime) != 0)
		buf_clear(&runtime);
	if (place_path(PLACE_ACCOUNT, id, name, &beside) == 0) {
		rc = lock_alone(beside.data, buf_text(&runtime), deadline, fd);
		error = errno;
		if (*fd < 0 && runtime.len) {
			place_make_runtime();
			rc =
			    lock_alone(runtime.data, beside.data, deadline, fd);
		}
	} else if (unusable_folder(NULL, problem)) {
		goto out;
	}
	if (*fd < 0)
		problem_set(problem, VALETKEY_ERR_ACCOUNT,
			    "Cannot write the lock file %s (%s)%s. Make sure "
			    "that you can write to its folder.",
			    buf_text(&beside), strerror(error),
			    kind == LOCK_ADD
				? ""
				: ", nor one in $XDG_RUNTIME_DIR/valetkey");
out:
	buf_free(&beside);
	buf_free(&runtime);
	if (rc == 0)
		return VALETKEY_OK;
	if (*fd < 0)
		return problem->result;
	lock_drop(fd);
	return problem_set(problem, VALETKEY_ERR_TIMEOUT,
			   "Another program has been busy with this account "
			   "for too long. Nothing is lost; try again.");
}

static int open_to_read(enum place place, const char *id, enum lock_kind kind)
{
	struct buf path = {0};
	int fd = -1;

	/* Nobody makes notes in a lock that can only be read. */
	if (place_path(place, id, lock_name_of_kind(kind), &path) == 0 &&
	    (place == PLACE_RUNTIME || access(path.data, W_OK) == 0))
		fd = open(path.data,
			  O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	buf_free(&path);
	return fd;
}

int lock_look(const char *id, enum lock_kind kind)
{
	int fd = open_to_read(PLACE_ACCOUNT, id, kind);

	return fd >= 0 ? fd : open_to_read(PLACE_RUNTIME, id, kind);
}

bool lock_read(int fd, struct record *state)
{
	struct record all = {0};
	char text[STATE_MAX];
	ssize_t len = pread(fd, text, sizeof(text), 0);
	const char *key, *value;
	bool good, same_boot;
	size_t at = 0;

	good = len > 0 && record_parse_text(&all, text, (size_t)len, NULL) == 0;
	same_boot = good && boot_is(record_get(&all, "boot"));
	while (good && (key = record_each(&all, &at, &value)))
		if (strncmp(key, LOCK_KEPT, strlen(LOCK_KEPT)) == 0 ||
		    (same_boot && strcmp(key, "boot") != 0))
			good = record_add(state, key, value) == 0;
	record_free(&all);
	if (good)
		return true;
	record_free(state);
	return false;
}

/* In one call, over what is there: a process that is killed leaves the one or the
 * other. */
static bool overwrite(int fd, struct buf *text)
{
	size_t len = text->len;
	struct stat st;

	if (fstat(fd, &st) != 0 || len > STATE_MAX)
		return false;
	while (text->len < (size_t)st.st_size && text->len < STATE_MAX)
		if (buf_char(text, '\n'))
			return false;
	return pwrite(fd, text->data, text->len, 0) == (ssize_t)text->len &&
	       ftruncate(fd, (off_t)len) == 0;
}

void lock_write(int fd, const struct record *state)
{
	char boot[BOOT_ID_SIZE];
	struct buf text = {0};

	if (!state || buf_fmt(&text, "boot=%s\n", boot_id(boot) ? boot : "") ||
	    record_write(state, &text) || !overwrite(fd, &text))
		(void)!ftruncate(fd, 0);
	buf_free(&text);
}

void lock_drop(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void remove_free(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0 &&
	    lock_is_at(fd, path))
		unlink(path);
	lock_drop(&fd);
}

/* Each under its lock: nobody else gets one by this name before it is gone. One
 * that is held in the other place is its holder's. */
void lock_remove(int *fd, const char *id, enum lock_kind kind)
{
	static const enum place places[] = {PLACE_ACCOUNT, PLACE_RUNTIME};

	for (size_t i = 0; *fd >= 0 && i < 2; i++) {
		struct buf path = {0};

		if (place_path(places[i], id, lock_name_of_kind(kind), &path) ==
		    0) {
			if (lock_is_at(*fd, path.data))
				unlink(path.data);
			else
				remove_free(path.data);
		}
		buf_free(&path);
	}
	lock_drop(fd);
}
