/* SPDX-License-Identifier: MIT */
/*
 * message.c - how every verb tells something: of a failure, one or two sentences
 * on standard error; and what goes to standard output.
 */
#include "call.h"
#include "client/provider.h"
#include "client/unusable.h"
#include "command.h"
#include "core/clock.h"
#include "core/text.h"
#include "handle.h"
#include "terminal.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* ---- near names ---- */

/* For "did you mean": at most two letters may differ, so that nothing is proposed
 * at random; or the word is the beginning of the name. */

#define TOO_FAR 3

void cmd_near_try(struct cmd_near *near, const char *name)
{
	size_t d = edit_distance(near->word, name);
	size_t len = strlen(near->word);

	if (len > 1 && d >= TOO_FAR && strncmp(near->word, name, len) == 0)
		d = TOO_FAR - 1;
	if (d >= (*near->name ? near->distance : TOO_FAR) || d >= strlen(name))
		return;
	near->distance = d;
	snprintf(near->name, sizeof(near->name), "%s", name);
}

static int see_near_provider(const char *name, void *data)
{
	cmd_near_try(data, name);
	return VALETKEY_OK;
}

int cmd_fail_provider(const char *name, const struct problem *problem)
{
	struct cmd_near near = {.word = name};

	provider_each(see_near_provider, &near);
	if (!*near.name || strcmp(near.name, name) == 0)
		return cmd_fail_problem(problem);
	return cmd_fail(problem->result, "%s Did you mean: %s", problem->text,
			near.name);
}

/* ---- failures ---- */

static bool told;
static struct problem last_told;

int cmd_fail(int result, const char *format, ...)
{
	struct problem problem = {.result = result};
	va_list args;

	va_start(args, format);
	vsnprintf(problem.text, sizeof(problem.text), format, args);
	va_end(args);
	terminal_say(TERMINAL_PLAIN, "valetkey: %s\n", problem.text);
	told = told || result;
	last_told = problem;
	return result;
}

/* ---- a failure for a program ---- */

static bool json_wanted, flushed;

/* As in valetkey.h, which has what they mean. */
static const struct {
	int result;
	const char *name;
} result_names[] = {
    {VALETKEY_ERR_ARG, "arg"},
    {VALETKEY_ERR_ABI, "abi"},
    {VALETKEY_ERR_BUSY, "busy"},
    {VALETKEY_ERR_SETUID, "setuid"},
    {VALETKEY_ERR_ACCOUNT, "account"},
    {VALETKEY_ERR_LOGIN, "login"},
    {VALETKEY_ERR_SCOPE, "scope"},
    {VALETKEY_ERR_LOCKED, "locked"},
    {VALETKEY_ERR_NO_KEYRING, "no_keyring"},
    {VALETKEY_ERR_NO_BUS, "no_bus"},
    {VALETKEY_ERR_CANCELED, "canceled"},
    {VALETKEY_ERR_RESOURCE, "resource"},
    {VALETKEY_ERR_NETWORK, "network"},
    {VALETKEY_ERR_TIMEOUT, "timeout"},
    {VALETKEY_ERR_NOT_CACHED, "not_cached"},
    {VALETKEY_ERR_THROTTLED, "throttled"},
    {VALETKEY_ERR_HELPER, "helper"},
    {VALETKEY_ERR_DENIED, "denied"},
    {VALETKEY_ERR_NOMEM, "nomem"},
};

#define RESULT_NAMES (sizeof(result_names) / sizeof(*result_names))

void cmd_json_begin(void)
{
	json_wanted = true;
}

static void print_json_failure(int result)
{
	struct buf out = {0};
	size_t i = 0;

	while (i < RESULT_NAMES && result_names[i].result != result)
		i++;
	if (buf_fmt(&out, "{\"error\":{\"result\":%d,\"name\":\"%s\",\"text\":",
		    result,
		    i < RESULT_NAMES ? result_names[i].name : "") == 0 &&
	    text_json_string(&out, last_told.text) == 0 &&
	    buf_str(&out, "}}\n") == 0)
		fputs(out.data, stdout);
	buf_free(&out);
	fflush(stdout);
}

/* ---- the end of a verb ---- */

void cmd_is_told(void)
{
	told = true;
}

int cmd_end(int result)
{
	if (result && !told)
		cmd_fail(result, "%s.", valetkey_strerror(result));
	if (result && json_wanted && !flushed)
		print_json_failure(result);
	return result;
}

void cmd_tell_ignored(void)
{
	struct problem problem = {0};

	if (unusable_environment(&problem))
		cmd_fail(0, "%s", problem.text);
}

int cmd_fail_problem(const struct problem *problem)
{
	return cmd_fail(problem->result, "%s", problem->text);
}

int cmd_fail_untold(int result, const char *text)
{
	return told ? result : cmd_fail(result, "%s", text);
}

/* ---- --debug ---- */

static int64_t debug_began; /* of clock.h; 0: nobody wants to see it */

void cmd_debug_begin(void)
{
	if (!debug_began)
		debug_began = clock_ms();
}

bool cmd_debugs(void)
{
	return debug_began != 0;
}

int cmd_debug_request(struct record *request)
{
	return record_add(request, "debug", debug_began ? "1" : NULL);
}

void cmd_debug(const char *format, ...)
{
	struct problem text;
	va_list args;

	if (!debug_began)
		return;
	va_start(args, format);
	vsnprintf(text.text, sizeof(text.text), format, args);
	va_end(args);
	terminal_say(TERMINAL_FAINT, "debug: %lld ms: %s\n",
		     (long long)(clock_ms() - debug_began), text.text);
}

bool cmd_debug_message(const struct valetkey_message *message)
{
	if (message->type != CALL_MESSAGE_DEBUG)
		return false;
	cmd_debug("%s", message->text);
	return true;
}

void cmd_debug_handle(struct valetkey *handle)
{
	if (debug_began && handle)
		handle_debug(handle);
}

/* ---- standard output ---- */

int cmd_wrap(struct buf *out, unsigned indent, const char *text)
{
	unsigned column = indent;
	int rc = 0;

	while (!rc && *text) {
		size_t len = strcspn(text, " \n");

		if (*text == '\n' ||
		    (column > indent && column + 1 + len > 79)) {
			rc = buf_fmt(out, "\n%*s", (int)indent, "");
			column = indent;
			text += *text == '\n';
			continue;
		}
		if (column > indent) {
			rc = buf_char(out, ' ');
			column++;
		}
		rc = rc || buf_add(out, text, len);
		column += (unsigned)len;
		text += len;
		text += strspn(text, " ");
	}
	return rc || buf_char(out, '\n');
}

int cmd_flush(void)
{
	flushed = true;
	if (fflush(stdout) == 0 && !ferror(stdout))
		return VALETKEY_OK;
	return cmd_fail(VALETKEY_ERR_DENIED,
			"Standard output cannot be written: %s.",
			strerror(errno));
}
