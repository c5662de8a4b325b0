/* SPDX-License-Identifier: MIT */
/*
 * storm_threads - everything at once on one handle, for the thread sanitizer:
 * gets, hits while a token expires, invalidate, a child of fork() that asks,
 * gets that are begun and canceled, further handles that are opened and closed,
 * and closes of the busy one.
 *
 *	storm_threads SECONDS
 *
 * The provider's tokens live some seconds. A get may fail for one reason alone:
 * the provider asks to slow down.
 */
#include "lib/calm.h"
#include "hosts/host.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/wait.h>

static struct valetkey *shared;
static atomic_bool over;
static atomic_long answered, failed, refused;

static void get_from(struct valetkey *handle, bool drop)
{
	const struct valetkey_request request = host_request(1);
	const struct valetkey_token *token;
	int rc = lib.get(handle, &request, &token);

	if (rc) {
		atomic_fetch_add(&failed, 1);
		must(rc == VALETKEY_ERR_THROTTLED, "valetkey_get: %s",
		     lib.strerror(rc));
		host_sleep(50);
		return;
	}
	must(strlen(token->access_token) == token->length, "a wiped token");
	atomic_fetch_add(&answered, 1);
	if (drop) {
		lib.invalidate(handle, token);
		calm(token->account);
	}
	lib.token_free(token);
}

static void *asker(void *data)
{
	(void)data;
	while (!atomic_load(&over))
		get_from(shared, false);
	return NULL;
}

static void *dropper(void *data)
{
	(void)data;
	while (!atomic_load(&over)) {
		get_from(shared, true);
		host_sleep(300);
	}
	return NULL;
}

/* The child allocates; of the allocators, only AddressSanitizer's own does not
 * survive a fork while another thread is in it. */
static void *forker(void *data)
{
	(void)data;
#ifdef __SANITIZE_ADDRESS__
	return NULL;
#endif
	while (!atomic_load(&over)) {
		int status = -1;
		pid_t pid = fork();

		if (pid == 0) {
			get_from(shared, false);
			_exit(0);
		}
		must(pid > 0 && waitpid(pid, &status, 0) == pid && status == 0,
		     "a child ended with %d", status);
		host_sleep(100);
	}
	return NULL;
}

static void *opener(void *data)
{
	__typeof__(valetkey_begin) *begin;
	__typeof__(valetkey_cancel) *cancel;
	const struct valetkey_request request = host_request(1);
	struct valetkey_wait *wait;

	(void)data;
	*(void **)&begin = host_symbol("valetkey_begin");
	*(void **)&cancel = host_symbol("valetkey_cancel");
	while (!atomic_load(&over)) {
		struct valetkey *own = host_open(NULL);

		get_from(own, false);
		host_close(own);
		must(begin(shared, &request, &wait) == VALETKEY_OK,
		     "valetkey_begin");
		if (lib.close(shared) == VALETKEY_ERR_BUSY)
			atomic_fetch_add(&refused, 1);
		else
			must(false, "closed under a get");
		cancel(wait);
		host_sleep(20);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	static void *(*const work[])(void *) = {asker,	 asker,	 asker,
						dropper, forker, opener};
	pthread_t threads[sizeof(work) / sizeof(*work)];
	long seconds = argc == 2 ? strtol(argv[1], NULL, 10) : 0;

	must(seconds > 0, "storm_threads SECONDS");
	shared = host_open(NULL);
	for (size_t i = 0; i < sizeof(work) / sizeof(*work); i++)
		must(pthread_create(&threads[i], NULL, work[i], NULL) == 0,
		     "no thread");
	host_sleep((int)seconds * 1000);
	atomic_store(&over, true);
	for (size_t i = 0; i < sizeof(work) / sizeof(*work); i++)
		pthread_join(threads[i], NULL);
	host_close(shared);
	printf("%ld answered, %ld throttled, %ld closes refused\n",
	       atomic_load(&answered), atomic_load(&failed),
	       atomic_load(&refused));
	must(atomic_load(&answered) > 100 && atomic_load(&refused) > 0,
	     "that was no storm");
	return 0;
}
