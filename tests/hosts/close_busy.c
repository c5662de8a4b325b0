/* SPDX-License-Identifier: MIT */
/*
 * close_busy - while a thread is inside get its handle cannot be closed, and
 * nothing changes by trying.
 */
#include "host.h"

#include <pthread.h>
#include <stdatomic.h>

static struct valetkey *handle;
static atomic_bool begun, done;

static void *get(void *data)
{
	atomic_store(&begun, true);
	lib.token_free(host_get(handle, HOST_FRESH));
	atomic_store(&done, true);
	return data;
}

/* On a busy machine a thread that has left the call is late to say so; the call
 * itself takes seconds. */
static bool ends_soon(void)
{
	for (int i = 0; i < 100 && !atomic_load(&done); i++)
		host_sleep(5);
	return atomic_load(&done);
}

int main(void)
{
	pthread_t thread;
	int busy = 0;

	handle = host_open(NULL);
	pthread_create(&thread, NULL, get, NULL);
	while (!atomic_load(&begun))
		host_sleep(5);
	host_sleep(500);
	while (!atomic_load(&done)) {
		int rc = lib.close(handle);

		if (rc == VALETKEY_OK)
			must(ends_soon(), "closed under a running call");
		else
			must(rc == VALETKEY_ERR_BUSY, "close: %s",
			     lib.strerror(rc));
		busy += rc == VALETKEY_ERR_BUSY;
		if (rc == VALETKEY_OK) {
			handle = NULL;
			break;
		}
		host_sleep(5);
	}
	pthread_join(thread, NULL);
	must(busy > 5, "the call was over too soon");
	host_close(handle);
	return 0;
}
