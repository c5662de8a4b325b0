/* SPDX-License-Identifier: MIT */
/*
 * doctor_place.c - what `valetkey doctor` sees of this computer and session by
 * itself: the user, folders, the kernel's keyring, and the browser that a login
 * would open. See doctor.h.
 */
#include "doctor.h"

#include "client/unusable.h"
#include "core/kernel.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/keyctl.h>

/* ---- the user ---- */

static void look_at_user(struct doctor *doctor)
{
	const char *sudo = cmd_environment("SUDO_USER");

	if (geteuid() == 0 && sudo)
		doctor_found_text(
		    doctor, "user", FOUND_NOTE, 0,
		    "This is root, who has a keyring and accounts "
		    "of its own. For yours, leave sudo out.");
}

/* ---- folders ---- */

static void look_at_folders(struct doctor *doctor)
{
	struct problem problem = {0};
	struct buf path = {0};

	if (unusable_folder(NULL, &problem) || unusable_environment(&problem))
		doctor_found(doctor, "folder", FOUND_PROBLEM, &problem);
	else if (account_path(&path, NULL) == VALETKEY_OK &&
		 access(path.data, F_OK) == 0)
		doctor_found_text(doctor, "folder", FOUND_OK, 0,
				  "The accounts are in %s.", path.data);
	else
		doctor_found_text(doctor, "folder", FOUND_NOTE, 0,
				  "There are no accounts yet. Add one: "
				  "valetkey add NAME --provider PROVIDER");
	buf_free(&path);
}

/* ---- the kernel's keyring ---- */

/* "used/most bytes" of this user's quota (man 7 keyrings); false: nobody knows. */
static bool read_quota(long *used, long *most)
{
	FILE *file = fopen("/proc/key-users", "re");
	char line[256];
	bool found = false;

	while (file && !found && fgets(line, sizeof(line), file)) {
		char *end, *slash = strrchr(line, '/');
		long uid = strtol(line, &end, 10);

		if (*end != ':' || uid != (long)geteuid() || !slash)
			continue;
		*most = strtol(slash + 1, NULL, 10);
		while (slash > line && slash[-1] != ' ')
			slash--;
		*used = strtol(slash, NULL, 10);
		found = *most > 0;
	}
	if (file)
		fclose(file);
	return found;
}

static void look_at_kernel(struct doctor *doctor)
{
	long used = 0, most = 0;
	bool known = read_quota(&used, &most);

	if (syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_USER_KEYRING,
		    0) < 0)
		doctor_found_text(doctor, "kernel", FOUND_NOTE, 0,
				  "The kernel's keyring cannot be used here "
				  "(%s): each token comes from the desktop's "
				  "keyring, which takes milliseconds.",
				  strerror(errno));
	else if (used > most / 4 * 3)
		doctor_found_text(doctor, "kernel", FOUND_NOTE, 0,
				  "The kernel's keyring is nearly full: %ld of "
				  "%ld bytes of all programs. Tokens that do "
				  "not fit come more slowly. To see what is in "
				  "it: cat /proc/keys",
				  used, most);
	/* What we cache is never more than that. */
	else if (kernel_is_crowded())
		doctor_found_text(
		    doctor, "kernel", FOUND_NOTE, 0,
		    "The kernel has too little room for the tokens "
		    "of all accounts: in the last hour some found "
		    "none, which come more slowly then. Root makes "
		    "more with: sysctl kernel.keys.maxbytes=200000 "
		    "kernel.keys.maxkeys=2000");
	else if (!known)
		doctor_found_text(doctor, "kernel", FOUND_OK, 0,
				  "The kernel's keyring can be used.");
	else
		doctor_found_text(doctor, "kernel", FOUND_OK, 0,
				  "The kernel's keyring has room: %ld of %ld "
				  "bytes are used.",
				  used, most);
}

/* ---- the browser ---- */

static bool is_in_path(const char *program, size_t len)
{
	const char *path = cmd_environment("PATH");
	char name[512];

	if (memchr(program, '/', len)) {
		snprintf(name, sizeof(name), "%.*s", (int)len, program);
		return access(name, X_OK) == 0;
	}
	for (; path && *path;
	     path += strcspn(path, ":"), path += *path == ':') {
		snprintf(name, sizeof(name), "%.*s/%.*s",
			 (int)strcspn(path, ":"), path, (int)len, program);
		if (access(name, X_OK) == 0)
			return true;
	}
	return false;
}

/* The first of a list, with ':' between, that can be run; NULL: none. */
static const char *find_browser(const char *list)
{
	while (*list) {
		size_t len = strcspn(list, ": ");

		if (len && is_in_path(list, len))
			return list;
		list += strcspn(list, ":");
		list += *list == ':';
	}
	return NULL;
}

static void look_at_browser(struct doctor *doctor)
{
	const char *own = cmd_environment("BROWSER");
	const char *found =
	    find_browser(own ? own : "xdg-open:x-www-browser:sensible-browser");
	bool screen =
	    cmd_environment("DISPLAY") || cmd_environment("WAYLAND_DISPLAY");

	if (own && !found)
		doctor_found_text(doctor, "browser", FOUND_PROBLEM,
				  VALETKEY_ERR_DENIED,
				  "BROWSER is set to %s, which cannot be run. "
				  "Run: unset BROWSER",
				  own);
	else if (cmd_environment("SSH_CONNECTION") || (!screen && !own))
		doctor_found_text(doctor, "browser", FOUND_NOTE, 0,
				  "There is no screen here, so a login shows a "
				  "code or an address for a browser "
				  "elsewhere.");
	else if (!found)
		doctor_found_text(doctor, "browser", FOUND_PROBLEM,
				  VALETKEY_ERR_DENIED,
				  "No browser can be started: there is neither "
				  "xdg-open nor x-www-browser. Run: sudo "
				  "apt-get install xdg-utils; or set BROWSER");
	else
		doctor_found_text(doctor, "browser", FOUND_OK, 0,
				  "A login starts %.*s.",
				  (int)strcspn(found, ":"), found);
}

void doctor_look_at_place(struct doctor *doctor)
{
	look_at_user(doctor);
	look_at_folders(doctor);
	look_at_kernel(doctor);
	look_at_browser(doctor);
}
