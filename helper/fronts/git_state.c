/* SPDX-License-Identifier: MIT */
/*
 * git_state.c - see git_state.h. libc only; fuzzed.
 */
#include "git_state.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define STAGES_MAX 4
#define STATE "valetkey:"

/* FNV-1a. */
uint32_t git_state_mark(const char *token)
{
	uint32_t mark = 2166136261u;

	for (; *token; token++)
		mark = (mark ^ (unsigned char)*token) * 16777619u;
	return mark ? mark : 1;
}

/* "valetkey:STAGE:SCHEME:MARK:EXPIRY:ACCOUNT", our words of a moment ago. */
static bool take_state(const char *state, struct git_past *past)
{
	char *end;
	long stage, scheme;

	if (strncmp(state, STATE, strlen(STATE)) != 0)
		return false;
	stage = strtol(state + strlen(STATE), &end, 10);
	if (*end != ':' || stage < 1 || stage > STAGES_MAX)
		return false;
	scheme = strtol(end + 1, &end, 10);
	if (*end != ':' || (scheme != GIT_BASIC && scheme != GIT_BEARER))
		return false;
	past->mark = (uint32_t)strtoul(end + 1, &end, 16);
	if (*end != ':')
		return false;
	past->expires_at = strtoll(end + 1, &end, 10);
	if (*end != ':' || past->expires_at < 0)
		return false;
	past->stage = (int)stage;
	past->scheme = (enum git_scheme)scheme;
	past->account = end + 1;
	return true;
}

void git_state_read(const struct record *message, struct git_past *past)
{
	const char *state = NULL;

	*past = (struct git_past){.scheme = GIT_NONE};
	while (!past->refused &&
	       (state = record_next(message, "state[]", state)))
		past->refused = take_state(state, past);
	if (past->refused || record_get(message, "password") ||
	    record_get(message, "credential"))
		return;
	*past = (struct git_past){.scheme = GIT_NONE};
	past->expires_at = record_get_int(message, "password_expiry_utc", 0);
	past->refused = past->expires_at > 0;
	past->stage = past->refused;
	past->scheme = record_get(message, "authtype") ? GIT_BEARER : GIT_BASIC;
}

/* Once more is worth it after a first answer, after another scheme, and where a
 * token had come to its end in a long operation. */
static bool may_repeat(const struct git_past *past, enum git_scheme scheme,
		       int *stage)
{
	bool over = past->expires_at && past->expires_at <= (int64_t)time(NULL);

	*stage = past->refused && !over ? past->stage + 1 : 1;
	return *stage == 1 || (past->scheme != scheme && *stage < STAGES_MAX);
}

int git_state_add(const struct git_past *past, enum git_scheme scheme,
		  const struct valetkey_token *token, struct record *answer)
{
	struct buf state = {0};
	int stage, rc;
	bool repeat = may_repeat(past, scheme, &stage);

	rc = buf_fmt(&state, STATE "%d:%d:%x:%lld:%s",
		     stage > STAGES_MAX ? STAGES_MAX : stage, (int)scheme,
		     git_state_mark(token->access_token),
		     (long long)token->expires_at, token->account) ||
	     record_add(answer, "continue", repeat ? "1" : NULL) ||
	     record_add(answer, "state[]", buf_text(&state));
	buf_free(&state);
	return rc;
}
