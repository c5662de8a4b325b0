/* SPDX-License-Identifier: MIT */
/*
 * git.c - git-credential-valetkey: reads what git says, and lets an account
 * answer (git_token.c) or the store of git's other credentials (git_store.c).
 * It asks nobody unless git's configuration, its environment and a terminal allow
 * it.
 *
 * A failure is told on standard error and in the exit status. git ignores the
 * status and would ask for a password next, which is of no use for an account's
 * host: `quit` keeps it from that.
 */
#include "git.h"

#include "call.h"
#include "command/child.h"
#include "command/terminal.h"
#include "core/clock.h"
#include "core/own_memory.h"
#include "front.h"
#include "git_message.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define SILENT_S 30
#define PERSON_S 300
#define TIMEOUT_MAX_S (10 * 365 * 86400)

/* ---- asking a person ---- */

/* git runs its helpers in the background as well (fetches of an editor,
 * maintenance), so the first try is always silent. */

bool git_is_no(const char *text)
{
	return !*text || strcmp(text, "0") == 0 ||
	       strcasecmp(text, "false") == 0 || strcasecmp(text, "no") == 0 ||
	       strcasecmp(text, "off") == 0 || strcasecmp(text, "never") == 0;
}

/* credential.interactive; "always" means without a terminal too. */
static bool config_allows(bool terminal)
{
	static const char *const argv[] = {"git", "config", "--get",
					   "credential.interactive", NULL};
	struct buf out = {0};
	bool set = cmd_child_output(argv, &out) == 0, allowed = terminal;

	if (out.len && out.data[out.len - 1] == '\n')
		out.data[out.len - 1] = '\0';
	if (set && strcasecmp(buf_text(&out), "always") == 0)
		allowed = true;
	else if (set && git_is_no(buf_text(&out)))
		allowed = false;
	buf_free(&out);
	return allowed;
}

bool git_may_ask(void)
{
	static int known = -1;
	const char *prompt = getenv("GIT_TERMINAL_PROMPT");

	if (known < 0)
		known = !(prompt && git_is_no(prompt)) &&
			config_allows(isatty(STDERR_FILENO));
	return known;
}

int git_converse(const struct valetkey_message *message, char *reply,
		 size_t reply_size, void *data)
{
	struct git_talk *talk = data;

	if (message->type != VALETKEY_MESSAGE_ERROR)
		return cmd_converse(message, reply, reply_size, &talk->talk);
	problem_set(&talk->held, 1, "%s", message->text);
	return 0;
}

bool git_person_helps(int result)
{
	return (result == VALETKEY_ERR_LOGIN ||
		result == VALETKEY_ERR_LOCKED) &&
	       git_may_ask();
}

int git_tell_failure(int result, struct git_talk *talk)
{
	if (result && talk->held.result)
		return cmd_fail(result, "%s", talk->held.text);
	return cmd_tell_failure(result, &talk->talk);
}

static int run_operation(struct record *request, struct record *answer,
			 bool interactive, struct git_talk *talk)
{
	int64_t ms = (interactive ? PERSON_S : SILENT_S) * 1000;
	const struct call call = {.request = request,
				  .deadline = deadline_in(ms),
				  .interactive = interactive,
				  .converse = git_converse,
				  .data = talk};

	talk->held.result = 0;
	record_remove(request, "timeout_ms");
	if (record_add_int(request, "timeout_ms", ms) ||
	    record_add(request, "interactive", interactive ? "1" : NULL) ||
	    cmd_debug_request(request))
		return VALETKEY_ERR_NOMEM;
	return call_helper(&call, answer);
}

int git_call_quietly(struct record *request, struct record *answer)
{
	struct git_talk talk = {.held.result = 0};

	return run_operation(request, answer, false, &talk);
}

int git_call(struct record *request, struct record *answer)
{
	struct git_talk talk = {.talk = {.browser = true}};
	int rc = record_add(request, "program", "git") ? VALETKEY_ERR_NOMEM
						       : VALETKEY_OK;

	own_memory_lock();
	if (!rc)
		rc = run_operation(request, answer, false, &talk);
	if (git_person_helps(rc)) {
		record_free(answer);
		rc = run_operation(request, answer, true, &talk);
	}
	return git_tell_failure(rc, &talk);
}

/* ---- what git says, and the answer ---- */

/* A line at a time; a line may be a password. */
static int type_input(struct buf *input)
{
	struct buf line = {0};
	int rc;

	do {
		rc = terminal_ask_secret(STDIN_FILENO,
					 "KEY=VALUE (not shown; an empty line "
					 "ends it)",
					 &line);
		if (!rc &&
		    (buf_str(input, buf_text(&line)) || buf_char(input, '\n')))
			rc = VALETKEY_ERR_NOMEM;
	} while (!rc && line.len);
	buf_free(&line);
	return rc;
}

/* To the blank line or the end. */
static int read_input(struct buf *input)
{
	int rc = front_read(input, "\n\n");

	return rc == VALETKEY_ERR_ARG
		   ? cmd_fail(rc, "git's request is too long.")
		   : rc;
}

/* That a token can be for. send-email says smtp, with TLS too. */
static bool is_protocol(const char *protocol)
{
	static const char *const known[] = {"https", "http",  "imaps",
					    "imap",  "smtps", "smtp"};

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (strcmp(protocol, known[i]) == 0)
			return true;
	return false;
}

/* "": another protocol, or not a host that an account could have. */
static int set_origin(struct git_request *request)
{
	const char *protocol = record_get(&request->message, "protocol");
	const char *host = record_get(&request->message, "host");
	struct buf url = {0};
	int rc = VALETKEY_OK;

	if (!protocol || !host || !is_protocol(protocol) ||
	    host[strspn(host, "abcdefghijklmnopqrstuvwxyz"
			      "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
			      "0123456789.:[]-")] != '\0')
		return rc;
	if (buf_fmt(&url, "%s://%s", protocol, host))
		rc = VALETKEY_ERR_NOMEM;
	else if (origin_of_resource(url.data, request->origin) != 0)
		*request->origin = '\0';
	request->mail = strncmp(protocol, "http", 4) != 0;
	buf_free(&url);
	return rc;
}

static int read_git_request(struct git_request *request, bool secret)
{
	struct buf input = {0};
	int rc = secret && isatty(STDIN_FILENO) ? type_input(&input)
						: read_input(&input);

	if (!rc && git_message_parse(buf_text(&input), input.len,
				     &request->message) != 0)
		rc = cmd_fail(VALETKEY_ERR_ARG,
			      "This is not a request from git.");
	buf_free(&input);
	request->authtype =
	    record_has(&request->message, "capability[]", "authtype");
	request->state = record_has(&request->message, "capability[]", "state");
	return rc ? rc : set_origin(request);
}

int git_print(const struct record *answer)
{
	const char *key, *value;
	struct buf out = {0};
	size_t at = 0;
	int rc = 0;

	while (!rc && (key = record_each(answer, &at, &value))) {
		if (!git_message_value_ok(value)) {
			buf_free(&out);
			return cmd_fail(VALETKEY_ERR_ARG,
					"The stored %s has a line break in it, "
					"which git does not accept.",
					key);
		}
		rc = buf_str(&out, key) || buf_char(&out, '=') ||
		     buf_str(&out, value) || buf_char(&out, '\n');
	}
	rc = rc ? VALETKEY_ERR_NOMEM : front_write(&out);
	buf_free(&out);
	return rc;
}

/* ---- verbs ---- */

/* ERR_RESOURCE: it is not for an account. */
static int answer_by_account(const struct git_request *request)
{
	struct client client = {0};
	struct git_past past;
	int rc;

	git_state_read(&request->message, &past);
	rc = git_account_choose(request, &past, &client);
	if (!rc)
		rc = git_token_get(request, &client, &past);
	client_free(&client);
	return rc;
}

/*
 * A user name that is not an account's belongs to a password. If none is stored,
 * it is only what the server's own pages put into their clone URLs, and the token
 * goes out with the name that it needs. If there is no token, git is not told to
 * quit: a person may have that password.
 */
static int answer_get(const struct git_request *request)
{
	struct git_request nameless = *request;
	bool answered;
	int rc = answer_by_account(request);

	if (rc && rc != VALETKEY_ERR_RESOURCE)
		puts("quit=1");
	if (rc != VALETKEY_ERR_RESOURCE)
		return rc;
	rc = git_stored_get(request, &answered);
	if (rc || answered || !record_get(&request->message, "username"))
		return rc;
	nameless.any_user = true;
	rc = answer_by_account(&nameless);
	return rc == VALETKEY_ERR_RESOURCE ? VALETKEY_OK : rc;
}

static int see_any(const char *name, const struct client *client, void *data)
{
	(void)name, (void)client;
	*(bool *)data = true;
	return VALETKEY_OK;
}

/* Neither what an account would answer is stored, nor what is not to be kept. At
 * a mail server a token goes out with the person's own user name. */
static int answer_store(const struct git_request *request)
{
	const char *ephemeral = record_get(&request->message, "ephemeral");
	bool ours = ephemeral && !git_is_no(ephemeral);
	int rc = git_account_each(request, see_any, &ours);

	if (!rc && !ours && request->mail)
		rc = git_token_is_stored(request, &ours);
	return rc || ours ? rc : git_stored_store(request);
}

static int answer_erase(const struct git_request *request)
{
	const struct record *message = &request->message;
	bool ours = false;
	int rc;

	if (!record_get(message, "protocol") && !record_get(message, "host") &&
	    !record_get(message, "path") && !record_get(message, "username"))
		return cmd_fail(VALETKEY_ERR_ARG,
				"An empty pattern would erase everything; "
				"nothing was erased.");
	rc = git_token_erase(request, &ours);
	/* Somebody's own password for the same host is a stored one. */
	if (!rc && !(ours && record_get(message, "username")))
		rc = git_stored_erase(request);
	return rc;
}

static int answer_capability(const struct git_request *request)
{
	(void)request;
	puts("version 0\ncapability authtype\ncapability state");
	return cmd_flush();
}

static const struct {
	const char *name;
	int (*run)(const struct git_request *request);
	bool reads;
	bool secret; /* what it reads may have one */
} verbs[] = {
    {"get", answer_get, true, false},
    {"store", answer_store, true, true},
    {"erase", answer_erase, true, true},
    {"capability", answer_capability, false, false},
};

static int print_git_help(int rc)
{
	terminal_say(TERMINAL_PLAIN,
		     "git runs this: git config --global credential.helper "
		     "valetkey\n"
		     "Usage: git-credential-valetkey [--account ACCOUNT] "
		     "[--timeout SECONDS]\n"
		     "           get|store|erase|capability\n"
		     "See: valetkey git-setup --help; man "
		     "git-credential-valetkey\n");
	return rc;
}

static int fail_git_option(const char *what)
{
	return cmd_fail(VALETKEY_ERR_ARG, "%s See: man git-credential-valetkey",
			what);
}

static int read_options(int argc, char **argv, struct git_request *request,
			bool *run)
{
	static const struct option table[] = {
	    {"timeout", required_argument, NULL, 't'},
	    {"account", required_argument, NULL, 'a'},
	    {"help", no_argument, NULL, 'h'},
	    {0}};
	char *end;
	int found;

	opterr = 0;
	while ((found = getopt_long(argc, argv, "+:", table, NULL)) != -1) {
		if (found == 't') {
			request->timeout_s = strtol(optarg, &end, 10);
			if (!*optarg || *end || request->timeout_s < 1 ||
			    request->timeout_s > TIMEOUT_MAX_S)
				return fail_git_option(
				    "--timeout needs a number "
				    "of seconds.");
		} else if (found == 'a' && account_name_ok(optarg)) {
			request->pin = optarg;
		} else if (found == 'h') {
			return print_git_help(VALETKEY_OK);
		} else {
			return fail_git_option("That is not an option.");
		}
	}
	*run = true;
	return VALETKEY_OK;
}

static int run_git(int argc, char **argv)
{
	struct git_request request = {0};
	bool run = false;
	int rc;

	rc = read_options(argc, argv, &request, &run);
	if (rc || !run)
		return rc;
	if (optind >= argc)
		return print_git_help(VALETKEY_ERR_ARG);
	cmd_tell_ignored();
	for (size_t i = 0; i < sizeof(verbs) / sizeof(*verbs); i++) {
		if (strcmp(verbs[i].name, argv[optind]) != 0)
			continue;
		if (verbs[i].reads)
			rc = read_git_request(&request, verbs[i].secret);
		if (!rc)
			rc = verbs[i].run(&request);
		break;
	}
	record_free(&request.message);
	return cmd_end(rc);
}

const struct front front_git = {
    .name = "git",
    .program = "git-credential-valetkey",
    .summary = "git, git-lfs and what asks git for credentials",
    .run = run_git,
};
