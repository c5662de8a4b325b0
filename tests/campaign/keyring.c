/* SPDX-License-Identifier: MIT */
/*
 * keyring.c - the keyring daemon of the campaign's session: killed, started
 * again, locked, stopped.
 */
#include "campaign.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define TRIES 500

static pid_t process(void)
{
	const char *session = getenv("VALETKEY_TEST_KEYRING_PID");

	return world.keyring ? world.keyring
			     : (pid_t)strtol(session ? session : "0", NULL, 10);
}

static int tool(const char *command)
{
	char line[4096];
	const char *const argv[] = {"sh", "-c", line, NULL};

	snprintf(line, sizeof(line),
		 "exec '%s/tests/lib/keyring' %s >/dev/null 2>&1", world.build,
		 command);
	return world_run(argv);
}

void keyring_kill(void)
{
	pid_t pid = process();

	if (pid <= 1)
		return;
	kill(pid, SIGKILL);
	if (world.keyring)
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			;
	world.keyring = -1;
}

static void run_daemon(void)
{
	const char *file = getenv("VALETKEY_TEST_KEYRING_PASSWORD_FILE");
	int in = open(file ? file : "", O_RDONLY);
	int out = open(world_path("keyring.log"), O_WRONLY | O_APPEND);

	if (in < 0 || out < 0)
		_exit(99);
	dup2(in, 0);
	dup2(out, 1);
	dup2(out, 2);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	execlp("gnome-keyring-daemon", "gnome-keyring-daemon", "--foreground",
	       "--unlock", "--components=secrets", (char *)NULL);
	_exit(99);
}

void keyring_start(void)
{
	world.keyring = fork();
	if (world.keyring == 0)
		run_daemon();
	for (int tries = 0; tries < TRIES; tries++) {
		if (tool("unlock") == 0)
			return;
		world_sleep_us(10000);
	}
	fputs("campaign: the keyring does not start\n", stderr);
	exit(99);
}

void keyring_restart(void)
{
	keyring_kill();
	keyring_start();
}

void keyring_lock(void)
{
	tool("lock");
}

void keyring_unlock(void)
{
	if (tool("unlock") != 0)
		keyring_restart();
}

void keyring_signal(int number)
{
	kill(process(), number);
}
