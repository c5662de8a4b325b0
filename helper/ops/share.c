/* SPDX-License-Identifier: MIT */
/*
 * share.c - see share.h. The request is copied key by key into an empty one before
 * anything else sees it, so that what is not in the lists below is not there.
 */
#include "share.h"

#include "core/far.h"
#include "core/origin.h"
#include "core/scope.h"
#include "ops.h"
#include <valetkey.h>

#include <string.h>

#define SHARE_KEYS_MAX 8

/* ---- the lists ---- */

static int share_about(struct job *job);

static const struct {
	const char *name;
	int (*run)(struct job *job);
	const char *keys[SHARE_KEYS_MAX];
} share_requests[] = {
    {"get",
     op_get,
     {"account", "scope", "resource", "min_valid_s", "refused", "refused_twice",
      NULL}},
    {"invalidate",
     op_invalidate,
     {"account", "access_token", "resource", NULL}},
    {"about", share_about, {"account", NULL}},
};

#define SHARE_REQUESTS (sizeof(share_requests) / sizeof(*share_requests))

/* Who asks, how long it waits, whether a person is there, and wants to know more:
 * not here. */
static const char *const share_passed_over[] = {
    "op", "timeout_ms", "program", "interactive", "debug", NULL};

static const char *const share_answers[] = {
    "access_token", "expires_at", "expires_in",	 "lifetime",
    "scope",	    "token_type", "invalidated", "provider",
    "name",	    "hosts[]",	  NULL};

static bool share_lists(const char *const *list, const char *key)
{
	while (*list && strcmp(*list, key) != 0)
		list++;
	return *list != NULL;
}

static size_t share_find(const struct record *request)
{
	const char *op = record_get(request, "op");
	size_t i = 0;

	while (i < SHARE_REQUESTS &&
	       (!op || strcmp(share_requests[i].name, op) != 0))
		i++;
	return i;
}

int share_take_request(const struct record *from, struct record *to,
		       struct problem *problem)
{
	size_t which = share_find(from), at = 0;
	const char *key, *value;

	if (which == SHARE_REQUESTS)
		return problem_set(problem, VALETKEY_ERR_DENIED,
				   "Another machine may ask for a token and "
				   "have one invalidated, and for nothing "
				   "else.");
	while ((key = record_each(from, &at, &value))) {
		if (share_lists(share_passed_over, key))
			continue;
		if (!share_lists(share_requests[which].keys, key))
			return problem_set(
			    problem, VALETKEY_ERR_DENIED,
			    "Another machine may ask for the access token as "
			    "it is, and for nothing else: no ID token, no "
			    "other login.");
		if (record_set(to, key, value))
			return problem_no_memory(problem);
	}
	return record_add(to, "op", share_requests[which].name)
		   ? problem_no_memory(problem)
		   : VALETKEY_OK;
}

int share_take_answer(const struct record *from, struct record *to)
{
	const char *key, *value;
	size_t at = 0;

	while ((key = record_each(from, &at, &value)))
		if (share_lists(share_answers, key) &&
		    record_add(to, key, value))
			return VALETKEY_ERR_NOMEM;
	return VALETKEY_OK;
}

/* ---- what of the account is shared ---- */

/* No account, one that is not shared, and one that is of a third machine are the
 * same to whoever asks. */
static int share_read_account(struct job *job, struct record *account)
{
	const char *name = record_get(&job->request, "account");
	char quoted[PROBLEM_QUOTE_MAX];

	if (name && account_read(name, account, NULL) == VALETKEY_OK &&
	    record_is(account, "share", "yes") && !far_socket(account))
		return VALETKEY_OK;
	problem_quote(quoted, name ? name : "");
	return problem_set(&job->problem, VALETKEY_ERR_ACCOUNT,
			   "No account \"%s\" is shared here. Run: valetkey "
			   "share %s",
			   quoted, quoted);
}

/* The next word of a list in `word`; NULL: that was the last. */
static const char *share_next_word(const char *at, struct buf *word, int *rc)
{
	size_t len;

	at += strspn(at, " ");
	len = strcspn(at, " ");
	buf_clear(word);
	if (!len)
		return NULL;
	*rc = buf_add(word, at, len) ? VALETKEY_ERR_NOMEM : VALETKEY_OK;
	return *rc ? NULL : at + len;
}

static int share_check_host(struct job *job, const struct record *account)
{
	const char *at = record_get(account, "share_hosts");
	const char *resource = record_get(&job->request, "resource");
	char origin[ORIGIN_MAX];
	struct buf host = {0};
	bool found = !at || !resource;
	int rc = VALETKEY_OK;

	if (!found && origin_of_resource(resource, origin) == 0)
		while (!found && at && (at = share_next_word(at, &host, &rc)))
			found = origin_is(host.data, origin);
	buf_free(&host);
	if (rc)
		return problem_no_memory(&job->problem);
	return found ? VALETKEY_OK
		     : problem_set(&job->problem, VALETKEY_ERR_RESOURCE,
				   "The account is not shared for this host.");
}

/* A token cannot be made to have less than it has. */
static int share_check_scope(struct job *job, const struct record *account)
{
	const char *shared = record_get(account, "share_scope");
	const char *granted = record_get(&job->answer, "scope");

	if (!shared || !record_get(&job->answer, "access_token") ||
	    (granted && scope_covers(shared, granted)))
		return VALETKEY_OK;
	return problem_set(&job->problem, VALETKEY_ERR_SCOPE,
			   "The login has more scopes than are shared, and its "
			   "token has them all. Log in with fewer, or share "
			   "them.");
}

/* ---- about ---- */

static int share_about(struct job *job)
{
	struct record account = {0};
	struct client client = {0};
	const char *hosts, *host = NULL;
	struct buf word = {0};
	int rc = share_read_account(job, &account);

	if (!rc)
		rc = job_client(job, &client);
	if (rc)
		goto out;
	if (record_add(&job->answer, "provider", client.provider) ||
	    record_add(&job->answer, "name", client.provider_name))
		rc = VALETKEY_ERR_NOMEM;
	hosts = record_get(&account, "share_hosts");
	while (!rc && !hosts && (host = record_next(&account, "hosts[]", host)))
		if (record_add(&job->answer, "hosts[]", host))
			rc = VALETKEY_ERR_NOMEM;
	while (!rc && hosts && (hosts = share_next_word(hosts, &word, &rc)))
		if (record_add(&job->answer, "hosts[]", word.data))
			rc = VALETKEY_ERR_NOMEM;
	if (rc)
		rc = problem_no_memory(&job->problem);
out:
	buf_free(&word);
	client_free(&client);
	record_free(&account);
	return rc;
}

/* ---- the whole ---- */

/* What is said was meant for whoever sits here. */
static int share_explain(struct job *job, int rc)
{
	struct problem own = job->problem;

	return problem_set(&job->problem, rc,
			   "On the machine that keeps this login: %s",
			   *own.text ? own.text : "The request failed.");
}

int share_run(struct job *job)
{
	struct record request = {0}, account = {0}, answer = {0};
	int rc = share_take_request(&job->request, &request, &job->problem);

	if (!rc) {
		record_free(&job->request);
		job->request = request;
		request = (struct record){0};
		rc = share_read_account(job, &account);
	}
	if (!rc)
		rc = share_check_host(job, &account);
	if (!rc)
		rc = share_requests[share_find(&job->request)].run(job);
	if (!rc)
		rc = share_check_scope(job, &account);
	if (!rc && share_take_answer(&job->answer, &answer))
		rc = problem_no_memory(&job->problem);
	record_free(&job->answer);
	job->answer = answer;
	record_free(&request);
	record_free(&account);
	return rc ? share_explain(job, rc) : VALETKEY_OK;
}
