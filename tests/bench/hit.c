/* SPDX-License-Identifier: MIT */
/*
 * hit - a get that this process's memory answers, with its token_free, and its
 * floor: the clock read once and the token copied once.
 *
 *	hit SAMPLES RESOURCE ACCOUNT...
 *
 * Asks the accounts in turn, on one handle, in batches that alternate with the
 * floor's: hit (one thread), resource (with RESOURCE in the request, where it is
 * not "-"), threads (two at once, each one's). Last, as a proof that a hit makes
 * no system call, some under a filter that would end the process at one.
 */
#include "bench.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#define BATCH 2000
#define THREADS 2

static struct bench_library lib;
static struct valetkey *handle;
static struct valetkey_request *requests;
static size_t accounts;
static char copy[65536];

static void ask(const struct valetkey_request *request, size_t *length)
{
	const struct valetkey_token *token;
	int rc = lib.get(handle, request, &token);

	if (rc) {
		fprintf(stderr, "valetkey_get of %s: %s\n", request->account,
			lib.strerror(rc));
		exit(1);
	}
	*length = token->length;
	lib.token_free(token);
}

static double batch(const struct valetkey_request *list)
{
	int64_t began = now_ns();
	size_t length, at = 0;

	for (int i = 0; i < BATCH; i++) {
		ask(&list[at], &length);
		if (++at == accounts)
			at = 0;
	}
	return (double)(now_ns() - began) / BATCH;
}

/* Not to be seen through by the compiler. */
static void copy_token(const char *text, size_t length)
{
	memcpy(copy, text, length);
	__asm__ volatile("" : : "r"(copy) : "memory");
}

static double floor_batch(const struct valetkey_token *token)
{
	int64_t began = now_ns();

	for (int i = 0; i < BATCH; i++) {
		struct timespec now;

		clock_gettime(CLOCK_BOOTTIME, &now);
		copy_token(token->access_token, token->length + 1);
	}
	return (double)(now_ns() - began) / BATCH;
}

static pthread_barrier_t start;
static double threads_ns[THREADS];

static void *thread(void *data)
{
	double *ns = data;

	pthread_barrier_wait(&start);
	*ns = batch(requests);
	return NULL;
}

static void threads_batch(void)
{
	pthread_t threads[THREADS];

	pthread_barrier_init(&start, NULL, THREADS);
	for (int i = 0; i < THREADS; i++)
		need(pthread_create(&threads[i], NULL, thread,
				    &threads_ns[i]) == 0,
		     "no thread");
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	pthread_barrier_destroy(&start);
	for (int i = 0; i < THREADS; i++)
		sample("threads", threads_ns[i]);
}

/* Writing and the end are all that is allowed. */
static void prove_no_system_call(void)
{
	static const char proof[] = "nosyscall 1\n";
	struct sock_filter filter[] = {
	    BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
		     offsetof(struct seccomp_data, nr)),
	    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_write, 1, 0),
	    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit_group, 0, 1),
	    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
	};
	struct sock_fprog program = {sizeof(filter) / sizeof(*filter), filter};
	size_t length;

	fflush(stdout);
	need(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
		 prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0,
	     "no seccomp");
	for (int i = 0; i < BATCH; i++)
		ask(&requests[0], &length);
	(void)!write(1, proof, sizeof(proof) - 1);
	_exit(0);
}

int main(int argc, char **argv)
{
	long samples = argc > 3 ? strtol(argv[1], NULL, 10) : 0;
	static struct valetkey_request *with_resource;
	const struct valetkey_token *token;
	bool resource;

	need(samples > 0, "usage: hit SAMPLES RESOURCE|- ACCOUNT...");
	accounts = (size_t)argc - 3;
	resource = strcmp(argv[2], "-") != 0;
	requests = calloc(accounts, sizeof(*requests));
	with_resource = calloc(accounts, sizeof(*requests));
	need(requests && with_resource, "no memory");
	for (size_t i = 0; i < accounts; i++) {
		requests[i].size = sizeof(*requests);
		requests[i].account = argv[i + 3];
		with_resource[i] = requests[i];
		with_resource[i].resource = argv[2];
	}
	lib = bench_load();
	need(lib.open(NULL, &handle) == VALETKEY_OK, "valetkey_open");
	need(lib.get(handle, requests, &token) == VALETKEY_OK, "no token");
	batch(requests);
	if (resource)
		batch(with_resource);
	for (long i = 0; i < samples; i++) {
		sample("floor", floor_batch(token));
		sample("hit", batch(requests));
		if (resource)
			sample("resource", batch(with_resource));
		threads_batch();
	}
	prove_no_system_call();
}
