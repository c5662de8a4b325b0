/* SPDX-License-Identifier: MIT */
/*
 * setgid - run as a set-group-ID program (the script makes such a copy) the
 * library refuses to open. Exits with 77 where the system did not change the
 * group.
 */
#include "hosts/host.h"

int main(void)
{
	struct valetkey *handle = NULL;
	int rc;

	if (getgid() == getegid())
		return 77;
	host_load();
	rc = lib.open(NULL, &handle);
	must(rc == VALETKEY_ERR_SETUID && !handle, "valetkey_open: %s",
	     lib.strerror(rc));
	/* Giving the group back does not make it an ordinary process. */
	if (setresgid(getgid(), getgid(), getgid()) == 0) {
		rc = lib.open(NULL, &handle);
		must(rc == VALETKEY_ERR_SETUID && !handle,
		     "valetkey_open, the group given back: %s",
		     lib.strerror(rc));
	}
	return 0;
}
