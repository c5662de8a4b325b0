/* SPDX-License-Identifier: MIT */
/*
 * op_edit.c - what the keyring has to do with a change of an account's file:
 * whether the client's secret may go where the new file says, and if not, the
 * secret that the person gives for that, proven as by `add`.
 *
 * The command writes the file, afterwards. Until then the keyring has both
 * registrations, and the file says which one counts (registration.h): whatever
 * ends in between, the account is the old one or the new one, and no secret is
 * lost.
 */
#include "grant/grant.h"
#include "grant/registration.h"
#include "ops.h"
#include "grant/proving.h"
#include "store/lock.h"
#include <valetkey.h>

#include <string.h>

/* An edit of one account. */
struct editing {
	struct job *job;
	struct client client; /* as it is to be */
	struct record item;   /* its registration in the keyring */
	bool found;
	bool moved; /* a secret would go elsewhere, or be another client's */
};

static int edit_say(struct editing *editing, const char *key, const char *value)
{
	return record_set(&editing->job->answer, key, value)
		   ? problem_no_memory(&editing->job->problem)
		   : VALETKEY_OK;
}

/* It is still the account that the command has read. */
static int check_same_account(struct editing *editing)
{
	struct client now = {0};
	struct problem *problem = &editing->job->problem;
	int rc = client_load_id(editing->client.account, &now, problem);

	if (!rc && strcmp(now.id, editing->client.id) != 0)
		rc = problem_set(problem, VALETKEY_ERR_ACCOUNT,
				 "Account %s was removed in the meantime.",
				 editing->client.account);
	client_free(&now);
	return rc;
}

/* A secret that is kept would be lost with the next change. */
static int check_no_loss(struct editing *editing)
{
	const struct client *client = &editing->client;

	if (!record_get(&editing->item, "client_secret") ||
	    client_has_secret(client))
		return VALETKEY_OK;
	return problem_set(
	    &editing->job->problem, VALETKEY_ERR_ARG,
	    "Account %s has a client secret, which would be of no use any "
	    "more. Nothing was changed; for a client without one, add an "
	    "account by another name.",
	    client->account);
}

static int replace_registration(struct editing *editing, const char *secret)
{
	struct problem *problem = &editing->job->problem;
	const char *why;
	bool answered;
	int rc =
	    prove_client(editing->job, &editing->client, secret, &answered);

	/* The one that there is may not be shown again. */
	if (!rc && !answered && record_get(&editing->item, "client_secret")) {
		why = record_get(&editing->job->answer, "proof_text");
		rc = problem_set(problem, VALETKEY_ERR_NETWORK,
				 "The new client secret could not be tried: %s "
				 "Nothing was changed.",
				 why);
	}
	if (!rc && job_host_gone(editing->job))
		rc = problem_set(problem, VALETKEY_ERR_CANCELED,
				 "The command was ended.");
	if (!rc)
		rc = registration_replace(
		    editing->job, &editing->client, secret,
		    record_get(&editing->job->answer, "proof"));
	return rc ? rc : edit_say(editing, "secret", "replaced");
}

/* The registration as the new file needs it. */
static int edit_registration(struct editing *editing)
{
	const struct client *client = &editing->client;
	const char *secret =
	    record_get(&editing->job->request, "client_secret");
	bool has_secret = client_has_secret(client);
	bool kept = record_get(&editing->item, "client_secret") != NULL;
	int rc = check_no_loss(editing);

	if (!rc && !has_secret && secret && *secret)
		rc = problem_set(&editing->job->problem, VALETKEY_ERR_ARG,
				 "The client of account %s has no secret. "
				 "Nothing was changed.",
				 client->account);
	if (rc)
		return rc;
	if (has_secret && secret && *secret)
		return replace_registration(editing, secret);
	if (has_secret && (!kept || editing->moved))
		return edit_say(editing, "secret", "needed");
	if (!has_secret && client_credential(client) && editing->moved)
		return replace_registration(editing, NULL);
	rc = edit_say(editing, "secret", has_secret ? "kept" : "none");
	/* What an edit that was ended has left is of no use once the file is
	 * the new one. */
	return rc ? rc : registration_settle(editing->job, client);
}

/* What the next login must be told, if there is anything. */
static int tell_login(struct editing *editing)
{
	struct job *job = editing->job;
	int rc = registration_check(job, &editing->client, false);

	if (rc != VALETKEY_ERR_LOGIN)
		return rc;
	job->problem = (struct problem){0};
	return edit_say(editing, "changed", "1");
}

static int edit_locked(struct editing *editing)
{
	const char *what;
	struct job *job = editing->job;
	int lock = -1;
	int rc = job_lock(job, &editing->client, LOCK_GRANT, &lock);

	if (!rc)
		rc = check_same_account(editing);
	if (!rc)
		rc = registration_load(job, &editing->client, &editing->item,
				       &editing->found);
	editing->moved =
	    !editing->found || !client_pinned(&editing->client, &editing->item,
					      CLIENT_PINS_SECRET, &what);
	if (!rc)
		rc = edit_registration(editing);
	if (!rc && !record_is(&job->answer, "secret", "needed"))
		rc = tell_login(editing);
	lock_drop(&lock);
	return rc;
}

int op_edit(struct job *job)
{
	const char *name = record_get(&job->request, "account");
	struct editing editing = {.job = job};
	int rc = client_from_record(name ? name : "", &job->request,
				    &editing.client, &job->problem);

	if (!rc)
		rc = job_use_store_of(job, &job->request);
	if (!rc)
		rc = job_store_writable(job);
	if (!rc)
		rc = edit_locked(&editing);
	record_free(&editing.item);
	client_free(&editing.client);
	return rc;
}
