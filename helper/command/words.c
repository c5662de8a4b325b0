/* SPDX-License-Identifier: MIT */
/*
 * words.c - the command lines of `valetkey run` and `valetkey curl`, which
 * end with a command that is not ours to read: everything behind "--".
 */
#include "command.h"

#include <stdlib.h>
#include <string.h>

/* Whether the word behind this option belongs to it. */
static bool takes_next(const struct cmd_verb *verb, const char *word)
{
	for (const struct cmd_option *o = verb->options; o->name; o++)
		if (strcmp(o->name, word + 2) == 0)
			return o->argument != NULL;
	return false;
}

/* Parts argv into words and options; what follows "--" is the command. */
static int part(const struct cmd_verb *verb, char **argv,
		struct cmd_words *words, char **options)
{
	int count = 1;

	options[0] = argv[0];
	for (argv++; *argv; argv++) {
		if (strcmp(*argv, "--") == 0) {
			words->command = argv + 1;
			break;
		}
		if (**argv != '-') {
			words->words[words->count++] = *argv;
			continue;
		}
		options[count++] = *argv;
		if (strncmp(*argv, "--", 2) == 0 && takes_next(verb, *argv) &&
		    argv[1] && strcmp(argv[1], "--") != 0)
			options[count++] = *++argv;
	}
	return count;
}

int cmd_words_read(const struct cmd_verb *verb, int argc, char **argv,
		   struct cmd_words *words, bool *run)
{
	char **options = calloc((size_t)argc + 1, sizeof(*options));
	int rc;

	*words = (struct cmd_words){0};
	*run = false;
	words->words = calloc((size_t)argc + 1, sizeof(*words->words));
	if (!options || !words->words)
		rc = cmd_fail(VALETKEY_ERR_NOMEM, "Out of memory.");
	else
		rc = cmd_options_read(verb, part(verb, argv, words, options),
				      options, &words->args, run);
	free(options);
	return rc;
}

void cmd_words_free(struct cmd_words *words)
{
	cmd_options_free(&words->args);
	free(words->words);
}
