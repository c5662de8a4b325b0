/* SPDX-License-Identifier: MIT */
/*
 * op_get.c - a valid access token: the keyring's if it is good, else a new one,
 * got under the account's lock after one more look, so that many callers at the
 * moment of expiry cost one request. And `invalidate`, which makes the next get
 * take a new one.
 */
#include "core/channel.h"
#include "core/clock.h"
#include "core/kernel.h"
#include "core/scope.h"
#include "grant/refresh.h"
#include "grant/grant.h"
#include "grant/refused_tokens.h"
#include "grant/registration.h"
#include "login/login.h"
#include "ops.h"
#include "store/lock.h"
#include "store/account_state.h"
#include <valetkey.h>

#include <string.h>

#define REFUSED_TWICE_MS 5000
#define NEW_MS 60000

struct want {
	int64_t min_valid_s;
	const char *scope;
	const char *refused; /* by a server, or NULL */
	bool twice;	     /* also when the provider had issued it again */
	bool new;	     /* a minute old at most */
	bool id_token;	     /* instead of the access token */
};

static int64_t get_good_for(const struct grant *grant, const struct want *want)
{
	return want->id_token ? grant_id_token_good_for(grant)
			      : grant_good_for(grant);
}

static bool get_is_refused(const struct grant *grant, const struct want *want)
{
	return text_same(want->refused, want->id_token ? grant->id_token
						       : grant->access_token);
}

/* Whether what the grant was issued with is the token that is wanted: an ID
 * token may be of an earlier refresh. */
static bool get_is_issued(const struct grant *grant, const struct want *want)
{
	return !want->id_token || !grant->id_token_missed;
}

static bool get_is_young(const struct grant *grant)
{
	int64_t age = clock_ms() - grant_issued_clock(grant);

	return age >= 0 && age < NEW_MS;
}

/* Good for as long as was asked, or issued since: no provider gives more. The
 * refused one is, if it is issued again; and whether it would be is not found
 * out with every call. */
static bool get_is_good(const struct job *job, const struct grant *grant,
			const struct want *want)
{
	int64_t good_for = get_good_for(grant, want);
	int64_t issued = grant_issued_clock(grant);
	int64_t min_valid_s = want->min_valid_s;

	/* Another machine has no refresh by asking for more. */
	if (job->shared && min_valid_s > grant_lifetime_s(grant) / 2)
		min_valid_s = grant_lifetime_s(grant) / 2;
	if (get_is_refused(grant, want) && want->twice)
		return good_for > 0 && issued >= job->began - REFUSED_TWICE_MS;
	if (want->new && !get_is_refused(grant, want))
		return good_for > 0 && get_is_young(grant) &&
		       get_is_issued(grant, want);
	if (good_for > min_valid_s && !get_is_refused(grant, want))
		return true;
	return good_for > 0 && issued >= job->began &&
	       get_is_issued(grant, want);
}

static bool uses_code(const struct client *client)
{
	return client->grant_type != GRANT_TYPE_CLIENT_CREDENTIALS;
}

/* ---- ID tokens ---- */

static bool asks_for_openid(const struct client *client,
			    const struct grant *grant)
{
	return scope_covers(client->scope, "openid") ||
	       scope_covers(grant->scope, "openid");
}

static int no_new_id_token(struct job *job, const struct client *client)
{
	return problem_set(
	    &job->problem, VALETKEY_ERR_LOGIN,
	    "%s gave no ID token with the last refresh of account %s, and the "
	    "one before it cannot be used any more. Another login brings one: "
	    "valetkey login %s",
	    client->provider_name, client->account, client->account);
}

/* Whether a refresh may bring an ID token that does. Who has not brought one with
 * the last refresh is not asked before the access token must be refreshed too. */
static int check_id_token_may_come(struct job *job, const struct client *client,
				   const struct want *want,
				   const struct grant *grant)
{
	const char *account = client->account;

	if (!uses_code(client))
		return problem_set(&job->problem, VALETKEY_ERR_SCOPE,
				   "Nobody logs in to account %s, so it has no "
				   "ID token, which tells who logged in.",
				   account);
	if (!asks_for_openid(client, grant))
		return problem_set(
		    &job->problem, VALETKEY_ERR_SCOPE,
		    "Account %s has no ID token, because it does not ask for "
		    "the scope openid. Run: valetkey login %s --add-scope "
		    "openid",
		    account, account);
	if (!client->issuer)
		return problem_set(
		    &job->problem, VALETKEY_ERR_SCOPE,
		    "An ID token of account %s cannot be checked, because its "
		    "issuer is not known. Write 'issuer=URL' into the "
		    "account's file, then run: valetkey login %s",
		    account, account);
	if (grant->id_token_missed &&
	    (want->new ? get_is_young(grant)
		       : grant_good_for(grant) > MIN_VALID_S))
		return no_new_id_token(job, client);
	return VALETKEY_OK;
}

/* ---- the token ---- */

/* Asks the provider, unless it failed just now. */
static int ask_provider(struct job *job, const struct client *client, int lock,
			struct grant *grant)
{
	int rc = backoff_check(lock, &job->problem);

	if (rc)
		return rc;
	if (uses_code(client)) {
		rc = refresh_grant(job, client, lock, grant);
	} else {
		grant_free(grant);
		rc = refresh_by_credentials(job, client, grant);
	}
	if (job->provider_asked) /* not a keyring that hangs before that */
		job_note(job, lock, rc);
	generation_note(client, lock, grant->generation, grant->refresh_token);
	return rc;
}

/* Under the lock: looks again, and asks the provider if it must. */
static int get_renew(struct job *job, const struct client *client, int lock,
		     const struct want *want, struct grant *grant)
{
	bool found;
	int rc;

	grant_free(grant);
	rc = client_check(client, &job->problem);
	if (!rc && uses_code(client))
		rc = login_take_parked(job, client, lock);
	if (!rc)
		rc = grant_load(job, client, grant, &found);
	if (rc)
		return rc;
	if (found && get_is_good(job, grant, want)) {
		grant_publish(client, grant);
		return VALETKEY_OK;
	}
	if (!found && uses_code(client))
		return grant_missing(job, client);
	if (want->id_token)
		rc = check_id_token_may_come(job, client, want, grant);
	if (rc)
		return rc;
	if (!found) /* no grant's pins to compare: the registration's */
		rc = registration_check(job, client, false);
	if (!rc)
		rc = refused_tokens_check(lock,
					  record_get(&job->request, "resource"),
					  client, &job->problem);
	if (!rc && job->shared && found && get_is_refused(grant, want))
		rc = refused_tokens_shared(lock, client, &job->problem);
	return rc ? rc : ask_provider(job, client, lock, grant);
}

static int obtain(struct job *job, const struct client *client,
		  const struct want *want, struct grant *grant)
{
	int64_t began;
	int rc, lock;

	/* Usually a process that waits for the lock has not opened the keyring
	 * yet. But a person must not be asked to unlock it under the lock, and
	 * without the kernel's tier a good token must not wait for a refresh.
	 */
	if (job->interactive || want->id_token ||
	    !kernel_wanted(&client->config)) {
		bool found;

		rc = grant_load(job, client, grant, &found);
		if (rc || (found && get_is_good(job, grant, want)))
			return rc;
	}
	began = clock_ms();
	rc = job_lock(job, client, LOCK_GRANT, &lock);
	job_debug(job, "Waited for the account's lock: %lld ms.",
		  (long long)(clock_ms() - began));
	if (!rc && (want->id_token || !grant_published(client, grant) ||
		    !get_is_good(job, grant, want)))
		rc = get_renew(job, client, lock, want, grant);
	else if (!rc)
		job_debug(job, "The kernel's keyring has a good token by now.");
	lock_drop(&lock);
	return rc;
}

static int get_login(struct job *job, const struct client *client,
		     const struct want *want, struct grant *grant)
{
	const struct login_options options = {.accept_other = true,
					      .scope = want->scope};

	grant_free(grant);
	return login_run(job, client, &options, grant);
}

static int check_refused(struct job *job, const struct client *client,
			 const struct want *want, const struct grant *grant)
{
	if (!want->twice || !get_is_refused(grant, want))
		return VALETKEY_OK;
	return problem_set(&job->problem, VALETKEY_ERR_DENIED,
			   "The provider issues the same access token again "
			   "and again for account %s, though a server refuses "
			   "it. Wait until it has expired, or run: valetkey "
			   "login %s",
			   client->account, client->account);
}

/* After a refresh that has brought none. */
static int check_id_token(struct job *job, const struct client *client,
			  const struct want *want, const struct grant *grant)
{
	int rc;

	if (!want->id_token || get_is_good(job, grant, want))
		return VALETKEY_OK;
	rc = check_id_token_may_come(job, client, want, grant);
	return rc ? rc : no_new_id_token(job, client);
}

static int check_scope(struct job *job, const struct client *client,
		       const struct want *want, const struct grant *grant)
{
	char quoted[PROBLEM_QUOTE_MAX];

	if (grant_has_scope(grant, want->scope))
		return VALETKEY_OK;
	problem_quote(quoted, want->scope);
	if (scope_covers(client->scope, want->scope))
		return problem_set(
		    &job->problem, VALETKEY_ERR_SCOPE,
		    "Account %s did not get all of the scopes \"%s\" at the "
		    "last login, or %s calls them by other names (see "
		    "'valetkey status'). Tick them at the provider, then run: "
		    "valetkey login %s",
		    client->account, quoted, client->provider_name,
		    client->account);
	if (!uses_code(client) &&
	    client->grant_type == GRANT_TYPE_CLIENT_CREDENTIALS)
		return problem_set(&job->problem, VALETKEY_ERR_SCOPE,
				   "The token of account %s does not have all "
				   "of the scopes \"%s\". To ask for others, "
				   "run: valetkey edit %s --scope SCOPES",
				   client->account, quoted, client->account);
	return problem_set(&job->problem, VALETKEY_ERR_SCOPE,
			   "The grant of account %s does not have all of the "
			   "scopes \"%s\". To log in with them as well, run: "
			   "valetkey login %s --add-scope SCOPES",
			   client->account, quoted, client->account);
}

/* Whether what was obtained is what was wanted. */
static int check_obtained(struct job *job, const struct client *client,
			  const struct want *want, const struct grant *grant)
{
	int rc = check_refused(job, client, want, grant);

	if (!rc)
		rc = check_id_token(job, client, want, grant);
	return rc ? rc : check_scope(job, client, want, grant);
}

/* Who asked for a new token sees the same one again, and must not take that for an
 * answer of the provider. */
static void tell_age(struct job *job, const struct client *client,
		     const struct grant *grant)
{
	int64_t issued = grant_issued_clock(grant);

	if (issued < job->began)
		job_info(
		    job,
		    "This is the token that account %s got %lld s ago: "
		    "there is at most one new token a minute, and the next "
		    "one in %lld s.",
		    client->account, (long long)(job->began - issued) / 1000,
		    (long long)(issued + NEW_MS - job->began + 999) / 1000);
}

/* Whether a login at once brings what was missing: not what the account does not
 * ask for, and not for an MCP server, whose scopes a person agrees to before. */
static bool login_helps(const struct client *client, const struct want *want,
			int rc)
{
	if (!uses_code(client))
		return false;
	return rc == VALETKEY_ERR_LOGIN ||
	       (rc == VALETKEY_ERR_SCOPE && want->scope && !want->id_token &&
		!record_get(&client->config, "mcp"));
}

int op_get(struct job *job)
{
	const struct want want = {
	    .min_valid_s =
		record_get_int(&job->request, "min_valid_s", MIN_VALID_S),
	    .scope = record_get(&job->request, "scope"),
	    .refused = record_get(&job->request, "refused"),
	    .twice = record_get(&job->request, "refused_twice") != NULL,
	    .new = record_get(&job->request, "new") != NULL,
	    .id_token = record_get(&job->request, "id_token") != NULL,
	};
	struct client client = {0};
	struct grant grant = {0};
	int rc = job_client(job, &client);

	if (!rc)
		rc = obtain(job, &client, &want, &grant);
	if (!rc)
		rc = check_obtained(job, &client, &want, &grant);
	if (job->interactive && login_helps(&client, &want, rc)) {
		rc = get_login(job, &client, &want, &grant);
		if (!rc)
			rc = check_obtained(job, &client, &want, &grant);
	}
	if (!rc && want.new)
		tell_age(job, &client, &grant);
	if (!rc)
		rc = want.id_token ? grant_answer_id_token(job, &grant)
				   : grant_answer(job, &grant);
	grant_free(&grant);
	client_free(&client);
	return rc;
}

/* Whether more than a fifth of its life is left. */
static bool get_fresh(const struct grant *grant)
{
	return grant_good_for(grant) * 5 > grant_lifetime_s(grant);
}

int op_renew(struct job *job)
{
	struct client client = {0};
	struct grant grant = {0};
	bool found;
	int lock = -1;
	int rc = job_client(job, &client);

	if (!rc)
		rc = lock_take(client.id, LOCK_GRANT, clock_ms(), &lock,
			       &job->problem);
	if (!rc)
		rc = job_follow(job, &client);
	if (!rc)
		rc = grant_load(job, &client, &grant, &found);
	if (!rc && found && !get_fresh(&grant))
		rc = ask_provider(job, &client, lock, &grant);
	lock_drop(&lock);
	grant_free(&grant);
	client_free(&client);
	return rc;
}

/* Whether it is one of the grant's tokens, which is not good any more then. The
 * ID token stays: what a refresh brings is compared with it. */
static bool end_current(struct grant *grant, const char *token)
{
	if (text_same(grant->access_token, token)) {
		grant_set(&grant->access_token, NULL);
		return true;
	}
	if (!text_same(grant->id_token, token) || !grant->id_token_expires_in)
		return false;
	grant->id_token_expires_in = 0;
	return true;
}

/* Takes the token out of the keyring if it is still the current one; what was
 * published goes in any case, because a publication may have failed since. */
static int forget_token(struct job *job, const struct client *client, int lock,
			const char *token)
{
	struct grant grant = {0};
	bool found, current;
	int rc = grant_load(job, client, &grant, &found);

	current = !rc &&
		  !generation_is_another(client, lock, grant.generation,
					 grant.refresh_token) &&
		  end_current(&grant, token);
	if (current && job->shared)
		rc = refused_tokens_shared(lock, client, &job->problem);
	/* Another machine takes nothing from here beyond its two a minute. */
	if (!rc || !job->shared)
		kernel_withdraw(&client->config, token);
	/* Theirs are counted for themselves, and block nobody here. */
	if (!rc && current && !job->shared)
		refused_tokens_note(lock, record_get(&job->request, "resource"),
				    &grant);
	if (!rc && current)
		rc = grant_save(job, client, &grant);
	if (!rc && record_add_int(&job->answer, "invalidated", current))
		rc = problem_no_memory(&job->problem);
	grant_free(&grant);
	return rc;
}

int op_invalidate(struct job *job)
{
	const char *token = record_get(&job->request, "access_token");
	struct client client = {0};
	int lock = -1;
	int rc = job_client(job, &client);

	if (!rc)
		rc = job_lock(job, &client, LOCK_GRANT, &lock);
	if (!rc && token)
		rc = forget_token(job, &client, lock, token);
	else if (!rc)
		rc = problem_set(&job->problem, VALETKEY_ERR_ARG,
				 "The request names no token.");
	lock_drop(&lock);
	client_free(&client);
	return rc;
}
