/* SPDX-License-Identifier: MIT */
/*
 * git_token.c - git gets an account's token: as a Bearer credential if git and
 * the server know that, else as the password.
 *
 * git keeps what it got for the whole of an operation, which may be a long one:
 * the token is good for ten minutes if the provider gives it that long. And a git
 * that knows `continue` is told to ask again if the server refuses it.
 */
#include "git.h"

#include "core/kernel.h"
#include "front.h"
#include "git_message.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#define CLOCK_SLACK_S 2 /* an expiry is told in whole seconds */

struct asking {
	const struct git_request *request;
	const struct client *client;
	struct valetkey *handle;
	struct git_talk talk;
};

/* ---- how ---- */

static enum git_scheme choose_scheme(const struct git_request *request)
{
	bool basic = false, bearer = false, any = false;
	const char *header = NULL;

	if (request->mail)
		return GIT_BASIC;
	while ((header = record_next(&request->message, "wwwauth[]", header))) {
		struct git_challenge challenge = {.at = header};

		any = true;
		while (git_challenge_next(&challenge)) {
			basic |= strcasecmp(challenge.scheme, "Basic") == 0;
			bearer |= strcasecmp(challenge.scheme, "Bearer") == 0;
		}
	}
	if (request->authtype && (bearer || !any))
		return GIT_BEARER;
	if (basic || !any)
		return GIT_BASIC;
	if (bearer)
		cmd_fail(
		    0,
		    "%s accepts tokens only in a way (Bearer) that this git "
		    "does not know; 2.46 is the first version that does.",
		    request->origin);
	return GIT_NONE;
}

/* Of the account's tokens, in seconds; 0: not known. */
static int64_t token_lifetime(const struct asking *asking)
{
	const struct record *config = &asking->client->config;
	struct record published = {0}, request = {0};
	int64_t lifetime = front_lifetime(config);

	if (!lifetime && !kernel_wanted(config) &&
	    record_add(&request, "op", "get") == 0 &&
	    record_add(&request, "account", asking->client->account) == 0 &&
	    record_add(&request, "resource", asking->request->origin) == 0 &&
	    git_call_quietly(&request, &published) == VALETKEY_OK)
		lifetime = record_get_int(&published, "lifetime", 0);
	record_free(&request);
	record_free(&published);
	return lifetime;
}

/* ---- the token ---- */

static int ask_for_token(const struct asking *asking, uint32_t min_valid_s,
			 uint64_t flags, const struct valetkey_token **token)
{
	const struct valetkey_request request = {
	    .size = sizeof(request),
	    .account = asking->client->account,
	    .resource = asking->request->origin,
	    .min_valid_s = min_valid_s,
	    .flags = flags};

	valetkey_token_free(*token);
	return valetkey_get(asking->handle, &request, token);
}

/* The current one, without a refresh for it: of an account without a cache it is
 * the one that is stored. */
static int ask_for_current(const struct asking *asking,
			   const struct valetkey_token **token)
{
	const struct record *config = &asking->client->config;

	return ask_for_token(
	    asking, 1, kernel_wanted(config) ? VALETKEY_CACHED_ONLY : 0, token);
}

static bool token_is_refused(const struct valetkey_token *token,
			     const struct git_past *past)
{
	return past->mark ? git_state_mark(token->access_token) == past->mark
			  : llabs(token->expires_at - past->expires_at) <=
				CLOCK_SLACK_S;
}

/* The server has refused what we gave: unless somebody has renewed it meanwhile,
 * it is invalidated. Another scheme is another try, not the token's fault. */
static void drop_refused(const struct asking *asking,
			 const struct git_past *past, enum git_scheme scheme)
{
	const struct valetkey_token *token = NULL;

	if (!past->refused || past->scheme != scheme)
		return;
	if (ask_for_current(asking, &token) == VALETKEY_OK &&
	    token_is_refused(token, past))
		valetkey_invalidate(asking->handle, token);
	valetkey_token_free(token);
}

/* The lifetime is known once there is a token: then that may be too short. */
static int get_good(const struct asking *asking, uint64_t flags,
		    const struct valetkey_token **token)
{
	int64_t lifetime = token_lifetime(asking);
	int rc = ask_for_token(asking, front_good_for(lifetime), flags, token);

	if (rc || lifetime || !(*token)->expires_at ||
	    (*token)->expires_at - (int64_t)time(NULL) > FRONT_GOOD_FOR_S)
		return rc;
	lifetime = token_lifetime(asking);
	return ask_for_token(asking, front_good_for(lifetime), flags, token);
}

static int get_token(struct asking *asking, const struct git_past *past,
		     enum git_scheme scheme,
		     const struct valetkey_token **token)
{
	const struct valetkey_options options = {.size = sizeof(options),
						 .program = "git",
						 .converse = git_converse,
						 .data = &asking->talk};
	int rc = valetkey_open(&options, &asking->handle);

	cmd_debug_handle(asking->handle);
	if (rc)
		return git_tell_failure(rc, &asking->talk);
	drop_refused(asking, past, scheme);
	rc = get_good(asking, 0, token);
	if (git_person_helps(rc)) {
		asking->talk.held.result = 0;
		rc = get_good(asking, VALETKEY_INTERACTIVE, token);
	}
	if (!rc && !asking->talk.talk.helped)
		cmd_debug_tier((*token)->account);
	return git_tell_failure(rc, &asking->talk);
}

/* ---- the answer ---- */

/* A mail server wants the name of the mailbox, which git has been told. */
static const char *username_of(const struct git_request *request,
			       const struct client *client)
{
	const char *user = record_get(&request->message, "username");

	if (!request->mail)
		return git_account_username(client);
	return user ? user : client->account;
}

static int make_answer(const struct git_request *request,
		       const struct client *client,
		       const struct valetkey_token *token,
		       enum git_scheme scheme, struct record *answer)
{
	int rc = 0;

	if (request->authtype)
		rc = record_add(answer, "capability[]", "authtype");
	if (!rc && request->state)
		rc = record_add(answer, "capability[]", "state");
	if (!rc && scheme == GIT_BEARER)
		rc = record_add(answer, "authtype", "Bearer") ||
		     record_add(answer, "credential", token->access_token);
	if (!rc && scheme == GIT_BASIC)
		rc = record_add(answer, "username",
				username_of(request, client)) ||
		     record_add(answer, "password", token->access_token);
	if (!rc && request->authtype)
		rc = record_add(answer, "ephemeral", "1");
	if (!rc && token->expires_at)
		rc = record_add_int(answer, "password_expiry_utc",
				    token->expires_at);
	return rc;
}

static int answer_with_token(const struct git_request *request,
			     const struct client *client,
			     const struct git_past *past,
			     enum git_scheme scheme,
			     const struct valetkey_token *token)
{
	struct record answer = {0};
	int rc = make_answer(request, client, token, scheme, &answer);

	if (!rc && request->state)
		rc = git_state_add(past, scheme, token, &answer);
	rc = rc ? VALETKEY_ERR_NOMEM : git_print(&answer);
	record_free(&answer);
	return rc;
}

int git_token_get(const struct git_request *request, struct client *client,
		  const struct git_past *past)
{
	enum git_scheme scheme = choose_scheme(request);
	struct asking asking = {
	    .request = request,
	    .client = client,
	    .talk.talk = {.account = client->account, .browser = true}};
	const struct valetkey_token *token = NULL;
	int rc = VALETKEY_OK;

	if (scheme == GIT_NONE)
		return rc;
	rc = get_token(&asking, past, scheme, &token);
	if (token)
		rc = answer_with_token(request, client, past, scheme, token);
	valetkey_token_free(token);
	valetkey_close(asking.handle);
	return rc;
}

/* ---- erase ---- */

struct erasing {
	const struct git_request *request;
	bool *ours;
};

static int invalidate(const struct git_request *git, const char *account,
		      const char *secret)
{
	struct record request = {0}, answer = {0};
	struct cmd_call call = {.request = &request,
				.answer = &answer,
				.timeout_s = 30,
				.talk = {.account = account}};
	int rc = VALETKEY_ERR_NOMEM;

	if (record_add(&request, "op", "invalidate") == 0 &&
	    record_add(&request, "account", account) == 0 &&
	    record_add(&request, "resource", git->origin) == 0 &&
	    record_add(&request, "access_token", secret) == 0)
		rc = cmd_call(&call);
	record_free(&request);
	record_free(&answer);
	return rc;
}

/* Without a password the pattern means any token. */
static int invalidate_any(const struct git_request *request,
			  const struct client *client)
{
	struct asking asking = {.request = request, .client = client};
	const struct valetkey_token *token = NULL;
	int rc = valetkey_open(NULL, &asking.handle);

	if (!rc && ask_for_current(&asking, &token) == VALETKEY_OK)
		rc = valetkey_invalidate(asking.handle, token);
	valetkey_token_free(token);
	valetkey_close(asking.handle);
	return git_tell_failure(rc, &asking.talk);
}

static int erase_one(const char *name, const struct client *client, void *data)
{
	struct erasing *erasing = data;
	const struct record *message = &erasing->request->message;
	const char *secret = record_get(message, "credential");
	bool named = git_account_may_answer(erasing->request, client);

	*erasing->ours |= named;
	if (!secret)
		secret = record_get(message, "password");
	if (secret)
		return invalidate(erasing->request, name, secret);
	return named ? invalidate_any(erasing->request, client) : VALETKEY_OK;
}

int git_token_erase(const struct git_request *request, bool *ours)
{
	struct erasing erasing = {request, ours};
	struct git_request nameless = *request;

	*ours = false;
	nameless.any_user = true;
	return git_account_each(&nameless, erase_one, &erasing);
}

/* ---- store ---- */

struct storing {
	const struct git_request *request;
	bool *ours;
};

/* What has an expiry is a token in any case, be it one of before. */
static int see_stored(const char *name, const struct client *client, void *data)
{
	const struct storing *storing = data;
	const struct record *message = &storing->request->message;
	struct asking asking = {.request = storing->request, .client = client};
	const struct valetkey_token *token = NULL;
	const char *password = record_get(message, "password");
	int rc;

	(void)name;
	if (record_get(message, "password_expiry_utc"))
		*storing->ours = true;
	if (*storing->ours)
		return VALETKEY_OK;
	rc = valetkey_open(NULL, &asking.handle);
	if (!rc && password && ask_for_current(&asking, &token) == VALETKEY_OK)
		*storing->ours |= strcmp(password, token->access_token) == 0;
	valetkey_token_free(token);
	valetkey_close(asking.handle);
	return rc;
}

int git_token_is_stored(const struct git_request *request, bool *ours)
{
	struct storing storing = {request, ours};
	struct git_request nameless = *request;

	nameless.any_user = true;
	return git_account_each(&nameless, see_stored, &storing);
}
