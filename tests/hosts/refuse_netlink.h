/* SPDX-License-Identifier: MIT */
/*
 * refuse_netlink.h - there are no netlink sockets from now on, as in some
 * containers and sandboxes: the kernel tells no socket's owner. -1 where the
 * kernel does not let us, or where socket() goes through socketcall(), whose
 * arguments a filter does not see (32-bit x86).
 */
#ifndef VALETKEY_REFUSE_NETLINK_H
#define VALETKEY_REFUSE_NETLINK_H

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

static inline int refuse_netlink(void)
{
#ifdef SYS_socketcall
	return -1;
#else
	struct sock_filter filter[] = {
	    BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
		     offsetof(struct seccomp_data, nr)),
	    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_socket, 0, 3),
	    BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
		     offsetof(struct seccomp_data, args)),
	    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_NETLINK, 0, 1),
	    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EAFNOSUPPORT),
	    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {sizeof(filter) / sizeof(*filter), filter};

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
		       prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program)
		   ? -1
		   : 0;
#endif
}

#endif
