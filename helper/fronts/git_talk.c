/* SPDX-License-Identifier: MIT */
/*
 * git_talk.c - whether git's user may be asked something, and how. git runs
 * its helpers in the background as well (fetches of an editor, maintenance), so
 * the first try is always silent.
 */
#include "git.h"

#include "call.h"
#include "command/child.h"
#include "core/clock.h"
#include "core/own_memory.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define SILENT_S 30
#define PERSON_S 300

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

static int call(struct record *request, struct record *answer, bool interactive,
		struct git_talk *talk)
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
	    record_add(request, "interactive", interactive ? "1" : NULL))
		return VALETKEY_ERR_NOMEM;
	return call_helper(&call, answer);
}

int git_call_quietly(struct record *request, struct record *answer)
{
	struct git_talk talk = {.held.result = 0};

	return call(request, answer, false, &talk);
}

int git_call(struct record *request, struct record *answer)
{
	struct git_talk talk = {.talk = {.browser = true}};
	int rc = record_add(request, "program", "git") ? VALETKEY_ERR_NOMEM
						       : VALETKEY_OK;

	own_memory_lock();
	if (!rc)
		rc = call(request, answer, false, &talk);
	if (git_person_helps(rc)) {
		record_free(answer);
		rc = call(request, answer, true, &talk);
	}
	return git_tell_failure(rc, &talk);
}
