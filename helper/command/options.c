/* SPDX-License-Identifier: MIT */
/*
 * options.c - what is typed after a verb, read by getopt_long() from the
 * verb's small table, and the verb's --help, made from the same table.
 */
#include "command.h"
#include "core/account.h"

#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define OPTIONS_MAX 40
#define COLUMN 30
#define MIN_VALID_MAX_S (365 * 86400)

const char *cmd_option(const struct cmd_args *args, const char *name)
{
	return record_get(&args->options, name);
}

int cmd_option_seconds(const struct cmd_args *args, const char *name,
		       int64_t max, int64_t *value)
{
	const char *text = cmd_option(args, name);
	int64_t seconds = text ? record_get_int(&args->options, name, -1) : 0;

	if (!text)
		return VALETKEY_OK;
	if (seconds < 1 || seconds > max)
		return cmd_fail(VALETKEY_ERR_ARG,
				"--%s needs a whole number of seconds, from 1 "
				"to %lld.",
				name, (long long)max);
	*value = seconds;
	return VALETKEY_OK;
}

int cmd_option_descriptor(const struct cmd_args *args, const char *what,
			  int *fd)
{
	char name[32];
	int64_t number = STDIN_FILENO;
	bool given;

	snprintf(name, sizeof(name), "%s-stdin", what);
	given = cmd_option(args, name);
	snprintf(name, sizeof(name), "%s-fd", what);
	if (cmd_option(args, name)) {
		number = record_get_int(&args->options, name, -1);
		given = true;
	}
	if (number < 0 || number > INT_MAX)
		return cmd_fail(VALETKEY_ERR_ARG,
				"--%s needs the number of a descriptor.", name);
	*fd = given ? (int)number : -1;
	return VALETKEY_OK;
}

int cmd_option_min_valid(const struct cmd_args *args, uint32_t *seconds)
{
	int64_t value = 0;
	int rc = cmd_option_seconds(args, "min-valid", MIN_VALID_MAX_S, &value);

	*seconds = (uint32_t)value;
	return rc;
}

/* ---- help ---- */

static void print_wrapped(unsigned indent, const char *text)
{
	struct buf out = {0};

	if (cmd_wrap(&out, indent, text) == 0)
		fputs(out.data, stdout);
	buf_free(&out);
}

static void help_option(const struct cmd_option *option)
{
	int column = printf("  --%s", option->name);

	if (option->argument)
		column += printf(" %s", option->argument);
	if (column > COLUMN - 2) {
		putchar('\n');
		column = 0;
	}
	printf("%*s", COLUMN - column, "");
	print_wrapped(COLUMN, option->help);
}

static void print_help(const struct cmd_verb *verb)
{
	printf("Usage: valetkey %s\n\n", verb->usage);
	print_wrapped(0, verb->about);
	printf("\nOptions:\n");
	for (const struct cmd_option *o = verb->options; o->name; o++)
		if (o->help)
			help_option(o);
	printf("  --debug%*s", COLUMN - 9, "");
	print_wrapped(COLUMN, "Say on standard error what is asked of whom, "
			      "and how long it takes; never a secret.");
	printf("  --help%*sThis text.\n", COLUMN - 8, "");
	printf("\nExamples:\n%s", verb->examples);
	printf("\nExit status: 0, or 1x fix the command, 2x a person must do "
	       "something,\n"
	       "3x try later, 4x report it. All of them: man valetkey\n");
}

/* ---- reading ---- */

static size_t make_table(const struct cmd_verb *verb, struct option *table)
{
	size_t n = 0;

	for (; n < OPTIONS_MAX && verb->options[n].name; n++)
		table[n] = (struct option){.name = verb->options[n].name,
					   .has_arg = verb->options[n].argument
							  ? required_argument
							  : no_argument,
					   .val = 1};
	table[n] = (struct option){.name = "help", .val = 'h'};
	table[n + 1] = (struct option){.name = "debug", .val = 'd'};
	table[n + 2] = (struct option){0};
	return n;
}

static int fail_option(const struct cmd_verb *verb, int found, char **argv)
{
	const char *text = argv[optind - 1];
	size_t len = strcspn(text, "=");
	struct cmd_near near = {0};
	char name[65];

	if (found == ':')
		return cmd_fail(VALETKEY_ERR_ARG,
				"%s needs a value. See: valetkey %s --help",
				text, verb->name);
	/* Only the name: the value might be what should not be shown. */
	snprintf(name, sizeof(name), "%.*s", (int)len, text);
	near.word = name + (strncmp(name, "--", 2) == 0 ? 2 : 0);
	for (const struct cmd_option *o = verb->options; o->name; o++)
		if (o->help)
			cmd_near_try(&near, o->name);
	if (*near.name)
		return cmd_fail(VALETKEY_ERR_ARG,
				"%.*s is not an option of %s. Did you mean: "
				"--%s",
				(int)len, text, verb->name, near.name);
	return cmd_fail(VALETKEY_ERR_ARG,
			"%.*s is not an option of %s. See: valetkey %s --help",
			(int)len, text, verb->name, verb->name);
}

static int take_account(const struct cmd_verb *verb, int argc, char **argv,
			struct cmd_args *args)
{
	int given = argc - optind;

	if (given > (verb->account ? 1 : 0))
		return cmd_fail(VALETKEY_ERR_ARG,
				"\"%s\" is one argument too many. Usage: "
				"valetkey %s",
				argv[optind + (verb->account ? 1 : 0)],
				verb->usage);
	if (!given && verb->account && !verb->account_optional)
		return cmd_fail(VALETKEY_ERR_ARG,
				"Which account? Usage: valetkey %s",
				verb->usage);
	args->account = given ? argv[optind] : NULL;
	if (given && !account_name_ok(args->account))
		return cmd_fail(VALETKEY_ERR_ARG,
				"\"%s\" cannot be an account's name: use at "
				"most %d letters, digits and . _ @ -, and do "
				"not begin with a dot or dash.",
				args->account, ACCOUNT_NAME_MAX);
	return VALETKEY_OK;
}

int cmd_options_read(const struct cmd_verb *verb, int argc, char **argv,
		     struct cmd_args *args, bool *run)
{
	struct option table[OPTIONS_MAX + 3];
	const char *value;
	int found, rc, at = 0;

	make_table(verb, table);
	*args = (struct cmd_args){.verb = verb};
	*run = true;
	opterr = 0;
	optind = 0;
	while ((found = getopt_long(argc, argv, ":h", table, &at)) != -1) {
		if (found == 'h') {
			*run = false;
			print_help(verb);
			return cmd_flush();
		}
		if (found == 'd') {
			cmd_debug_begin();
			continue;
		}
		if (found != 1)
			return fail_option(verb, found, argv);
		value = optarg ? optarg : "1";
		if (strcmp(table[at].name, "json") == 0 ||
		    (strcmp(table[at].name, "format") == 0 &&
		     strcmp(value, "json") == 0))
			cmd_json_begin();
		if (record_add(&args->options, table[at].name, value))
			return VALETKEY_ERR_NOMEM;
	}
	rc = take_account(verb, argc, argv, args);
	if (!rc)
		cmd_tell_ignored();
	return rc;
}

void cmd_options_free(struct cmd_args *args)
{
	record_free(&args->options);
}

/* ---- words ---- */

/* The command lines of `valetkey run` and `valetkey curl`, which end with a
 * command that is not ours to read: everything after "--". If there is no "--"
 * at all, the verb says where it begins. */

/* Whether the word after this option belongs to it. */
static bool takes_next(const struct cmd_verb *verb, const char *word)
{
	for (const struct cmd_option *o = verb->options; o->name; o++)
		if (strcmp(o->name, word + 2) == 0)
			return o->argument != NULL;
	return false;
}

static bool is_own_option(const struct cmd_verb *verb, const char *word)
{
	size_t len = strcspn(word, "=");

	if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 ||
	    strcmp(word, "--debug") == 0)
		return true;
	for (const struct cmd_option *o = verb->options; o->name; o++)
		if (strncmp(word, "--", 2) == 0 && strlen(o->name) == len - 2 &&
		    strncmp(o->name, word + 2, len - 2) == 0)
			return true;
	return false;
}

static bool has_dashes(char *const *argv)
{
	while (*argv && strcmp(*argv, "--") != 0)
		argv++;
	return *argv;
}

/* Parts argv into words and options; what follows "--" is the command. */
static int part_words(const struct cmd_verb *verb, char **argv,
		      struct cmd_words *words, char **options)
{
	bool guess = verb->begins && !has_dashes(argv);
	int count = 1;

	options[0] = argv[0];
	for (argv++; *argv; argv++) {
		if (strcmp(*argv, "--") == 0) {
			words->command = argv + 1;
			break;
		}
		if (guess && !is_own_option(verb, *argv) &&
		    verb->begins(words, *argv)) {
			words->command = argv;
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
		rc = VALETKEY_ERR_NOMEM;
	else
		rc = cmd_options_read(verb,
				      part_words(verb, argv, words, options),
				      options, &words->args, run);
	free(options);
	return rc;
}

void cmd_words_free(struct cmd_words *words)
{
	cmd_options_free(&words->args);
	free(words->words);
}
