/* SPDX-License-Identifier: MIT */
/*
 * faults_sealed.c - what happens to the sealed store at each phase of a refresh: no
 * room, a folder that takes nothing, the key gone; and a file that is not what was
 * written: a bit is another one, an older one was put back, it is another
 * machine's. None of it may be sent, and only the last two may say LOGIN.
 */
#include "campaign.h"
#include "core/kernel.h"
#include "valetkey.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_ROOM (1 << 16)

/* A lock's file takes nothing either. */
static const int unwritable[] = {VALETKEY_OK, VALETKEY_ERR_DENIED,
				 VALETKEY_ERR_ACCOUNT, -1};
static const int locked[] = {VALETKEY_OK, VALETKEY_ERR_LOCKED, -1};
static const int refused[] = {VALETKEY_OK, VALETKEY_ERR_DENIED, -1};
static const int outdated[] = {VALETKEY_OK, VALETKEY_ERR_LOGIN,
			       VALETKEY_ERR_DENIED, -1};

static const char *in_config(const char *name)
{
	static char paths[4][4200];
	static unsigned next;
	char *path = paths[next++ % 4];

	snprintf(path, sizeof(paths[0]), "%s/%s", getenv("XDG_CONFIG_HOME"),
		 name);
	return path;
}

static const char *sealed_folder(void)
{
	return in_config("valetkey/sealed");
}

/* ---- no room, no folder ---- */

static void fill_disk(void)
{
	static const char block[512] = {1};
	int fd =
	    open(in_config("filler"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	while (fd >= 0 && write(fd, block, sizeof(block)) > 0)
		;
	if (fd >= 0)
		close(fd);
}

static void empty_disk(void)
{
	unlink(in_config("filler"));
}

static void bar_folder(void)
{
	chmod(sealed_folder(), 0500);
}

static void open_folder(void)
{
	chmod(sealed_folder(), 0700);
}

/* ---- no key ---- */

static struct buf data_key;
static char key_name[64];

static void take_key(void)
{
	char text[4096];
	const char *at;

	world_read(in_config("valetkey/sealed/key"), text, sizeof(text));
	at = strstr(text, "id=");
	snprintf(key_name, sizeof(key_name), "valetkey-data-key:%.*s",
		 at ? (int)strcspn(at + 3, "\n") : 0, at ? at + 3 : "");
	buf_clear(&data_key);
	if (!keyctl_read(keyctl_find(key_name), &data_key)) {
		fputs("campaign: the sealed store is locked\n", stderr);
		exit(99);
	}
	keyctl_discard(key_name);
}

static void put_key_back(void)
{
	if (!keyctl_put(key_name, &data_key, 0)) {
		fputs("campaign: the kernel takes no key\n", stderr);
		exit(99);
	}
}

/* ---- another file in its place ---- */

/* Of c0's grant. What the helper writes meanwhile goes over it, and stays. */
static char before[FILE_ROOM], other[FILE_ROOM];
static size_t other_len;

static const char *grant_file(void)
{
	char name[128];

	snprintf(name, sizeof(name), "valetkey/sealed/%s.grant",
		 world_id("c0"));
	return in_config(name);
}

static size_t read_file(const char *path, char *bytes)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, bytes, FILE_ROOM);

	if (fd >= 0)
		close(fd);
	return n > 0 ? (size_t)n : 0;
}

/* Both exist from here on: ours in the place, and beside it what was there, which
 * may be newer than what we have read. */
static void exchange_files(void)
{
	const char *beside = in_config("beside");
	int fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0 || write(fd, other, other_len) != (ssize_t)other_len ||
	    renameat2(AT_FDCWD, beside, AT_FDCWD, grant_file(),
		      RENAME_EXCHANGE)) {
		perror("campaign: beside");
		exit(99);
	}
	close(fd);
}

static void end_exchange(void)
{
	size_t len = read_file(grant_file(), before);

	if (len == other_len && memcmp(before, other, len) == 0)
		rename(in_config("beside"), grant_file());
	else
		unlink(in_config("beside"));
}

/* Anywhere behind the first line, or in it. */
static void flip_bit(void)
{
	other_len = read_file(grant_file(), other);
	if (other_len)
		other[world_random((unsigned)other_len)] ^=
		    (char)(1 << world_random(8));
	exchange_files();
}

/* The parked copy would help, as it is meant to. */
static void put_older_back(void)
{
	other_len = read_file(in_config("older"), other);
	parked_forget("c0");
	exchange_files();
}

/* Two refreshes before, so that it is another one whatever the trials do. */
static void keep_older(void)
{
	char line[9000];

	snprintf(line, sizeof(line), "cp -p '%s' '%s'", grant_file(),
		 in_config("older"));
	world_run((const char *const[]){"sh", "-c", line, NULL});
	for (int i = 0; i < 2; i++) {
		const struct host_options options = {.account = "c0"};
		struct outcome outcome;
		struct host host;

		host_start(&host, &options);
		host_end(&host, &outcome);
		host_await_helpers(host.pid);
	}
}

/* As if it had been made on a machine of another name. */
static void copy_from_elsewhere(void)
{
	char line[9000];

	snprintf(line, sizeof(line),
		 "f='%s' t='%s/tests/lib/sealed' id=%s; "
		 "cp -p \"$f\" \"$f.own\" && \"$t\" dump grant $id | "
		 "sed 's/^machine=.*/machine=0/' | \"$t\" replace grant $id && "
		 "cp -p \"$f\" '%s' && mv \"$f.own\" \"$f\"",
		 grant_file(), world.build, world_id("c0"),
		 in_config("copied"));
	world_run((const char *const[]){"sh", "-c", line, NULL});
	other_len = read_file(in_config("copied"), other);
	exchange_files();
}

static void copied_file(void)
{
	static const int elsewhere[] = {VALETKEY_ERR_LOGIN, -1};
	const struct host_options options = {.account = "c0"};
	struct row *row = table_row("a copy of another machine");
	struct outcome outcome;
	struct trial trial;
	struct host host;

	for (int i = 0; i < world_trials(5, 100); i++) {
		trial_begin(&trial, row, "c0", elsewhere);
		copy_from_elsewhere();
		host_start(&host, &options);
		host_end(&host, &outcome);
		host_await_helpers(host.pid);
		trial_outcome(&trial, &outcome, host.timeout_ms);
		end_exchange();
		trial_end(&trial);
	}
}

void faults_sealed(void)
{
	static const struct disturbance full = {
	    "disk full", fill_disk, empty_disk, unwritable, 0, 200, 10, false};
	static const struct disturbance all[] = {
	    {"folder may not be written", bar_folder, open_folder, unwritable,
	     0, 200, 10, false},
	    {"store locked", take_key, put_key_back, locked, 0, 200, 10, false},
	    {"a bit is another one", flip_bit, end_exchange, refused, 0, 500,
	     20, false},
	    {"an older file is put back", put_older_back, end_exchange,
	     outdated, 0, 200, 10, false},
	};

	if (getenv("VALETKEY_CAMPAIGN_DISK"))
		disturb(&full);
	else
		table_skip(full.name,
			   "nobody mounts a small file system for us");
	keep_older();
	for (unsigned i = 0; i < sizeof(all) / sizeof(*all); i++)
		disturb(&all[i]);
	copied_file();
}
