/* SPDX-License-Identifier: MIT */
/*
 * own_quota.h - for test programs about a user's quota of kernel keys: root becomes a
 * user whom nobody else is. Included once, by the file that has main.
 */
#ifndef VALETKEY_OWN_QUOTA_H
#define VALETKEY_OWN_QUOTA_H

#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

/* One of the users from `first` on; false: the test is skipped, and says so. */
static bool own_quota(uid_t first)
{
	uid_t uid = first + (uid_t)getpid();

	if (getuid() != 0) {
		puts("1..0 # SKIP only root can become a user with an unused "
		     "quota");
		return false;
	}
	if (setresuid(uid, uid, uid) != 0) {
		puts("1..0 # SKIP root may not become somebody else");
		return false;
	}
	return true;
}

#endif
