/* SPDX-License-Identifier: MIT */
/*
 * storm - many processes at the same moment.
 *
 *	storm COUNT LENGTH COMMAND [ARGUMENT...]
 *
 * All are started, wait, and run COMMAND together. Samples: each, from that
 * moment to the process's end; slowest; and failed, how many did not exit with 0
 * or printed less than LENGTH bytes.
 */
#include "bench.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define COUNT_MAX 1000

static int outputs[COUNT_MAX]; /* files in memory */

static void child(int gate, int output, char **argv)
{
	char byte;
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	dup2(null, 0);
	dup2(output, 1);
	while (read(gate, &byte, 1) < 0 && errno == EINTR)
		;
	execvp(argv[0], argv);
	_exit(127);
}

static int printed_less(long count, long length)
{
	struct stat file;
	int less = 0;

	for (long i = 0; i < count; i++)
		less += fstat(outputs[i], &file) != 0 || file.st_size < length;
	return less;
}

int main(int argc, char **argv)
{
	long count = argc > 3 ? strtol(argv[1], NULL, 10) : 0;
	int gate[2], status, failed = 0;
	int64_t began, took = 0;

	need(count > 0 && count <= COUNT_MAX,
	     "usage: storm COUNT LENGTH COMMAND [ARGUMENT...]");
	need(pipe2(gate, O_CLOEXEC) == 0, "no pipe");
	for (long i = 0; i < count; i++) {
		pid_t pid;

		outputs[i] = memfd_create("output", MFD_CLOEXEC);
		pid = outputs[i] < 0 ? -1 : fork();
		need(pid >= 0, "fork fails");
		if (pid == 0) {
			close(gate[1]);
			child(gate[0], outputs[i], argv + 3);
		}
	}
	usleep(200000); /* until the last one waits */
	began = now_ns();
	close(gate[1]);
	while (wait(&status) > 0) {
		took = now_ns() - began;
		sample("each", (double)took);
		failed += status != 0;
	}
	if (!failed)
		failed = printed_less(count, strtol(argv[2], NULL, 10));
	sample("slowest", (double)took);
	sample("failed", failed);
	return 0;
}
