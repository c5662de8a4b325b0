/* SPDX-License-Identifier: MIT */
/*
 * scan - what a host's memory holds after a get that took the helper's way:
 * scan FOUND|ABSENT COMMAND FILE... A child runs the command, which makes the
 * files, reads them, and looks for the text of each (at least 16 bytes) in all
 * of the host's memory.
 */
#include "host.h"

#include <sys/prctl.h>
#include <sys/wait.h>

static bool in_range(int mem, off_t from, off_t to, const char *text)
{
	size_t len = strlen(text);
	char *all = malloc((size_t)(to - from));
	bool found = false;

	must(all != NULL, "out of memory");
	if (pread(mem, all, (size_t)(to - from), from) == to - from)
		found = memmem(all, (size_t)(to - from), text, len) != NULL;
	free(all);
	return found;
}

/* Whether a process has this text anywhere in readable memory. */
static bool in_memory(pid_t pid, const char *text)
{
	char path[64], line[4096];
	unsigned long from, to;
	bool found = false;
	FILE *maps;
	int mem;

	snprintf(path, sizeof(path), "/proc/%d/mem", pid);
	mem = open(path, O_RDONLY | O_CLOEXEC);
	must(mem >= 0, "cannot read %s: %s", path, strerror(errno));
	snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	maps = fopen(path, "re");
	must(maps != NULL, "cannot read %s", path);
	while (fgets(line, sizeof(line), maps)) {
		char *end;

		from = strtoul(line, &end, 16);
		to = strtoul(end + 1, &end, 16);
		if (end[1] == 'r' && !strstr(line, "[v") &&
		    in_range(mem, (off_t)from, (off_t)to, text))
			found = true;
	}
	fclose(maps);
	close(mem);
	return found;
}

static int look(pid_t pid, bool wanted, char **files)
{
	for (; *files; files++) {
		char text[65536] = "";
		FILE *file = fopen(*files, "re");

		must(file && fgets(text, sizeof(text), file) &&
			 strlen(text) >= 16,
		     "%s has no proper text", *files);
		fclose(file);
		text[strcspn(text, "\n")] = '\0';
		must(in_memory(pid, text) == wanted, "%s: %s", *files,
		     wanted ? "not found" : "found in the host's memory");
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct valetkey *handle = host_open(NULL);
	const struct valetkey_token *token = host_get(handle, HOST_FRESH);
	int status;
	pid_t pid;

	must(argc > 3, "scan FOUND|ABSENT COMMAND FILE...");
	prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY);
	pid = fork();
	if (pid == 0) {
		must(system(argv[2]) == 0, "the command has failed");
		_exit(look(getppid(), strcmp(argv[1], "FOUND") == 0, argv + 3));
	}
	must(waitpid(pid, &status, 0) == pid && status == 0, "the look");
	lib.token_free(token);
	host_close(handle);
	return 0;
}
