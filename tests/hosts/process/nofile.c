/* SPDX-License-Identifier: MIT */
/*
 * nofile - a host at the edge of RLIMIT_NOFILE: with none, one, two... free
 * descriptors a get either works or fails with a code that does not send the
 * person after an account or a login; it leaks none, and works again later.
 */
#include "hosts/host.h"

#include <sys/resource.h>

#define LIMIT 64

static bool honest(int rc)
{
	return rc == VALETKEY_OK || rc / 10 == 4;
}

int main(void)
{
	struct rlimit limit = {LIMIT, LIMIT};
	struct valetkey *handle = host_open(NULL);
	struct valetkey_request request = host_request(HOST_FRESH);
	int taken[LIMIT], count = 0, rc = -1, works = -1;

	lib.token_free(host_get(handle, 1));
	must(setrlimit(RLIMIT_NOFILE, &limit) == 0, "setrlimit");
	while (count < LIMIT && (taken[count] = dup(2)) >= 0)
		count++;
	must(count > 20 && errno == EMFILE, "%d descriptors", count);
	for (int free_ones = 0; free_ones < 6; free_ones++) {
		char before[4096], after[4096];

		host_descriptors(before, sizeof(before));
		rc = host_try(handle, &request);
		host_descriptors(after, sizeof(after));
		must(honest(rc), "%d free descriptors: %d %s", free_ones, rc,
		     lib.strerror(rc));
		must(strcmp(before, after) == 0, "before: %s after: %s", before,
		     after);
		if (rc == VALETKEY_OK && works < 0)
			works = free_ones;
		close(taken[--count]);
	}
	must(works > 0, "works with %d free descriptors", works);
	must(rc == VALETKEY_OK, "%s with five free ones", lib.strerror(rc));
	host_close(handle);
	return 0;
}
