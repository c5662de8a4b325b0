/* SPDX-License-Identifier: MIT */
/*
 * op_login.c - a new grant, whatever there is already: through the browser, or
 * for a machine-to-machine client by asking for a token.
 */
#include "grant/refresh.h"
#include "login/login.h"
#include "grant/grant.h"
#include "grant/refused_tokens.h"
#include "grant/registration.h"
#include "ops.h"
#include "store/lock.h"
#include <valetkey.h>

#include <string.h>

static int machine_login(struct job *job, const struct client *client,
			 bool accept_change, struct grant *grant)
{
	int lock;
	int rc = job_lock(job, client, LOCK_GRANT, &lock);

	if (!rc)
		rc = client_check(client, &job->problem);
	if (!rc)
		rc = registration_check(job, client, accept_change);
	if (!rc)
		rc = refresh_by_credentials(job, client, grant);
	if (!rc)
		rc = registration_adopt(job, client);
	if (!rc)
		refused_tokens_forget(lock);
	lock_drop(&lock);
	return rc;
}

static int login_answer(struct job *job, const struct client *client,
			const struct grant *grant)
{
	bool machine = client->grant_type == GRANT_TYPE_CLIENT_CREDENTIALS;
	bool refresh = grant->refresh_token != NULL;
	bool never = grant->lifetime == GRANT_NEVER_EXPIRES;
	struct buf lacking = {0};
	int rc = grant_scope_lacks(client, grant, &lacking) ||
		 (lacking.len &&
		  record_add(&job->answer, "not_granted", lacking.data));

	buf_free(&lacking);
	if (rc || record_add(&job->answer, "scope", grant->scope) ||
	    record_add(&job->answer, "identity", grant->identity) ||
	    (!never && record_add_int(&job->answer, "expires_in",
				      grant_good_for(grant))) ||
	    (!machine &&
	     record_add_int(&job->answer, "refresh_token", refresh)))
		return problem_no_memory(&job->problem);
	return VALETKEY_OK;
}

int op_login(struct job *job)
{
	const struct login_options options = {
	    .accept_change = record_get(&job->request, "accept_change") != NULL,
	    .flow = record_get(&job->request, "flow"),
	    .scope = record_get(&job->request, "scope"),
	};
	struct client client = {0};
	struct grant grant = {0};
	int rc = job_client(job, &client);

	if (!rc && client.grant_type == GRANT_TYPE_CLIENT_CREDENTIALS)
		rc = machine_login(job, &client, options.accept_change, &grant);
	else if (!rc && !job->interactive)
		rc = problem_set(&job->problem, VALETKEY_ERR_LOGIN,
				 "A login needs a person.");
	else if (!rc)
		rc = login_run(job, &client, &options, &grant);
	if (!rc)
		rc = login_answer(job, &client, &grant);
	grant_free(&grant);
	client_free(&client);
	return rc;
}
