/* SPDX-License-Identifier: MIT */
/*
 * reaper - a host with a thread that reaps every child, as supervisors do. A
 * child of its own keeps the wait from ending before there is another.
 */
#include "hosts/host.h"

#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

static pid_t own;
static int seen;

static void *reap(void *data)
{
	pid_t pid;

	(void)data;
	while ((pid = waitpid(-1, NULL, 0)) != own)
		if (pid > 0)
			seen++;
	return NULL;
}

int main(void)
{
	struct valetkey *handle = host_open(NULL);
	pthread_t thread;

	own = fork();
	if (own == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		pause();
		_exit(0);
	}
	pthread_create(&thread, NULL, reap, NULL);
	for (int i = 0; i < 5; i++)
		lib.token_free(host_get(handle, HOST_FRESH));
	host_sleep(200);
	kill(own, SIGTERM);
	pthread_join(thread, NULL);
	must(seen == 0, "wait() has seen %d children", seen);
	host_close(handle);
	return 0;
}
