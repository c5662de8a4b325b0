/* SPDX-License-Identifier: MIT */
/*
 * closed_stdio - a host without descriptors 0, 1 and 2: during the call none of
 * ours stands there, where the host's output would go into it, and all that we
 * have is close-on-exec; after it everything is as before.
 */
#include "hosts/host.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>

static struct valetkey *handle;
static atomic_bool done;

static void *get(void *data)
{
	(void)data;
	lib.token_free(host_get(handle, HOST_FRESH));
	atomic_store(&done, true);
	return NULL;
}

/* Whether the call's own socket was seen. */
static bool look(void)
{
	bool seen = false;

	for (int fd = 0; fd < 64; fd++) {
		struct stat st;
		int flags = fcntl(fd, F_GETFD);

		if (fd == host_report || flags < 0 || fstat(fd, &st) != 0)
			continue;
		must(flags & FD_CLOEXEC, "descriptor %d is not close-on-exec",
		     fd);
		seen |= S_ISSOCK(st.st_mode);
	}
	return seen;
}

int main(void)
{
	char before[4096], after[4096];
	pthread_t thread;
	bool seen = false;

	host_report = fcntl(2, F_DUPFD_CLOEXEC, 40);
	closefrom(0 + host_report + 1);
	for (int fd = 0; fd < host_report; fd++)
		close(fd);
	handle = host_open(NULL);
	host_descriptors(before, sizeof(before));
	pthread_create(&thread, NULL, get, NULL);
	while (!atomic_load(&done)) {
		host_sleep(20);
		if (atomic_load(&done))
			break;
		for (int fd = 0; fd < 3; fd++)
			must(write(fd, "lost\n", 5) < 0 && errno == EBADF,
			     "descriptor %d is one of ours", fd);
		seen |= look();
	}
	pthread_join(thread, NULL);
	must(seen, "the call was over too soon to be looked at");
	host_descriptors(after, sizeof(after));
	must(strcmp(before, after) == 0, "descriptors before: %s after: %s",
	     before, after);
	host_close(handle);
	return 0;
}
