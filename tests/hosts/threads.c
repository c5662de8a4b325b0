/* SPDX-License-Identifier: MIT */
/*
 * threads - many threads ask at the moment of expiry: threads NUMBER FILE
 * [own]. All get the same valid token, which goes to FILE; with `own` each has
 * a handle of its own.
 */
#include "host.h"

#include <pthread.h>

static pthread_barrier_t start;
static struct valetkey *shared;

static void *get(void *data)
{
	struct valetkey *handle = shared ? shared : host_open(NULL);
	const struct valetkey_token *token;

	pthread_barrier_wait(&start);
	token = host_get(handle, 0);
	must(token->expires_at > time(NULL) + 60, "a token that is expiring");
	*(char **)data = strdup(token->access_token);
	lib.token_free(token);
	if (!shared)
		host_close(handle);
	return NULL;
}

int main(int argc, char **argv)
{
	size_t count = argc > 2 ? strtoul(argv[1], NULL, 10) : 0;
	pthread_t *threads;
	char **tokens;
	FILE *file;

	must(count > 0, "threads NUMBER FILE [own]");
	threads = calloc(count, sizeof(*threads));
	tokens = calloc(count, sizeof(*tokens));
	must(threads && tokens, "out of memory");
	host_load();
	if (argc == 3)
		shared = host_open(NULL);
	pthread_barrier_init(&start, NULL, (unsigned)count);
	for (size_t i = 0; i < count; i++)
		must(pthread_create(&threads[i], NULL, get, &tokens[i]) == 0,
		     "cannot start thread %zu", i);
	for (size_t i = 0; i < count; i++) {
		pthread_join(threads[i], NULL);
		must(strcmp(tokens[i], tokens[0]) == 0,
		     "thread %zu has another token", i);
	}
	file = fopen(argv[2], "we");
	must(file && fprintf(file, "%s", tokens[0]) > 0 && fclose(file) == 0,
	     "cannot write %s", argv[2]);
	host_close(shared);
	for (size_t i = 0; i < count; i++)
		free(tokens[i]);
	free(tokens);
	free(threads);
	return 0;
}
