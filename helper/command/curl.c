/* SPDX-License-Identifier: MIT */
/*
 * curl.c - `valetkey curl`: curl with a valid token for one account's hosts.
 * The header goes by a descriptor, never by argv, and where curl would send it
 * is looked at first (curl_options.c). curl's answers are read on their way
 * for a 401, which invalidates the token; nothing is sent twice by itself.
 */
#include "curl.h"

#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FIXED_MAX 16
/* The first curl that keeps a header from other ports and schemes as well. */
#define FOLLOWS_MAJOR 7
#define FOLLOWS_MINOR 83

static const struct cmd_option options[] = {
    {"min-valid", "SECONDS",
     "The token must be good for at least this long (default 60)."},
    {NULL, NULL, NULL},
};

static int run_words(int argc, char **argv);

const struct cmd_verb cmd_curl = {
    .name = "curl",
    .summary = "run curl with a token for the account's hosts",
    .usage = "curl ACCOUNT -- CURL-ARGUMENT...",
    .about =
	"Runs curl with the header \"Authorization: Bearer TOKEN\", which no "
	"process list shows. Every URL must be one of the account's hosts. "
	"Only options of curl that cannot take the token elsewhere are "
	"allowed: no -K, --next, --resolve, --connect-to, --proxy, "
	"--location-trusted, -v and so on, no globs, no ~/.curlrc. For those: "
	"curl -H \"$(valetkey token ACCOUNT --format header)\" ...\n\n"
	"If the server answers 401, the token is invalidated and a message "
	"says so; then repeat the command. The exit status is curl's.",
    .options = options,
    .examples = "  valetkey curl work -- https://eu.ninjarmm.com/v2/devices\n"
		"  valetkey curl work -- -sS -X PATCH --json @change.json \\\n"
		"      https://eu.ninjarmm.com/v2/device/7\n",
    .run_words = run_words,
};

/* ---- the answers ---- */

struct answers {
	int fd;
	bool refused; /* a 401 was among them */
};

/* The header lines of all answers, one after the other; a cut line is one. */
static void *read_answers(void *data)
{
	struct answers *answers = data;
	FILE *file = fdopen(answers->fd, "r");
	char line[1024];
	bool begins = true;

	while (file && fgets(line, sizeof(line), file)) {
		const char *status = strchr(line, ' ');

		if (begins && strncmp(line, "HTTP/", 5) == 0 && status &&
		    strncmp(status, " 401", 4) == 0)
			answers->refused = true;
		begins = strchr(line, '\n') != NULL;
	}
	if (file)
		fclose(file);
	return NULL;
}

/* ---- curl ---- */

/* Whether this curl can be trusted to follow redirects. */
static int check_version(void)
{
	static const char *const argv[] = {"curl", "-q", "--version", NULL};
	struct buf out = {0};
	char *end = NULL;
	long major = 0, minor = 0;

	if (cmd_child_output(argv, &out) == 0 &&
	    strncmp(buf_text(&out), "curl ", 5) == 0) {
		major = strtol(out.data + 5, &end, 10);
		minor = *end == '.' ? strtol(end + 1, NULL, 10) : 0;
	}
	buf_free(&out);
	if (major > FOLLOWS_MAJOR ||
	    (major == FOLLOWS_MAJOR && minor >= FOLLOWS_MINOR))
		return VALETKEY_OK;
	return cmd_fail(VALETKEY_ERR_ARG,
			"This curl may take the token along to another server "
			"when it follows a redirect (--location); %d.%d is the "
			"first version that does not.",
			FOLLOWS_MAJOR, FOLLOWS_MINOR);
}

static char **make_argv(const struct cmd_curl *curl, char *const *words,
			const char *header, const char *dump)
{
	const char *protocols = curl->plain ? "=http,https" : "=https";
	const char *fixed[FIXED_MAX] = {
	    "curl",    "-q", "--globoff", "--proto", protocols, "--proto-redir",
	    protocols, "-H", header,	  "-D",	     dump,
	};
	size_t n = 0, count = 0;
	char **argv;

	/* Plain http is for loopback only, and no proxy is to see it. */
	while (fixed[n])
		n++;
	if (curl->plain) {
		fixed[n++] = "--noproxy";
		fixed[n++] = "*";
	}
	while (words[count])
		count++;
	argv = calloc(n + count + 1, sizeof(*argv));
	if (argv) {
		memcpy(argv, fixed, n * sizeof(*argv));
		memcpy(argv + n, words, count * sizeof(*argv));
	}
	return argv;
}

/* Starts it with the header in one descriptor and its answers in another. */
static int start(const struct cmd_curl *curl, char *const *words, int header,
		 int dump, pid_t *child)
{
	char header_path[40], dump_path[40];
	char **argv;

	snprintf(header_path, sizeof(header_path), "@/dev/fd/%d", header);
	snprintf(dump_path, sizeof(dump_path), "/dev/fd/%d", dump);
	argv = make_argv(curl, words, header_path, dump_path);
	if (!argv)
		return cmd_fail(VALETKEY_ERR_NOMEM, "Out of memory.");
	*child = cmd_child_start(argv);
	free(argv);
	if (*child < 0)
		return cmd_fail(VALETKEY_ERR_DENIED, "curl cannot be run: %s.",
				strerror(errno));
	return VALETKEY_OK;
}

static int transfer(const struct cmd_curl *curl, char *const *words,
		    const struct valetkey_token *token, bool *refused)
{
	struct buf text = {0};
	int ends[2] = {-1, -1}, header = -1, rc = VALETKEY_OK;
	struct answers answers = {.fd = -1};
	pthread_t reader;
	pid_t child = -1;

	if (buf_str(&text, "Authorization: Bearer ") ||
	    buf_str(&text, token->access_token) || buf_char(&text, '\n') ||
	    (header = cmd_child_once(text.data, text.len)) < 0 ||
	    pipe(ends) != 0)
		rc = cmd_fail(VALETKEY_ERR_DENIED,
			      "No descriptor for the token: %s.",
			      strerror(errno));
	buf_free(&text);
	if (!rc) {
		fcntl(ends[0], F_SETFD, FD_CLOEXEC);
		rc = start(curl, words, header, ends[1], &child);
	}
	if (header >= 0)
		close(header);
	if (ends[1] >= 0)
		close(ends[1]);
	answers.fd = ends[0];
	if (rc || pthread_create(&reader, NULL, read_answers, &answers) != 0) {
		if (ends[0] >= 0)
			close(ends[0]);
		return rc ? rc : cmd_child_wait(child);
	}
	rc = cmd_child_wait(child);
	pthread_join(reader, NULL);
	*refused = answers.refused;
	return rc;
}

static int with_token(const struct cmd_curl *curl, const char *account,
		      char *const *words, int64_t min_valid)
{
	struct cmd_talk talk = {.account = account};
	const struct valetkey_options how = {.size = sizeof(how),
					     .program = "valetkey curl",
					     .converse = cmd_converse,
					     .data = &talk};
	const struct valetkey_request request = {.size = sizeof(request),
						 .account = account,
						 .resource = curl->url,
						 .min_valid_s =
						     (uint32_t)min_valid};
	const struct valetkey_token *token = NULL;
	struct valetkey *handle = NULL;
	bool refused = false;
	int rc = valetkey_open(&how, &handle);

	if (!rc)
		rc = valetkey_get(handle, &request, &token);
	if (rc)
		cmd_tell_failure(rc, &talk);
	else
		rc = transfer(curl, words, token, &refused);
	if (refused && valetkey_invalidate(handle, token) == VALETKEY_OK)
		cmd_fail(0, "The server refused the token (401). It was "
			    "invalidated; repeat the command to get another "
			    "one.");
	valetkey_token_free(token);
	valetkey_close(handle);
	return rc;
}

static int run_curl(const struct cmd_words *words)
{
	struct record keys = {0};
	const char *account = words->words[0];
	struct cmd_curl curl = {.name = account, .account = &keys};
	int64_t min_valid = 0;
	int rc = cmd_option_seconds(&words->args, "min-valid", 86400 * 365,
				    &min_valid);

	if (!rc && words->count && !words->command)
		rc = cmd_fail(VALETKEY_ERR_ARG,
			      "curl's arguments come after --: valetkey curl "
			      "%s -- https://...",
			      account);
	if (!rc && (words->count != 1 || !words->command))
		rc = cmd_fail(VALETKEY_ERR_ARG,
			      "Which account, and which URL? Usage: valetkey "
			      "%s",
			      cmd_curl.usage);
	if (!rc)
		rc = account_name_ok(account)
			 ? cmd_account_exists(account)
			 : cmd_fail(VALETKEY_ERR_ARG,
				    "That is not an account's name.");
	if (!rc && account_read(account, &keys, NULL) != VALETKEY_OK)
		rc = cmd_fail(VALETKEY_ERR_ARG,
			      "The account's file cannot be read.");
	if (!rc)
		rc = cmd_curl_check(&curl, words->command);
	if (!rc && curl.follows)
		rc = check_version();
	if (!rc)
		rc = with_token(&curl, account, words->command, min_valid);
	record_free(&keys);
	return rc;
}

static int run_words(int argc, char **argv)
{
	struct cmd_words words;
	bool run;
	int rc = cmd_words_read(&cmd_curl, argc, argv, &words, &run);

	if (!rc && run)
		rc = run_curl(&words);
	cmd_words_free(&words);
	return rc;
}
