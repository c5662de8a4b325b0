/* SPDX-License-Identifier: MIT */
/*
 * front_token.c - the account that a front answers for, and its token. Nothing is
 * told from here: where a failure is shown is the protocol's affair.
 */
#include "front.h"

#include "client/unusable.h"
#include "core/clock.h"
#include "core/kernel.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define GOOD_FOR_S 600
#define MIN_VALID_S 60
#define NEW_MS 10000

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

int front_account_read(const char *name, struct front_account *account,
		       struct problem *problem)
{
	char quoted[PROBLEM_QUOTE_MAX];
	const char *host;
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
	host = record_next(&account->keys, "hosts[]", NULL);
	if (!*account->origin && (!host || origin_of(host, account->origin)))
		return problem_set(problem, VALETKEY_ERR_RESOURCE,
				   "The account %s has no hosts.", name);
	return VALETKEY_OK;
}

int front_account_find(const char *url, const char *pin,
		       struct front_account *account, struct problem *problem)
{
	int rc;

	if (origin_of(url, account->origin) != 0)
		return VALETKEY_ERR_RESOURCE;
	if (!pin)
		pin = cmd_environment("VALETKEY_ACCOUNT");
	if (pin) {
		rc = front_account_read(pin, account, problem);
		return rc || account_has_origin(&account->keys, account->origin)
			   ? rc
			   : VALETKEY_ERR_RESOURCE;
	}
	rc = account_find(account->origin, account->name, &account->keys);
	if (rc == VALETKEY_ERR_ACCOUNT)
		return fail_several(account->origin, problem);
	if (rc && rc != VALETKEY_ERR_RESOURCE)
		problem_set(problem, rc, "%s.", valetkey_strerror(rc));
	return rc;
}

void front_account_free(struct front_account *account)
{
	record_free(&account->keys);
}

/* ---- its token ---- */

uint32_t front_good_for(int64_t lifetime_s)
{
	if (lifetime_s <= 0)
		return MIN_VALID_S;
	if (lifetime_s >= GOOD_FOR_S + 60)
		return GOOD_FOR_S;
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
	if (message->type == VALETKEY_MESSAGE_ERROR)
		problem_set(data, VALETKEY_ERR_DENIED, "%s", message->text);
	return 0;
}

static int ask_for(const struct front_asking *asking,
		   const struct valetkey_request *how,
		   struct front_token *token)
{
	struct valetkey_request request = *how;

	request.size = sizeof(request);
	request.account = asking->account->name;
	request.resource = asking->account->origin;
	valetkey_token_free(token->token);
	return valetkey_get(token->handle, &request, &token->token);
}

static int drop_refused_token(const struct front_asking *asking,
			      struct front_token *token)
{
	const struct valetkey_request cached = {.min_valid_s = 1,
						.flags = VALETKEY_CACHED_ONLY};

	if (issued_just_now(&asking->account->keys) ||
	    ask_for(asking, &cached, token) != VALETKEY_OK)
		return VALETKEY_OK;
	return valetkey_invalidate(token->handle, token->token);
}

/* The lifetime is known once there is a token: then that may be too short. */
static int get_for_long(const struct front_asking *asking,
			struct front_token *token)
{
	const struct record *keys = &asking->account->keys;
	int64_t lifetime = front_lifetime(keys);
	struct valetkey_request request = {.min_valid_s =
					       front_good_for(lifetime)};
	int rc = ask_for(asking, &request, token);

	if (rc || lifetime || !token->token->expires_at ||
	    token->token->expires_at - (int64_t)time(NULL) > GOOD_FOR_S)
		return rc;
	request.min_valid_s = front_good_for(front_lifetime(keys));
	return ask_for(asking, &request, token);
}

int front_token_get(const struct front_asking *asking,
		    struct front_token *token)
{
	const struct valetkey_options options = {.size = sizeof(options),
						 .program = asking->program,
						 .converse = hold_failure,
						 .data = &token->problem};
	const char *name = asking->account->name;
	int rc = valetkey_open(&options, &token->handle);

	if (!rc && asking->refused)
		rc = drop_refused_token(asking, token);
	if (!rc)
		rc = get_for_long(asking, token);
	if (!rc || token->problem.result)
		return rc;
	if (rc == VALETKEY_ERR_LOGIN)
		return problem_set(&token->problem, rc,
				   "%s needs a login. Run: valetkey login %s",
				   name, name);
	return problem_set(&token->problem, rc, "%s: %s.", name,
			   valetkey_strerror(rc));
}

void front_token_close(struct front_token *token)
{
	valetkey_token_free(token->token);
	valetkey_close(token->handle);
}
