/* SPDX-License-Identifier: MIT */
/*
 * refused - after invalidate has returned, no get of that handle that begins
 * later gives the token, whatever other threads do meanwhile; another handle
 * gives what it has until it is told the same.
 */
#include "lib/calm.h"
#include "host.h"

#include <pthread.h>
#include <stdatomic.h>

#define THREADS 4
#define ROUNDS 30

static struct valetkey *handle;
static _Atomic(const struct valetkey_token *) refused; /* the last one */
static atomic_bool over;

static bool same(const struct valetkey_token *a, const struct valetkey_token *b)
{
	return strcmp(a->access_token, b->access_token) == 0;
}

static void *keep_asking(void *data)
{
	while (!atomic_load(&over)) {
		const struct valetkey_token *before = atomic_load(&refused);
		const struct valetkey_token *token = host_get(handle, 1);

		must(!before || !same(before, token),
		     "a get that began later gave the refused token");
		lib.token_free(token);
	}
	return data;
}

static void tell(struct valetkey *to, const struct valetkey_token *token)
{
	int rc = lib.invalidate(to, token);

	must(rc == VALETKEY_OK, "valetkey_invalidate: %s", lib.strerror(rc));
	calm(token->account);
}

static void check_other(struct valetkey *other)
{
	const struct valetkey_token *old = host_get(handle, 1);
	const struct valetkey_token *token = host_get(other, 1), *new;

	must(same(old, token), "two tokens at a time");
	lib.token_free(token);
	tell(handle, old);
	token = host_get(other, 1);
	must(same(old, token), "the other handle was told by nobody");
	tell(other, token);
	lib.token_free(token);
	token = host_get(other, 1);
	new = host_get(handle, 1);
	must(!same(old, token) && same(token, new),
	     "the other handle was told, and gives another");
	lib.token_free(new);
	lib.token_free(token);
	lib.token_free(old);
}

int main(void)
{
	const struct valetkey_token *tokens[ROUNDS], *next;
	pthread_t threads[THREADS];
	struct valetkey *other;
	int back = 0;

	handle = host_open(NULL);
	other = host_open(NULL);
	check_other(other);
	for (int i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, keep_asking, NULL);
	for (int i = 0; i < ROUNDS; i++) {
		tokens[i] = host_get(handle, 1);
		tell(handle, tokens[i]);
		atomic_store(&refused, tokens[i]);
		next = host_get(handle, 1);
		back += same(tokens[i], next);
		lib.token_free(next);
	}
	atomic_store(&over, true);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	must(back == 0, "the refused token came back in %d of %d rounds", back,
	     ROUNDS);
	for (int i = 0; i < ROUNDS; i++)
		lib.token_free(tokens[i]);
	host_close(other);
	host_close(handle);
	return 0;
}
