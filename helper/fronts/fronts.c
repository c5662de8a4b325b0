/* SPDX-License-Identifier: MIT */
/*
 * fronts.c - the table of fronts, `valetkey front`, and what all of them do:
 * reading a request and writing an answer.
 */
#include "front.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define REQUEST_MAX (1u << 20)

static const struct front *const fronts[] = {
    &front_git,
    &front_docker,
    &front_cargo,
    &front_goauth,
    &front_credential_helper,
};

#define FRONTS (sizeof(fronts) / sizeof(*fronts))

const struct front *front_find(const char *name)
{
	for (size_t i = 0; i < FRONTS; i++)
		if (strcmp(fronts[i]->name, name) == 0)
			return fronts[i];
	return NULL;
}

const struct front *front_of_program(const char *program)
{
	for (size_t i = 0; i < FRONTS; i++)
		if (fronts[i]->program &&
		    strcmp(fronts[i]->program, program) == 0)
			return fronts[i];
	return NULL;
}

/* ---- the verb ---- */

static const struct cmd_option options[] = {
    {NULL, NULL, NULL},
};

static int run_front(const struct cmd_words *words);

const struct cmd_verb cmd_front = {
    .name = "front",
    .summary = "answer another program in its own protocol",
    .usage = "front [NAME [ARGUMENT...]]",
    .about =
	"Another program's credential helper: that program runs this itself, "
	"and reads the token. Without a name it lists the fronts that there "
	"are, each with the name by which it can be called as well.\n\n"
	"The account is the one whose hosts have what is asked for; if there "
	"are several, VALETKEY_ACCOUNT in the environment names it.",
    .options = options,
    .examples = "  valetkey front\n"
		"  GOAUTH='valetkey front goauth work' go mod download\n",
    .run_words = run_front,
};

/* With a name the front has been run by valetkey.c, unless there is none. */
static int run_front(const struct cmd_words *words)
{
	struct cmd_near near = {.word = words->count ? words->words[0] : ""};

	for (size_t i = 0; i < FRONTS; i++) {
		const struct front *front = fronts[i];

		cmd_near_try(&near, front->name);
		if (!words->count)
			printf("%-18s %-27s %s\n", front->name,
			       front->program ? front->program : "-",
			       front->summary);
	}
	if (!words->count)
		return cmd_flush();
	if (*near.name)
		return cmd_fail(VALETKEY_ERR_ARG,
				"There is no front \"%s\". Did you mean: %s",
				near.word, near.name);
	return cmd_fail(VALETKEY_ERR_ARG,
			"There is no front \"%s\". See: valetkey front",
			near.word);
}

/* ---- what fronts read and write ---- */

int front_read(struct buf *input, const char *until)
{
	ssize_t n;

	do {
		if (input->len > REQUEST_MAX)
			return VALETKEY_ERR_ARG;
		if (buf_reserve(input, 4096))
			return VALETKEY_ERR_NOMEM;
		n = read(STDIN_FILENO, input->data + input->len, 4096);
		if (n > 0) {
			input->len += (size_t)n;
			input->data[input->len] = '\0';
		}
	} while ((n > 0 && !(until && strstr(input->data, until))) ||
		 (n < 0 && errno == EINTR));
	return VALETKEY_OK;
}

int front_write(const struct buf *output)
{
	setvbuf(stdout, NULL, _IONBF, 0);
	fwrite(buf_text(output), 1, output->len, stdout);
	return cmd_flush();
}

int front_time(struct buf *out, int64_t unix_seconds)
{
	char text[sizeof("9999-12-31T23:59:59Z")] = "";
	time_t when = (time_t)unix_seconds;
	struct tm utc;

	if (when != unix_seconds)
		when = INT32_MAX; /* of 32 bits: the last that it has */
	if (!gmtime_r(&when, &utc) ||
	    !strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &utc))
		return -1;
	return buf_str(out, text);
}
