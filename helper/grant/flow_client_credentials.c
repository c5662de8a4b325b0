/* SPDX-License-Identifier: MIT */
/*
 * flow_client_credentials.c - a token for the client itself (RFC 6749 4.4):
 * machine to machine, no person, no refresh token, never offline_access.
 */
#include "core/clock.h"
#include "flow.h"
#include "grant.h"
#include "oauth/endpoint.h"
#include "registration.h"
#include <valetkey.h>

#define STORE_LIMIT_MS 30000

int flow_client_credentials(struct job *job, const struct client *client,
			    struct record *grant)
{
	struct endpoint_answer answer = {0};
	struct record item = {0};
	struct buf params = {0};
	struct endpoint_request request = {.client = client, .params = &params};
	int rc = registration_secret(job, client, &item);

	if (rc)
		goto out;
	request.client_secret = record_get(&item, "client_secret");
	rc = VALETKEY_ERR_NOMEM;
	if (endpoint_param(&params, "grant_type", "client_credentials") ||
	    endpoint_param(&params, "scope", client->scope)) {
		problem_set(&job->problem, rc, "Out of memory.");
		goto out;
	}
	rc = endpoint_token(&request, &answer, &job->problem);
	job->provider_asked = true;
	job->retry_after_s = answer.retry_after_s;
	job->provider_reached = answer.status || answer.unknown;
	if (rc)
		goto out;
	rc = grant_from_answer(client,
			       &(struct grant_source){
				   .answer = &answer.fields,
				   .asked_scope = client->scope,
			       },
			       grant);
	if (rc)
		goto out;
	store_set_deadline(job_store(job), deadline_in(STORE_LIMIT_MS));
	rc = grant_save(job, client, grant);
out:
	endpoint_answer_free(&answer);
	buf_free(&params);
	record_free(&item);
	return rc;
}
