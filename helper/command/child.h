/* SPDX-License-Identifier: MIT */
/*
 * child.h - other programs that the command starts: git for its
 * configuration, curl, and what `valetkey run` runs. By argv and PATH, never
 * through a shell.
 */
#ifndef VALETKEY_CHILD_H
#define VALETKEY_CHILD_H

#include "core/buf.h"

#include <sys/types.h>

/*
 * Runs it and takes what it writes to standard output, at most a megabyte. Its
 * exit status, or -1 if it cannot be run or a signal ended it.
 */
int cmd_child_output(const char *const *argv, struct buf *out);

/* Runs it without input and output for so many seconds at most; then it is killed,
 * and that is 124. Its exit status, 128 if a signal ended it, or -1 if it cannot be
 * run. */
int cmd_child_within(const char *const *argv, unsigned seconds);

/* Starts it with our streams and every descriptor that is not close-on-exec;
 * -1 with errno set if it cannot be run. */
pid_t cmd_child_start(char *const *argv);

/* Says why this program could not be started, with errno as it was then. The exit
 * status of a shell: 127 if there is none of that name, 126 if it cannot be run. */
int cmd_child_failed(const char *program);

/*
 * Waits for its end. SIGINT and SIGQUIT, which a terminal sends to both, are
 * left to it, SIGTERM and SIGHUP handed on. Its exit status; if a signal
 * ended it, the same one ends us.
 */
int cmd_child_wait(pid_t child);

/* The same for a child that has ended with this status of waitpid(). */
int cmd_child_end(int status);

/* A descriptor that brings the text, once, to the first who reads; -1: none. */
int cmd_child_once(const void *text, size_t len);

/* Puts text into a new descriptor that can be read from the start by path as
 * well (/dev/fd/N), not close-on-exec; -1 with errno set. */
int cmd_child_memory(const void *text, size_t len);

#endif
