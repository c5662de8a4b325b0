/* SPDX-License-Identifier: MIT */
/*
 * faults_system.c - the machine refuses: no process, no descriptor, no disk.
 */
#include "campaign.h"
#include "valetkey.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

/* That begins with a file of its own, and the plugin passes its clone() by. */
#ifdef __SANITIZE_THREAD__
static const bool thread_sanitizer = true;
#else
static const bool thread_sanitizer = false;
#endif

static const int refused[] = {VALETKEY_ERR_HELPER, VALETKEY_ERR_DENIED,
			      VALETKEY_ERR_NOMEM, -1};
static const int network[] = {VALETKEY_ERR_NETWORK, -1};
static const int unwritable[] = {VALETKEY_ERR_DENIED, -1};
static const int stored[] = {VALETKEY_OK, VALETKEY_ERR_DENIED, -1};

static void ask_once(struct row *row, const struct host_options *options,
		     const int *allowed, void (*mend)(void))
{
	struct outcome outcome;
	struct trial trial;
	struct host host;

	trial_begin(&trial, row, options->account, allowed);
	host_start(&host, options);
	host_end(&host, &outcome);
	host_await_helpers(host.pid);
	trial_outcome(&trial, &outcome, host.timeout_ms);
	if (mend)
		mend();
	trial_end(&trial);
}

static void no_process(const char *name, const char *call)
{
	const struct host_options options = {.account = "c0", .no_call = call};
	struct row *row = table_row(name);

	for (int i = 0; i < world_trials(2, 50); i++)
		ask_once(row, &options, refused, NULL);
}

static void no_faults(void)
{
	world_faults("");
}

/* What it remembers of a failure cannot be written; with sealed files nothing is
 * sent. */
static void no_file_size(void)
{
	bool sealed = strcmp(world.store, "sealed") == 0;
	const struct host_options options = {.account = "c0",
					     .no_file_size = true};
	struct row *row = table_row("host: may write no file");

	for (int i = 0; i < world_trials(2, 50); i++) {
		world_faults("http-503");
		ask_once(row, &options, sealed ? unwritable : network,
			 no_faults);
	}
}

/* ---- a keyring on a disk that is full ---- */

/* The small one that root has made for us (tests/dev/campaign.sh), or NULL. */
static const char *small_disk(void)
{
	return getenv("VALETKEY_CAMPAIGN_DISK");
}

static bool move_keyring(const char *directory)
{
	static const char mounts[] =
	    "mkdir -p \"$0.copy\" && cp -p \"$0\"/* \"$0.copy\"/ && "
	    "mount -t tmpfs -o size=64k,mode=700 tmpfs \"$0\" && "
	    "cp -p \"$0.copy\"/* \"$0\"/";
	static const char links[] = "cp -p \"$0\"/* \"$1\"/ && rm -r \"$0\" && "
				    "ln -s \"$1\" \"$0\"";
	const char *script = small_disk() ? links : mounts;

	return world_run((const char *const[]){"sh", "-c", script, directory,
					       small_disk(), NULL}) == 0;
}

/* Where nobody has made one we mount it, out of all others' sight. */
static bool may_move(void)
{
	return small_disk() ||
	       (unshare(CLONE_NEWNS) == 0 &&
		mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
}

static const char *filler(void)
{
	static char path[4096];

	snprintf(path, sizeof(path), "%s/keyrings/filler",
		 getenv("XDG_DATA_HOME"));
	return path;
}

static void fill(void)
{
	static const char block[512] = {1};
	int fd = open(filler(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	while (fd >= 0 && write(fd, block, sizeof(block)) > 0)
		;
	if (fd >= 0)
		close(fd);
}

/* With what gnome-keyring leaves of files that it could not write. */
static void empty(void)
{
	static const char script[] = "rm -f \"$0\" \"${0%/*}\"/*.temp-*";

	world_run((const char *const[]){"sh", "-c", script, filler(), NULL});
}

static void full_disk(void)
{
	static const char name[] = "disk full";
	const struct host_options options = {.account = "c0"};
	char directory[4096];
	struct row *row;

	snprintf(directory, sizeof(directory), "%s/keyrings",
		 getenv("XDG_DATA_HOME"));
	if (!may_move()) {
		table_skip(name, "nobody mounts a small file system for us");
		return;
	}
	keyring_kill();
	if (!move_keyring(directory)) {
		keyring_start();
		table_skip(name, "no small file system can be mounted");
		return;
	}
	keyring_start();
	row = table_row(name);
	for (int i = 0; i < world_trials(3, 100); i++) {
		fill();
		ask_once(row, &options, stored, empty);
	}
}

void faults_system(void)
{
	if (thread_sanitizer) {
		table_skip("host: fork fails", "built with a sanitizer");
		table_skip("host: may write no file", "built with a sanitizer");
	} else {
		no_process("host: fork fails", "clone");
		no_file_size();
	}
	no_process("host: exec fails", "spawn");
	no_process("host: no descriptor", "socketpair");
	if (strcmp(world.store, "keyring") == 0)
		full_disk();
}
