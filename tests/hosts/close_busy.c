/* SPDX-License-Identifier: MIT */
/*
 * close_busy - while a thread is inside get its handle cannot be closed, and
 * nothing changes by trying.
 */
#include "host.h"

#include <pthread.h>
#include <stdatomic.h>

static struct valetkey *handle;
static atomic_bool done;

static void *get(void *data)
{
	lib.token_free(host_get(handle, HOST_FRESH));
	atomic_store(&done, true);
	return data;
}

int main(void)
{
	pthread_t thread;
	int busy = 0;

	handle = host_open(NULL);
	pthread_create(&thread, NULL, get, NULL);
	host_sleep(50);
	while (!atomic_load(&done)) {
		int rc = lib.close(handle);

		if (rc == VALETKEY_OK)
			must(atomic_load(&done), "closed under a running call");
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
