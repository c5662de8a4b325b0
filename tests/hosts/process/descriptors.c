/* SPDX-License-Identifier: MIT */
/*
 * descriptors - what other threads of a host start while a call runs inherits
 * none of our descriptors.
 */
#include "hosts/host.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/wait.h>

static struct valetkey *handle;
static atomic_bool done;

static void *get(void *data)
{
	(void)data;
	lib.token_free(host_get(handle, HOST_FRESH));
	atomic_store(&done, true);
	return NULL;
}

/* The program that was started: only 0, 1 and 2 are here. */
static int started(void)
{
	char open_ones[4096];

	host_descriptors(open_ones, sizeof(open_ones));
	for (int fd = 3; fd < 1024; fd++)
		must(fcntl(fd, F_GETFD) < 0, "inherited: %s", open_ones);
	return 0;
}

int main(int argc, char **argv)
{
	pthread_t thread;
	int status, rounds = 0;

	if (argc > 1)
		return started();
	closefrom(3);
	handle = host_open(NULL);
	pthread_create(&thread, NULL, get, NULL);
	while (!atomic_load(&done)) {
		pid_t pid = fork();

		if (pid == 0) {
			execl("/proc/self/exe", argv[0], "started", NULL);
			_exit(127);
		}
		must(waitpid(pid, &status, 0) == pid && status == 0,
		     "a program that was started meanwhile");
		rounds++;
	}
	pthread_join(thread, NULL);
	must(rounds > 5, "the call was over too soon");
	host_close(handle);
	return 0;
}
