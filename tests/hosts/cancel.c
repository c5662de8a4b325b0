/* SPDX-License-Identifier: MIT */
/*
 * cancel - a thread that is canceled while it is inside get comes out of it
 * whole: nothing is leaked, and the handle works and can be closed.
 */
#include "host.h"

#include <pthread.h>
#include <stdatomic.h>

static struct valetkey *handle;
static atomic_bool inside, came_out;

static void *get(void *data)
{
	struct valetkey_request request = host_request(HOST_FRESH);
	const struct valetkey_token *token;
	int rc;

	(void)data;
	atomic_store(&inside, true);
	rc = lib.get(handle, &request, &token);
	must(rc == VALETKEY_OK, "a get that was canceled: %s",
	     lib.strerror(rc));
	lib.token_free(token);
	atomic_store(&came_out, true);
	pause();
	return NULL;
}

int main(void)
{
	char before[4096], after[4096];

	handle = host_open(NULL);
	host_descriptors(before, sizeof(before));
	for (int i = 0; i < 10; i++) {
		pthread_t thread;
		void *result;

		atomic_store(&inside, false);
		atomic_store(&came_out, false);
		pthread_create(&thread, NULL, get, NULL);
		while (!atomic_load(&inside))
			host_sleep(1);
		host_sleep(1 + i);
		pthread_cancel(thread);
		pthread_join(thread, &result);
		must(result == PTHREAD_CANCELED, "it was not canceled");
		must(atomic_load(&came_out), "it was canceled inside the call");
	}
	host_descriptors(after, sizeof(after));
	must(strcmp(before, after) == 0, "descriptors before: %s after: %s",
	     before, after);
	lib.token_free(host_get(handle, HOST_FRESH));
	host_close(handle);
	return 0;
}
