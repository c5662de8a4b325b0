/* SPDX-License-Identifier: MIT */
/*
 * alternate - runs competitors in turn (A B A B ...) and tells how long each
 * process took, from its start to its end.
 *
 *	alternate ROUNDS FILE
 *
 * A line of FILE is NAME, what to run before (not timed), what is its standard
 * input, how long the secret is that it has to print, and the command; tabs
 * between them, "-" for nothing. Words of a command are separated by single
 * blanks; %FILE is the next line of FILE each time. A competitor that fails, or
 * ends well without the secret, is told of and left out from then on.
 */
#include "bench.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>

#define COMPETITORS_MAX 16
#define WORDS_MAX 64

struct list {
	char **lines;
	size_t count, at;
};

struct command {
	char *words[WORDS_MAX + 1];
	struct list list;
	char **place; /* where the list's line goes */
};

struct competitor {
	const char *name;
	char *input;
	size_t secret_len;
	struct command before, run;
	bool out;
};

static struct competitor competitors[COMPETITORS_MAX];
static size_t count;
static int output; /* a file in memory that gets what they print */
static char printed[65536];

static FILE *open_file(const char *path)
{
	FILE *file = fopen(path, "re");

	need(file != NULL, "cannot read %s", path);
	return file;
}

static void read_list(struct list *list, const char *path)
{
	FILE *file = open_file(path);
	char *line = NULL;
	size_t size = 0;

	while (getline(&line, &size, file) > 0) {
		line[strcspn(line, "\n")] = '\0';
		list->lines = reallocarray(list->lines, list->count + 1,
					   sizeof(*list->lines));
		need(list->lines != NULL, "no memory");
		list->lines[list->count++] = strdup(line);
	}
	need(list->count > 0, "%s is empty", path);
	free(line);
	fclose(file);
}

static void read_command(struct command *command, char *text)
{
	size_t n = 0;

	if (strcmp(text, "-") == 0)
		return;
	for (char *word = strtok(text, " "); word; word = strtok(NULL, " ")) {
		need(n < WORDS_MAX, "too many words");
		if (*word == '%') {
			read_list(&command->list, word + 1);
			command->place = &command->words[n];
		}
		command->words[n++] = strdup(word);
	}
}

static char *field(char **rest)
{
	char *start = strsep(rest, "\t");

	need(start && *start, "a line lacks a field");
	return start;
}

static void read_competitors(const char *path)
{
	FILE *file = open_file(path);
	char *line = NULL, *rest;
	size_t size = 0;

	while (getline(&line, &size, file) > 0) {
		struct competitor *new = &competitors[count++];

		need(count < COMPETITORS_MAX, "too many competitors");
		line[strcspn(line, "\n")] = '\0';
		rest = line;
		new->name = strdup(field(&rest));
		read_command(&new->before, field(&rest));
		new->input = strdup(field(&rest));
		new->secret_len = strtoul(field(&rest), NULL, 10);
		read_command(&new->run, field(&rest));
	}
	free(line);
	fclose(file);
}

/* Whether a word of what it printed is as long; secrets have no blanks. */
static bool answers(size_t secret_len)
{
	ssize_t n = pread(output, printed, sizeof(printed), 0);
	size_t longest = 0, len = 0;

	for (ssize_t i = 0; i < n; i++) {
		len = printed[i] > ' ' ? len + 1 : 0;
		longest = len > longest ? len : longest;
	}
	return longest >= secret_len;
}

/* Its nanoseconds, or -1. */
static int64_t run(struct command *command, const char *input)
{
	posix_spawn_file_actions_t actions;
	int64_t began;
	int status = -1;
	pid_t pid;

	if (command->place) {
		struct list *list = &command->list;

		*command->place = list->lines[list->at];
		list->at = (list->at + 1) % list->count;
	}
	need(ftruncate(output, 0) == 0 && lseek(output, 0, SEEK_SET) == 0,
	     "no file in memory");
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(
	    &actions, 0, strcmp(input, "-") == 0 ? "/dev/null" : input,
	    O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, output, 1);
	began = now_ns();
	if (posix_spawnp(&pid, command->words[0], &actions, NULL,
			 command->words, environ) == 0)
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
	began = now_ns() - began;
	posix_spawn_file_actions_destroy(&actions);
	return status == 0 ? began : -1;
}

int main(int argc, char **argv)
{
	long rounds = argc == 3 ? strtol(argv[1], NULL, 10) : 0;

	need(rounds > 0, "usage: alternate ROUNDS FILE");
	read_competitors(argv[2]);
	output = memfd_create("output", MFD_CLOEXEC);
	for (long round = -1; round < rounds; round++)
		for (size_t i = 0; i < count; i++) {
			struct competitor *one = &competitors[i];
			int64_t ns = 0;

			if (one->before.words[0])
				run(&one->before, "-");
			if (!one->out)
				ns = run(&one->run, one->input);
			if (ns > 0 && !answers(one->secret_len))
				ns = -1;
			if (ns < 0) {
				fprintf(stderr, "%s fails: %s\n", one->name,
					one->run.words[0]);
				one->out = true;
			} else if (ns && round >= 0) { /* -1: warms up */
				sample(one->name, (double)ns);
			}
		}
	return 0;
}
