/* SPDX-License-Identifier: MIT */
/*
 * storm - many processes at the same moment.
 *
 *	storm COUNT COMMAND [ARGUMENT...]
 *
 * All are started, wait, and run COMMAND together. Samples: each, from that
 * moment to the process's end; slowest; and failed, how many did not exit with 0.
 */
#include "bench.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/wait.h>

static void child(int gate, char **argv)
{
	char byte;
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	dup2(null, 0);
	dup2(null, 1);
	while (read(gate, &byte, 1) < 0 && errno == EINTR)
		;
	execvp(argv[0], argv);
	_exit(127);
}

int main(int argc, char **argv)
{
	long count = argc > 2 ? strtol(argv[1], NULL, 10) : 0;
	int gate[2], status, failed = 0;
	int64_t began, took = 0;

	need(count > 0, "usage: storm COUNT COMMAND [ARGUMENT...]");
	need(pipe2(gate, O_CLOEXEC) == 0, "no pipe");
	for (long i = 0; i < count; i++) {
		pid_t pid = fork();

		need(pid >= 0, "fork fails");
		if (pid == 0) {
			close(gate[1]);
			child(gate[0], argv + 2);
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
	sample("slowest", (double)took);
	sample("failed", failed);
	return 0;
}
