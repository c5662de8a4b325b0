/* SPDX-License-Identifier: MIT */
/*
 * sigchld_ignored - hosts that ignore SIGCHLD, where the kernel reaps every
 * child by itself: by SIG_IGN, and by SA_NOCLDWAIT.
 */
#include "hosts/host.h"

#include <signal.h>

static void check(void (*handler)(int), int flags)
{
	struct sigaction action = {.sa_flags = flags}, after;
	struct valetkey *handle = host_open(NULL);

	action.sa_handler = handler;
	sigemptyset(&action.sa_mask);
	sigaction(SIGCHLD, &action, NULL);
	for (int i = 0; i < 3; i++)
		lib.token_free(host_get(handle, HOST_FRESH));
	sigaction(SIGCHLD, NULL, &after);
	must(after.sa_handler == handler &&
		 (after.sa_flags & SA_NOCLDWAIT) == (flags & SA_NOCLDWAIT),
	     "the disposition of SIGCHLD was changed");
	host_close(handle);
}

int main(void)
{
	check(SIG_IGN, 0);
	check(SIG_DFL, SA_NOCLDWAIT);
	return 0;
}
