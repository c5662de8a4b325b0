/* SPDX-License-Identifier: MIT */
/*
 * converse.c - the command's conversation with a person (valetkey.h), its requests
 * to the helper and to the library, and what it says of accounts that fail.
 */
#include "call.h"
#include "client/unusable.h"
#include "command.h"
#include "core/account.h"
#include "core/clock.h"
#include "core/far.h"
#include "core/own_memory.h"
#include "terminal.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define GRACE_MS 2000
#define DISCOVER_S 50

/* ---- the browser ---- */

/* By argv, never through a shell; in a session of its own, so that Ctrl-C here
 * does not close it; without our streams. A login never depends on it: the
 * address is printed. */

#define WORDS_MAX 32

/* One program of $BROWSER in words; "%s" in them is the URL, and without one
 * the URL comes last. */
struct command {
	struct buf text; /* the words, each with its NUL */
	char *argv[WORDS_MAX + 2];
};

static int put_word(struct buf *text, const char *word, size_t len,
		    const char *url, bool *used)
{
	int rc = 0;

	for (size_t i = 0; !rc && i < len; i++) {
		bool percent = word[i] == '%' && i + 1 < len;

		if (percent && word[i + 1] == 's') {
			rc = buf_str(text, url);
			*used = true;
			i++;
		} else {
			rc = buf_char(text, word[i]);
			i += percent && word[i + 1] == '%';
		}
	}
	return rc || buf_char(text, '\0');
}

/* The URL with those characters percent-encoded that a careless script would
 * expand, or that end its quotes: $BROWSER and what stands in for it are often
 * scripts, and the URL may be a server's. */
static int encode_expanded(struct buf *out, const char *url)
{
	int rc = 0;

	for (; !rc && *url; url++)
		rc = strchr("\"$'\\`", *url)
			 ? buf_fmt(out, "%%%02X", (unsigned)*url)
			 : buf_char(out, *url);
	return rc;
}

/* argv for one entry; -1 if it is empty or too long. */
static int make_command(const char *entry, size_t len, const char *url,
			struct command *command)
{
	const char *end = entry + len;
	bool used = false;
	size_t count = 0, at = 0;

	while (entry < end && count < WORDS_MAX) {
		size_t word = strcspn(entry, " :");

		if (word && put_word(&command->text, entry, word, url, &used))
			return -1;
		count += word != 0;
		entry += word + 1;
	}
	if (!count || entry < end)
		return -1;
	if (!used && buf_add(&command->text, url, strlen(url) + 1))
		return -1;
	for (count = 0; at < command->text.len; count++) {
		command->argv[count] = command->text.data + at;
		at += strlen(command->text.data + at) + 1;
	}
	command->argv[count] = NULL;
	return 0;
}

/* In the new session; returns only if the program cannot be run. */
static void become_program(char *const *argv)
{
	int null = open("/dev/null", O_RDWR);

	for (int fd = 0; null >= 0 && fd <= 2; fd++)
		dup2(null, fd);
	close_range(3, ~0u, CLOSE_RANGE_CLOEXEC);
	if (argv[0])
		execvp(argv[0], argv);
}

/* 0 or an errno: the pipe closes by exec, or brings it. */
static int start_detached(char *const *argv)
{
	int report[2];
	int error = ECHILD;
	ssize_t n = -1;
	pid_t child;

	if (pipe2(report, O_CLOEXEC) != 0)
		return errno;
	child = fork();
	if (child == 0) {
		setsid();
		if (fork() == 0) {
			become_program(argv);
			error = errno;
			n = write(report[1], &error, sizeof(error));
		}
		_exit(n < 0);
	}
	close(report[1]);
	if (child > 0) {
		while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
			;
		n = read(report[0], &error, sizeof(error));
	}
	close(report[0]);
	return n == 0 ? 0 : error;
}

/* 0, or an errno of the last one. */
static int try_programs(const char *list, const char *url)
{
	int error = ENOENT;

	while (error && *list) {
		struct command command = {0};
		size_t len = strcspn(list, ":");

		if (make_command(list, len, url, &command) == 0)
			error = start_detached(command.argv);
		else if (len)
			error = E2BIG;
		buf_free(&command.text);
		list += len + (list[len] == ':');
	}
	return error;
}

const char *cmd_environment(const char *name)
{
	const char *value = getenv(name);

	return value && *value ? value : NULL;
}

static const char *open_encoded(const char *url)
{
	const char *own = cmd_environment("BROWSER");
	int error;

	if (own) {
		error = try_programs(own, url);
		return !error		 ? NULL
		       : error == ENOENT ? "$BROWSER was not found"
					 : "$BROWSER cannot be run";
	}
	/* Without a display they would start a browser for this terminal; and
	 * root's desktop browser is nobody's wish. */
	if (geteuid() == 0)
		return "you are root";
	if (!cmd_environment("DISPLAY") && !cmd_environment("WAYLAND_DISPLAY"))
		return "there is no display";
	return try_programs("xdg-open:x-www-browser:sensible-browser", url)
		   ? "none was found"
		   : NULL;
}

/* Never waits for it. NULL, or why none was started. */
static const char *open_browser(const char *url)
{
	struct buf clean = {0};
	const char *why = encode_expanded(&clean, url)
			      ? "out of memory"
			      : open_encoded(buf_text(&clean));

	buf_free(&clean);
	return why;
}

/* ---- the conversation ---- */

/* The port of the redirect URI in an authorization request, "" if there is none. */
static void redirect_port(const char *url, char port[6])
{
	static const char before[] = "redirect_uri=http%3A%2F%2F";
	const char *at = strstr(url, before);
	size_t n = 0;

	if (at)
		at = strstr(at + strlen(before), "%3A");
	for (at = at ? at + 3 : ""; n < 5 && isdigit((unsigned char)*at); at++)
		port[n++] = *at;
	port[n] = '\0';
}

/* In a remote session the browser is elsewhere and the redirect comes here. */
static void tell_remote(const char *url)
{
	char port[6];

	redirect_port(url, port);
	if (cmd_environment("SSH_CONNECTION") && *port)
		terminal_say(
		    TERMINAL_PLAIN,
		    "The browser must reach this computer. On the computer "
		    "where it runs, first run: ssh -L %s:127.0.0.1:%s HOST\n",
		    port, port);
}

/* Everybody who can list processes sees what a browser is started with. */
static const char *start_browser(const struct valetkey_message *message)
{
	const struct call_message *more = (const void *)message;

	return open_browser(more->local_url ? more->local_url : message->url);
}

/* What stands around a QR code: the text before it, the address and the code
 * behind it with their blank lines, and the line that says how long is left. */
static unsigned rows_around(const struct valetkey_message *message)
{
	return terminal_rows(message->text) + terminal_rows(message->url) + 2 +
	       (message->code ? 2 : 0) + 1;
}

static void open_url(const struct cmd_talk *talk,
		     const struct valetkey_message *message)
{
	const char *why;

	if (*message->text)
		terminal_wrap(0, message->text);
	if (talk->qr && !talk->paste) /* that must come back to this keyboard */
		terminal_qr(message->url, rows_around(message));
	terminal_url(message->url);
	if (message->code)
		terminal_say(TERMINAL_BOLD, "Code: %s\n\n", message->code);
	if (!talk->paste)
		tell_remote(message->url);
	why = talk->browser ? start_browser(message) : NULL;
	if (why)
		terminal_say(TERMINAL_PLAIN,
			     "No browser was started (%s); open the address "
			     "by hand.\n",
			     why);
}

static int ask_at_terminal(const struct valetkey_message *message, char *reply,
			   size_t reply_size)
{
	struct buf answer = {0};
	int rc = VALETKEY_ERR_CANCELED;

	if (terminal_person())
		rc = message->type == VALETKEY_MESSAGE_ASK_SECRET
			 ? terminal_ask_secret(STDIN_FILENO, message->text,
					       &answer)
			 : terminal_ask_within(message->text,
					       message->seconds_left, &answer);
	if (rc == VALETKEY_ERR_TIMEOUT) /* the helper has more to say of it */
		rc = VALETKEY_OK;
	if (!rc && answer.len >= reply_size)
		rc = VALETKEY_ERR_ARG;
	if (!rc)
		memcpy(reply, buf_text(&answer), answer.len + 1);
	buf_free(&answer);
	return rc;
}

int cmd_converse(const struct valetkey_message *message, char *reply,
		 size_t reply_size, void *data)
{
	struct cmd_talk *talk = data;

	if (cmd_debug_message(message)) {
		talk->helped = true;
		return 0;
	}
	switch (message->type) {
	case VALETKEY_MESSAGE_INFO:
		terminal_say(TERMINAL_PLAIN, "%s\n", message->text);
		return 0;
	case VALETKEY_MESSAGE_ERROR:
		cmd_fail(0, "%s", message->text);
		talk->told = true;
		return 0;
	case VALETKEY_MESSAGE_OPEN:
	case VALETKEY_MESSAGE_CODE:
		open_url(talk, message);
		return 0;
	case VALETKEY_MESSAGE_ASK:
	case VALETKEY_MESSAGE_ASK_SECRET:
		return ask_at_terminal(message, reply, reply_size);
	case VALETKEY_MESSAGE_WAIT:
		terminal_wait(*message->text ? message->text : "Waiting",
			      message->seconds_left);
		return 0;
	default:
		return 0;
	}
}

int cmd_tell_failure(int result, const struct cmd_talk *talk)
{
	terminal_wait_end();
	if (talk->told)
		cmd_is_told();
	if (!result || talk->told)
		return result;
	if (result == VALETKEY_ERR_LOGIN && talk->account)
		return cmd_fail(result,
				"%s needs a login. Run: valetkey login "
				"%s",
				talk->account, talk->account);
	if (result == VALETKEY_ERR_RESOURCE && talk->account)
		return cmd_fail(result,
				"The URL is not one of the hosts of account "
				"%s. To see them, run: valetkey status %s",
				talk->account, talk->account);
	return cmd_fail(result, "%s%s%s.", talk->account ? talk->account : "",
			talk->account ? ": " : "", valetkey_strerror(result));
}

/* ---- asking the helper ---- */

int cmd_call(struct cmd_call *call)
{
	/* The helper's own sentence about a time-out comes in time. */
	const struct call to = {
	    .request = call->request,
	    .deadline = deadline_in(call->timeout_s * 1000 + GRACE_MS),
	    .interactive = call->interactive,
	    .far = call->far,
	    .converse = cmd_converse,
	    .data = &call->talk,
	};
	int rc = VALETKEY_ERR_NOMEM;

	own_memory_lock();
	if (record_add_int(call->request, "timeout_ms",
			   call->timeout_s * 1000) == 0 &&
	    record_add(call->request, "program", "valetkey") == 0 &&
	    cmd_debug_request(call->request) == 0 &&
	    record_add(call->request, "interactive",
		       call->interactive ? "1" : NULL) == 0)
		rc = call_helper(&to, call->answer);
	return cmd_tell_failure(rc, &call->talk);
}

int cmd_discover(struct record *request, const struct record *keys,
		 struct record *answer)
{
	struct cmd_call call = {
	    .request = request, .answer = answer, .timeout_s = DISCOVER_S};

	if (record_add(request, "op", "discover") ||
	    record_add(request, "ca_file", record_get(keys, "ca_file")) ||
	    record_add(request, "proxy", record_get(keys, "proxy")) ||
	    record_add(request, "auth", record_get(keys, "auth")))
		return VALETKEY_ERR_NOMEM;
	return cmd_call(&call);
}

void cmd_debug_tier(const char *account)
{
	struct record keys = {0};
	bool far;

	if (!cmd_debugs())
		return;
	far = account_read(account, &keys, NULL) == VALETKEY_OK &&
	      far_socket(&keys);
	cmd_debug("The token was in the kernel's keyring%s.",
		  far ? ", or came from the machine that keeps this login"
		      : "");
	record_free(&keys);
}

int cmd_get_token(const char *program, const struct valetkey_request *request,
		  struct valetkey **handle, const struct valetkey_token **token)
{
	struct cmd_talk talk = {.account = request->account,
				.browser =
				    request->flags & VALETKEY_INTERACTIVE};
	const struct valetkey_options how = {.size = sizeof(how),
					     .program = program,
					     .converse = cmd_converse,
					     .data = &talk};
	int rc = valetkey_open(&how, handle);

	cmd_debug_handle(*handle);
	if (!rc)
		rc = valetkey_get(*handle, request, token);
	if (!rc && !talk.helped)
		cmd_debug_tier((*token)->account);
	if (rc == VALETKEY_ERR_ACCOUNT && request->account && !talk.told &&
	    cmd_account_exists(request->account))
		return rc;
	return cmd_tell_failure(rc, &talk);
}

/* ---- is there such an account? ---- */

static int see_near_account(const char *name, void *near)
{
	cmd_near_try(near, name);
	return VALETKEY_OK;
}

int cmd_account_exists(const char *account)
{
	struct cmd_near near = {.word = account};
	struct problem problem = {0};
	struct record keys = {0};
	int rc = account_read(account, &keys, NULL);

	record_free(&keys);
	if (rc != VALETKEY_ERR_ACCOUNT) /* of the rest the helper tells */
		return VALETKEY_OK;
	if (unusable_account(account, &problem))
		return cmd_fail_problem(&problem);
	account_each(see_near_account, &near);
	if (*near.name)
		return cmd_fail(rc,
				"There is no account \"%s\". Did you mean: %s",
				account, near.name);
	return cmd_fail(rc,
			"There is no account \"%s\". See: valetkey status; or "
			"add it: valetkey add %s --provider NAME",
			account, account);
}

int cmd_account_read(const char *account, struct record *keys)
{
	int rc = cmd_account_exists(account);

	if (!rc && account_read(account, keys, NULL) != VALETKEY_OK)
		rc = cmd_fail(VALETKEY_ERR_ARG,
			      "The account's file cannot be read.");
	return rc;
}

const char *cmd_duration(char *out, size_t size, int64_t seconds)
{
	static const struct {
		int64_t seconds;
		const char *name;
	} units[] = {
	    {86400, "day"}, {3600, "hour"}, {60, "minute"}, {1, "second"}};
	size_t i = 0;

	while (i < 3 && seconds < 2 * units[i].seconds)
		i++;
	seconds /= units[i].seconds;
	snprintf(out, size, "%lld %s%s", (long long)seconds, units[i].name,
		 seconds == 1 ? "" : "s");
	return out;
}
