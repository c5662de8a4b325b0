/* SPDX-License-Identifier: MIT */
/*
 * sigchld_counted - a host with a SIGCHLD handler hears of no child; no other
 * signal comes either, and dispositions and the mask are as they were.
 */
#include "hosts/host.h"

#include <signal.h>

static volatile sig_atomic_t heard[NSIG];

static void hear(int number)
{
	heard[number]++;
}

static bool caught(int number)
{
	return number != SIGKILL && number != SIGSTOP && number != SIGSEGV &&
	       number != SIGBUS && number != SIGABRT && number != SIGILL &&
	       number != SIGFPE;
}

int main(void)
{
	struct valetkey *handle = host_open(NULL);
	sigset_t mask, after;

	for (int number = 1; number < 32; number++)
		if (caught(number))
			signal(number, hear);
	sigemptyset(&mask);
	sigaddset(&mask, SIGUSR2);
	sigprocmask(SIG_SETMASK, &mask, NULL);
	for (int i = 0; i < 3; i++)
		lib.token_free(host_get(handle, HOST_FRESH));
	host_sleep(200); /* the helper ends by itself, after its answer */
	for (int number = 1; number < 32; number++) {
		must(!heard[number], "signal %d came", number);
		must(!caught(number) || signal(number, SIG_DFL) == hear,
		     "the disposition of signal %d was changed", number);
	}
	sigprocmask(SIG_SETMASK, NULL, &after);
	for (int number = 1; number < 32; number++)
		must(sigismember(&after, number) == (number == SIGUSR2),
		     "signal %d in the mask was changed", number);
	host_close(handle);
	return 0;
}
