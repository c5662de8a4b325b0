/* SPDX-License-Identifier: MIT */
/*
 * lend - whether another program's event loop takes the descriptor of a get:
 * lend RESULT TIMEOUT_MS COMMAND... begins one, and COMMAND, which has its copy
 * as descriptor 3, ends with 0 when there is something to do; then it is
 * finished, as often as it takes. Says how long that took, in milliseconds.
 */
#include "hosts/host.h"

#include <spawn.h>
#include <sys/wait.h>

static void run(char **command, int fd)
{
	posix_spawn_file_actions_t actions;
	int status = -1;
	pid_t pid;

	must(posix_spawn_file_actions_init(&actions) == 0 &&
		 posix_spawn_file_actions_adddup2(&actions, fd, 3) == 0,
	     "no memory");
	must(posix_spawnp(&pid, *command, &actions, NULL, command, environ) ==
		 0,
	     "cannot run %s", *command);
	posix_spawn_file_actions_destroy(&actions);
	must(waitpid(pid, &status, 0) == pid && status == 0, "%s: status %d",
	     *command, status);
}

int main(int argc, char **argv)
{
	__typeof__(valetkey_begin) *begin;
	__typeof__(valetkey_fd) *descriptor;
	__typeof__(valetkey_finish) *finish;
	struct valetkey_request request = host_request(0);
	struct valetkey *handle = host_open(NULL);
	const struct valetkey_token *token;
	struct valetkey_wait *wait;
	int64_t started = host_ms();
	int rc;

	must(argc > 3, "lend RESULT TIMEOUT_MS COMMAND...");
	*(void **)&begin = host_symbol("valetkey_begin");
	*(void **)&descriptor = host_symbol("valetkey_fd");
	*(void **)&finish = host_symbol("valetkey_finish");
	request.timeout_ms = (uint32_t)strtoul(argv[2], NULL, 10);
	rc = begin(handle, &request, &wait);
	must(rc == VALETKEY_OK, "valetkey_begin: %s", lib.strerror(rc));
	do {
		run(argv + 3, descriptor(wait));
		rc = finish(wait, &token);
	} while (rc == VALETKEY_PENDING);
	must(rc == (int)strtol(argv[1], NULL, 10), "valetkey_finish: %s",
	     lib.strerror(rc));
	lib.token_free(token);
	printf("%lld\n", (long long)(host_ms() - started));
	host_close(handle);
	return 0;
}
