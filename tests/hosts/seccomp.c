/* SPDX-License-Identifier: MIT */
/*
 * seccomp - runs a program as a sandbox or another login would.
 *
 *	seccomp EPERM|ENOSYS COMMAND...   the kernel's keyring calls fail so, as in
 *	                                  a container or a Flatpak
 *	seccomp SESSION COMMAND...        with a new session keyring that is not
 *	                                  linked to the user's
 *
 * Its helper, if it starts one, inherits that. Exits with 77 where the kernel
 * does not let us.
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/keyctl.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static int refuse_keys(unsigned int error)
{
	struct sock_filter filter[] = {
	    BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
		     offsetof(struct seccomp_data, nr)),
	    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_add_key, 3, 0),
	    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_request_key, 2, 0),
	    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_keyctl, 1, 0),
	    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error),
	};
	struct sock_fprog program = {sizeof(filter) / sizeof(*filter), filter};

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	       prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

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
	else if (argc > 2 && strcmp(argv[1], "SESSION") == 0)
		rc = new_session();
	if (rc < 0)
		fputs("usage: seccomp EPERM|ENOSYS|SESSION COMMAND...\n",
		      stderr);
	if (rc)
		return 77;
	execvp(argv[2], argv + 2);
	return 127;
}
