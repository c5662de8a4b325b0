/* SPDX-License-Identifier: MIT */
/*
 * fork_threads - forks while other threads are inside get, on the same handle
 * and with the same request: the child gets a token, may use those it held, and
 * may close the handle; so may a grandchild. Nothing of that shows in the
 * parent.
 */
#include "hosts/host.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/wait.h>

#define THREADS 3

static struct valetkey *handle;
static atomic_bool stop;

static void *get(void *data)
{
	(void)data;
	while (!atomic_load(&stop))
		lib.token_free(host_get(handle, HOST_FRESH));
	return NULL;
}

static void use(const struct valetkey_token *held)
{
	struct valetkey_request request = host_request(0);
	size_t length = held->length;

	alarm(60);
	must(strlen(held->access_token) == length, "a held token is gone");
	lib.token_free(held);
	request.timeout_ms = 20000;
	request.min_valid_s = HOST_FRESH;
	must(host_try(handle, &request) == VALETKEY_OK, "no token in a child");
	request.min_valid_s = 1;
	must(host_try(handle, &request) == VALETKEY_OK, "no token in a child");
}

static void child(const struct valetkey_token *held)
{
	pid_t pid;
	int status;

	use(held);
	held = host_get(handle, 1);
	pid = fork();
	if (pid == 0) {
		use(held);
		host_close(handle);
		_exit(0);
	}
	must(waitpid(pid, &status, 0) == pid && status == 0, "a grandchild");
	lib.token_free(held);
	host_close(handle);
	_exit(0);
}

int main(void)
{
	const struct valetkey_token *held;
	pthread_t threads[THREADS];
	int status;

	handle = host_open(NULL);
	held = host_get(handle, 1);
	for (int i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, get, NULL);
	for (int i = 0; i < 6; i++) {
		pid_t pid;

		host_sleep(5 + 7 * i);
		pid = fork();
		if (pid == 0)
			child(held);
		must(waitpid(pid, &status, 0) == pid && status == 0,
		     "a child: %x", (unsigned)status);
	}
	atomic_store(&stop, true);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	lib.token_free(held);
	host_close(handle);
	return 0;
}
