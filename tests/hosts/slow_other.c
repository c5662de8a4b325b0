/* SPDX-License-Identifier: MIT */
/*
 * slow_other - while one account's refresh takes its time, another account's
 * token (argv[1]) comes from memory and from the keyring.
 */
#include "host.h"

#include <pthread.h>
#include <stdatomic.h>

static struct valetkey *handle;
static atomic_bool done;

static void *get(void *data)
{
	lib.token_free(host_get(handle, 0));
	atomic_store(&done, true);
	return data;
}

int main(int argc, char **argv)
{
	struct valetkey_request other = host_request(1);
	pthread_t thread;

	must(argc == 2, "slow_other ACCOUNT");
	other.account = argv[1];
	handle = host_open(NULL);
	must(host_try(handle, &other) == VALETKEY_OK, "no token to begin with");
	pthread_create(&thread, NULL, get, NULL);
	host_sleep(100);
	must(host_try(handle, &other) == VALETKEY_OK, "from memory");
	must(!atomic_load(&done), "from memory it came after the slow one");
	other.scope = "monitoring";
	must(host_try(handle, &other) == VALETKEY_OK, "from the keyring");
	must(!atomic_load(&done),
	     "from the keyring it came after the slow one");
	pthread_join(thread, NULL);
	host_close(handle);
	return 0;
}
