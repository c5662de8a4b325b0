/* SPDX-License-Identifier: MIT */
/*
 * seccomp - runs a program as a sandbox or another login would.
 *
 *	seccomp EPERM|ENOSYS COMMAND...   the kernel's keyring calls fail so, as in
 *	                                  a container or a Flatpak
 *	seccomp NETLINK COMMAND...        there are no netlink sockets
 *	seccomp SESSION COMMAND...        with a new session keyring that is not
 *	                                  linked to the user's
 *
 * Its helper, if it starts one, inherits that. Exits with 77 where the kernel
 * does not let us.
 */
#include "refuse_keys.h"
#include "refuse_netlink.h"

#include <errno.h>
#include <linux/keyctl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int new_session(void)
{
	return syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL) < 0;
}

int main(int argc, char **argv)
{
	int rc = -1;

	if (argc > 2 && strcmp(argv[1], "EPERM") == 0)
		rc = refuse_keys(EPERM);
	else if (argc > 2 && strcmp(argv[1], "ENOSYS") == 0)
		rc = refuse_keys(ENOSYS);
	else if (argc > 2 && strcmp(argv[1], "NETLINK") == 0)
		rc = refuse_netlink();
	else if (argc > 2 && strcmp(argv[1], "SESSION") == 0)
		rc = new_session();
	if (rc < 0)
		fputs(
		    "usage: seccomp EPERM|ENOSYS|NETLINK|SESSION COMMAND...\n",
		    stderr);
	if (rc)
		return 77;
	execvp(argv[2], argv + 2);
	return 127;
}
