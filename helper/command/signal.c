/* SPDX-License-Identifier: MIT */
/*
 * signal.c - Ctrl-C and its like while the command does something: either
 * they end it at once with a clean line, or, where something is half done, they
 * are noted until it is whole or taken back.
 */
#include "command.h"

#include <signal.h>
#include <unistd.h>

static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};

#define NUMBERS (sizeof(numbers) / sizeof(*numbers))

static volatile sig_atomic_t noted;
static struct sigaction before[NUMBERS];

/* Only what is async-signal-safe. The helper sees the socket close. */
static void cancel(int number)
{
	static const char text[] = "\r\033[K\nvaletkey: Canceled.\n";
	static const char plain[] = "\nvaletkey: Canceled.\n";
	bool terminal = isatty(STDERR_FILENO);
	ssize_t written;

	(void)number;
	written = terminal ? write(STDERR_FILENO, text, sizeof(text) - 1)
			   : write(STDERR_FILENO, plain, sizeof(plain) - 1);
	(void)written;
	_exit(VALETKEY_ERR_CANCELED);
}

static void note(int number)
{
	static const char text[] =
	    "\nvaletkey: One moment, this is being undone.\n";
	ssize_t written = write(STDERR_FILENO, text, sizeof(text) - 1);

	(void)written;
	noted = number;
}

/* nohup has SIGHUP ignored, a script's shell SIGINT in the background: so it
 * stays. */
static void set_all(const struct sigaction *action)
{
	for (size_t i = 0; i < NUMBERS; i++) {
		sigaction(numbers[i], NULL, &before[i]);
		if (before[i].sa_handler != SIG_IGN)
			sigaction(numbers[i], action, NULL);
	}
}

void cmd_cancel_on_signals(void)
{
	const struct sigaction action = {.sa_handler = cancel};

	set_all(&action);
}

void cmd_hold_signals(void)
{
	const struct sigaction action = {.sa_handler = note,
					 .sa_flags = SA_RESTART};

	noted = 0;
	set_all(&action);
}

bool cmd_signal_held(void)
{
	return noted != 0;
}

void cmd_release_signals(void)
{
	for (size_t i = 0; i < NUMBERS; i++)
		sigaction(numbers[i], &before[i], NULL);
}
