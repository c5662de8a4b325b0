/* SPDX-License-Identifier: MIT */
/*
 * valetkey.c - the command `valetkey`, and a front such as git-credential-valetkey
 * if it is called by that name: finds the verb, and exits with its result.
 */
#include "config.h"

#include "command/command.h"
#include "core/own_memory.h"
#include "fronts/doctor.h"
#include "fronts/front.h"
#include "fronts/git.h"
#include "proxy/proxy.h"
#include "service/keepalive.h"
#include "service/share.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

static const struct cmd_verb *const verbs[] = {
    &cmd_add,	 &cmd_edit,	&cmd_login,	&cmd_token,	&cmd_invalidate,
    &cmd_status, &cmd_doctor,	&cmd_list,	&cmd_logout,	&cmd_remove,
    &cmd_move,	 &cmd_unlock,	&cmd_lock,	&cmd_providers, &cmd_run,
    &cmd_curl,	 &cmd_proxy,	&cmd_keepalive, &cmd_share,	&cmd_git_setup,
    &cmd_front,	 &cmd_complete,
};

#define VERBS (sizeof(verbs) / sizeof(*verbs))

static void print_verbs(FILE *out)
{
	fputs("Usage: valetkey VERB [ARGUMENTS]\n\n"
	      "Keeps OAuth logins in the desktop keyring and hands out access "
	      "tokens that are\nalways valid.\n\n",
	      out);
	for (size_t i = 0; i < VERBS; i++)
		if (verbs[i]->summary)
			fprintf(out, "  %-11s %s\n", verbs[i]->name,
				verbs[i]->summary);
	fputs("\nTo begin:\n"
	      "  valetkey add work --provider ninjaone   register and name it "
	      "\"work\"\n"
	      "  valetkey login work                     in the browser, once\n"
	      "  valetkey token work                     a valid token, from "
	      "now on\n"
	      "\nvaletkey VERB --help tells more; so does man valetkey.\n",
	      out);
}

static int unknown_verb(const char *word)
{
	struct cmd_near near = {.word = word};

	for (size_t i = 0; i < VERBS; i++)
		if (verbs[i]->summary)
			cmd_near_try(&near, verbs[i]->name);
	if (*near.name)
		return cmd_fail(VALETKEY_ERR_ARG,
				"There is no verb \"%s\". Did you mean: "
				"valetkey %s",
				word, near.name);
	return cmd_fail(VALETKEY_ERR_ARG,
			"There is no verb \"%s\". See: valetkey help", word);
}

static const struct cmd_verb *find_verb(const char *word)
{
	for (size_t i = 0; i < VERBS; i++)
		if (strcmp(verbs[i]->name, word) == 0)
			return verbs[i];
	return NULL;
}

static int run_verb_words(const struct cmd_verb *verb, int argc, char **argv)
{
	struct cmd_words words;
	bool run;
	int rc = cmd_words_read(verb, argc, argv, &words, &run);

	if (!rc && run)
		rc = verb->run_words(&words);
	cmd_words_free(&words);
	return cmd_end(rc);
}

static int run_verb(int argc, char **argv)
{
	const struct cmd_verb *verb = find_verb(argv[0]);
	const struct front *front =
	    verb == &cmd_front && argc > 1 ? front_find(argv[1]) : NULL;
	struct cmd_args args = {0};
	bool run;
	int rc;

	if (!verb)
		return unknown_verb(argv[0]);
	if (front) /* whose words are its program's */
		return front->run(argc - 1, argv + 1);
	if (verb->run_words)
		return run_verb_words(verb, argc, argv);
	rc = cmd_options_read(verb, argc, argv, &args, &run);
	if (!rc && run) {
		cmd_cancel_on_signals();
		rc = verb->run(&args);
	}
	cmd_options_free(&args);
	return cmd_end(rc);
}

/* Whether the first word asks for it: as a verb, or as an option. */
static bool is_asked(const char *word, const char *verb, const char *option,
		     const char *letter)
{
	return strcmp(word, verb) == 0 || strcmp(word, option) == 0 ||
	       strcmp(word, letter) == 0;
}

static int run_valetkey(int argc, char **argv)
{
	static char option[] = "--help";
	char *help_argv[] = {NULL, option, NULL};

	if (argc > 1 && strcmp(argv[1], "--debug") == 0) {
		cmd_debug_begin();
		argc--;
		argv++;
	}
	if (argc < 2) {
		print_verbs(stderr);
		return VALETKEY_ERR_ARG;
	}
	if (is_asked(argv[1], "version", "--version", "-V")) {
		puts("valetkey " PACKAGE_VERSION);
		return cmd_flush();
	}
	if (strcmp(argv[1], "help") == 0 && argc > 2) {
		help_argv[0] = argv[2];
		return run_verb(2, help_argv);
	}
	if (is_asked(argv[1], "help", "--help", "-h")) {
		print_verbs(stdout);
		return cmd_flush();
	}
	return run_verb(argc - 1, argv + 1);
}

int main(int argc, char **argv)
{
	const char *name = argc ? strrchr(argv[0], '/') : NULL;
	const struct front *front;

	/* What is opened later must not become somebody's standard input. */
	for (int fd = 0; fd <= 2; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR) != fd)
			return VALETKEY_ERR_DENIED;
	own_memory_hide();
	/* For fronts, whose command line is another program's. */
	if (cmd_environment("VALETKEY_DEBUG"))
		cmd_debug_begin();
	if (!argc)
		return VALETKEY_ERR_ARG;
	name = name ? name + 1 : argv[0];
	front = front_of_program(name);
	if (front)
		return front->run(argc, argv);
	return run_valetkey(argc, argv);
}
