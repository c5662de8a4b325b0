/* SPDX-License-Identifier: MIT */
/*
 * front_token.c - the account that a front answers for, and its token. Nothing is
 * told from here: where a failure is shown is the protocol's affair.
 */
#include "front.h"

#include "call.h"
#include "client/unusable.h"
#include "core/channel.h"
#include "core/clock.h"
#include "core/kernel.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define NEW_MS 10000
#define NEWER_MS 30000 /* for a new token that there need not be */

/* ---- which account ---- */

struct front_names {
	const char *origin;
	struct buf list;
};

static int add_front_name(const char *name, void *data)
{
	struct front_names *names = data;
	struct record keys = {0};
	int rc = VALETKEY_OK;

	if (account_read(name, &keys, NULL) == VALETKEY_OK &&
	    account_has_origin(&keys, names->origin) &&
	    ((names->list.len && buf_str(&names->list, ", ")) ||
	     buf_str(&names->list, name)))
		rc = VALETKEY_ERR_NOMEM;
	record_free(&keys);
	return rc;
}

/* Several have it, or nobody can look. */
static int fail_several(const char *origin, struct problem *problem)
{
	struct front_names names = {.origin = origin};
	char quoted[PROBLEM_QUOTE_MAX];

	if (unusable_folder(NULL, problem))
		return problem->result;
	account_each(add_front_name, &names);
	problem_set(problem, VALETKEY_ERR_ACCOUNT,
		    "Several accounts have the host %s: %s. Set "
		    "VALETKEY_ACCOUNT to one of them.",
		    origin, problem_quote(quoted, buf_text(&names.list)));
	buf_free(&names.list);
	return problem->result;
}

struct front_account {
	char name[ACCOUNT_NAME_MAX + 1];
	struct record keys; /* of its file */
};

static int read_named(const char *name, struct front_account *account,
		      struct problem *problem)
{
	char quoted[PROBLEM_QUOTE_MAX];
	int rc = account_read(name, &account->keys, NULL);

	if (rc == VALETKEY_ERR_ACCOUNT && account_name_ok(name) &&
	    unusable_account(name, problem))
		return problem->result;
	if (rc == VALETKEY_ERR_ACCOUNT)
		return problem_set(problem, rc,
				   "There is no account \"%s\". See: valetkey "
				   "status",
				   problem_quote(quoted, name));
	if (rc)
		return problem_set(problem, rc,
				   "The file of account %s cannot be read. "
				   "See: valetkey status %s",
				   name, name);
	strcpy(account->name, name);
	return VALETKEY_OK;
}

static int find_front_account(const char *name, const char *origin,
			      struct front_account *account,
			      struct problem *problem)
{
	int rc;

	if (name) {
		rc = read_named(name, account, problem);
		return rc || !*origin ||
			       account_has_origin(&account->keys, origin)
			   ? rc
			   : VALETKEY_ERR_RESOURCE;
	}
	rc = account_find(origin, account->name, &account->keys);
	if (rc == VALETKEY_ERR_ACCOUNT)
		return fail_several(origin, problem);
	if (rc && rc != VALETKEY_ERR_RESOURCE)
		problem_set(problem, rc, "%s.", valetkey_strerror(rc));
	return rc;
}

/* ---- its token ---- */

uint32_t front_good_for(int64_t lifetime_s)
{
	if (lifetime_s <= 0)
		return MIN_VALID_S;
	if (lifetime_s >= FRONT_GOOD_FOR_S + 60)
		return FRONT_GOOD_FOR_S;
	return (uint32_t)(lifetime_s < 2 ? 1 : lifetime_s / 2);
}

int64_t front_lifetime(const struct record *keys)
{
	struct record published = {0};
	int64_t ms = 0;

	if (kernel_read(keys, &published))
		ms = record_get_int(&published, "good_until", 0) -
		     record_get_int(&published, "issued", 0);
	record_free(&published);
	return ms / 1000;
}

/*
 * Several requests of one program are refused at once: the first of them brings a
 * new token, which must not be taken for the old one by the others.
 */
static bool issued_just_now(const struct record *keys)
{
	struct record published = {0};
	bool now =
	    kernel_read(keys, &published) &&
	    clock_ms() - record_get_int(&published, "issued", 0) < NEW_MS;

	record_free(&published);
	return now;
}

static int hold_failure(const struct valetkey_message *message, char *reply,
			size_t reply_size, void *data)
{
	(void)reply, (void)reply_size;
	if (cmd_debug_message(message))
		return 0;
	if (message->type == VALETKEY_MESSAGE_ERROR)
		problem_set(data, VALETKEY_ERR_DENIED, "%s", message->text);
	return 0;
}

/* One try, for the account or, if that is NULL, for whoever has the origin. */
static int ask_for(const char *account, const struct valetkey_request *how,
		   struct front_token *token)
{
	struct valetkey_request request = *how;

	request.size = sizeof(request);
	request.account = account;
	request.resource = *token->origin ? token->origin : NULL;
	valetkey_token_free(token->token);
	token->token = NULL;
	return valetkey_get(token->handle, &request, &token->token);
}

/* Of an account without a cache it is the one that is stored. */
static int drop_refused_token(const struct front_account *account,
			      struct front_token *token)
{
	const struct record *keys = &account->keys;
	const struct valetkey_request current = {
	    .min_valid_s = 1,
	    .flags = kernel_wanted(keys) ? VALETKEY_CACHED_ONLY : 0};

	if (issued_just_now(keys) ||
	    ask_for(account->name, &current, token) != VALETKEY_OK)
		return VALETKEY_OK;
	return valetkey_invalidate(token->handle, token->token);
}

/* It is not told of a failure: then the token that there is must do. */
static void replace_old_token(const struct front_account *account,
			      const struct front_token *token)
{
	struct record request = {0}, answer = {0};
	struct problem untold = {0};
	const struct call call = {.request = &request,
				  .deadline = deadline_in(NEWER_MS),
				  .converse = hold_failure,
				  .data = &untold};

	if (record_add(&request, "op", "get") == 0 &&
	    record_add(&request, "new", "1") == 0 &&
	    record_add(&request, "account", account->name) == 0 &&
	    record_add(&request, "resource",
		       *token->origin ? token->origin : NULL) == 0 &&
	    record_add_int(&request, "timeout_ms", NEWER_MS) == 0 &&
	    cmd_debug_request(&request) == 0)
		call_helper(&call, &answer);
	record_free(&request);
	record_free(&answer);
}

/* The lifetime is known once there is a token: then that may be too short. */
static int get_for_long(const struct front_account *account,
			struct front_token *token)
{
	int64_t lifetime = front_lifetime(&account->keys);
	struct valetkey_request request = {.min_valid_s =
					       front_good_for(lifetime)};
	int rc = ask_for(account->name, &request, token);

	if (rc || lifetime || !token->token->expires_at ||
	    token->token->expires_at - (int64_t)time(NULL) > FRONT_GOOD_FOR_S)
		return rc;
	request.min_valid_s = front_good_for(front_lifetime(&account->keys));
	return ask_for(account->name, &request, token);
}

static int get_of_account(const struct front_account *account,
			  enum front_refusal refused, struct front_token *token)
{
	int rc = VALETKEY_OK;

	if (refused == FRONT_REFUSED)
		rc = drop_refused_token(account, token);
	else if (refused == FRONT_PERHAPS_REFUSED)
		replace_old_token(account, token);
	if (!rc)
		rc = get_for_long(account, token);
	if (!rc)
		return rc;
	if (token->problem.result)
		return token->problem.result = rc;
	if (rc == VALETKEY_ERR_LOGIN)
		return problem_set(&token->problem, rc,
				   "%s needs a login. Run: valetkey login %s",
				   account->name, account->name);
	return problem_set(&token->problem, rc, "%s: %s.", account->name,
			   valetkey_strerror(rc));
}

/* The usual case, which a cache answers, looks at each file once. */
int front_token_get(const struct front_asking *asking,
		    struct front_token *token)
{
	const struct valetkey_options options = {.size = sizeof(options),
						 .program = asking->program,
						 .converse = hold_failure,
						 .data = &token->problem};
	const struct valetkey_request cached = {.min_valid_s = FRONT_GOOD_FOR_S,
						.flags = VALETKEY_CACHED_ONLY};
	const char *name = asking->account
			       ? asking->account
			       : cmd_environment("VALETKEY_ACCOUNT");
	struct front_account account = {.name = ""};
	int rc;

	if (asking->url && origin_of(asking->url, token->origin) != 0)
		return VALETKEY_ERR_RESOURCE;
	rc = valetkey_open(&options, &token->handle);
	cmd_debug_handle(token->handle);
	if (rc)
		return problem_set(&token->problem, rc, "%s.",
				   valetkey_strerror(rc));
	if (!asking->refused && ask_for(name, &cached, token) == VALETKEY_OK) {
		cmd_debug_tier(token->token->account);
		return VALETKEY_OK;
	}
	rc = find_front_account(name, token->origin, &account, &token->problem);
	if (rc)
		cmd_tell_ignored(); /* which may be why */
	else
		rc = get_of_account(&account, asking->refused, token);
	record_free(&account.keys);
	return rc;
}

void front_token_close(struct front_token *token)
{
	valetkey_token_free(token->token);
	valetkey_close(token->handle);
	*token = (struct front_token){.handle = NULL};
}
