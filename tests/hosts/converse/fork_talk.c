/* SPDX-License-Identifier: MIT */
/*
 * fork_talk - a login through the host's conversation, which forks: one child
 * ends there by _exit(), another returns from the conversation and so from its
 * copy of the call. The parent's login goes on and brings a token. argv[1] is
 * the browser; the account has no grant yet.
 */
#include "hosts/host.h"

#include <spawn.h>
#include <sys/wait.h>

static const char *browser;
static pid_t returned = -1, parent;
static int opened;

static void browse(const char *url)
{
	char *argv[] = {(char *)(uintptr_t)browser, (char *)(uintptr_t)url,
			NULL};
	pid_t pid;

	must(posix_spawn(&pid, browser, NULL, NULL, argv, environ) == 0,
	     "cannot start the browser");
	waitpid(pid, NULL, 0);
}

static int talk(const struct valetkey_message *message, char *reply,
		size_t reply_size, void *data)
{
	pid_t pid;

	(void)reply;
	(void)reply_size;
	(void)data;
	must(getpid() == parent, "a child got a message");
	if (message->type != VALETKEY_MESSAGE_OPEN)
		return 0;
	opened++;
	pid = fork();
	if (pid == 0)
		_exit(0);
	waitpid(pid, NULL, 0);
	returned = fork();
	if (returned == 0)
		return 0;
	host_sleep(100); /* the child is at the parent's socket, if ever */
	browse(message->url);
	return 0;
}

/* In the child that came back: no token, and the handle works. */
static void child(struct valetkey *handle, int rc)
{
	alarm(60);
	must(rc == VALETKEY_ERR_CANCELED, "in the child the call gave %d", rc);
	host_close(handle);
	_exit(0);
}

int main(int argc, char **argv)
{
	const struct valetkey_options options = {.size = sizeof(options),
						 .converse = talk};
	struct valetkey_request request = host_request(1);
	struct valetkey *handle = host_open(&options);
	char before[4096], after[4096];
	int rc, status;

	browser = argc > 1 ? argv[1] : "";
	parent = getpid();
	request.flags = VALETKEY_INTERACTIVE;
	request.timeout_ms = 60000;
	host_descriptors(before, sizeof(before));
	rc = host_try(handle, &request);
	if (getpid() != parent)
		child(handle, rc);
	must(rc == VALETKEY_OK, "the login: %s", lib.strerror(rc));
	must(opened == 1, "%d times OPEN", opened);
	must(waitpid(returned, &status, 0) == returned && status == 0,
	     "the child that returned: %x", (unsigned)status);
	host_descriptors(after, sizeof(after));
	must(strcmp(before, after) == 0, "descriptors before: %s after: %s",
	     before, after);
	host_close(handle);
	return 0;
}
