/* SPDX-License-Identifier: MIT */
/*
 * op_add.c - makes an account: takes a client secret into the keyring after one
 * live proof, while the provider's page that showed it once is still open: one
 * token request per typed secret, never repeated by itself. client_from_record()
 * sees to it that it goes only where the provider's data allows.
 */
#include "adding.h"
#include "grant/given_token.h"
#include "grant/registration.h"
#include "ops.h"
#include "grant/proving.h"
#include "recover.h"
#include <valetkey.h>

#include <string.h>

/* A host that has gone was told nothing: there is no account then. */
static int check_host(struct job *job)
{
	return job_host_gone(job)
		   ? problem_set(&job->problem, VALETKEY_ERR_CANCELED,
				 "The command was ended.")
		   : VALETKEY_OK;
}

/* With the refresh token that was given, if one was. */
static int keep_client(struct job *job, const struct client *client,
		       const char *secret)
{
	const char *token = record_get(&job->request, "refresh_token");
	int rc = registration_save(job, client, secret,
				   record_get(&job->answer, "proof"));

	if (!rc && token)
		rc = given_token_keep(job, client, token);
	return rc;
}

static int add_client(struct job *job, const struct client *client,
		      const char *secret)
{
	bool token = record_get(&job->request, "refresh_token") != NULL;
	struct adding adding;
	bool answered, stays = false;
	int rc = adding_begin(job, &adding, recover_adding);

	if (rc)
		return rc;
	rc = prove_client(job, client, secret, &answered);
	if (!rc)
		rc = keep_client(job, client, secret);
	if (!rc)
		rc = check_host(job);
	if (!rc)
		rc = adding_commit(job, &adding, &adding.keys);
	if (!rc && token) {
		rc = given_token_prove(job, client, &stays);
		if (!stays)
			adding_withdraw(&adding);
	}
	adding_finish(job, &adding, stays ? VALETKEY_OK : rc);
	return rc;
}

static int check_given(struct job *job, const struct client *client)
{
	const char *token = record_get(&job->request, "refresh_token");

	if (!token)
		return VALETKEY_OK;
	if (!*token || !text_visible(token, strlen(token)))
		return problem_set(&job->problem, VALETKEY_ERR_ARG,
				   "That is not a refresh token: it must be "
				   "one word.");
	if (client->grant_type == GRANT_TYPE_CLIENT_CREDENTIALS)
		return problem_set(&job->problem, VALETKEY_ERR_ARG,
				   "Nobody logs in to this kind of client, so "
				   "it has no refresh token.");
	return VALETKEY_OK;
}

int op_add(struct job *job)
{
	const char *name = record_get(&job->request, "account");
	const char *secret = record_get(&job->request, "client_secret");
	struct client client = {0};
	int rc = client_from_record(name ? name : "", &job->request, &client,
				    &job->problem);

	client.unsaved = true;
	if (!rc && client_has_secret(&client) && (!secret || !*secret))
		rc =
		    problem_set(&job->problem, VALETKEY_ERR_ARG,
				"This kind of client needs its client secret.");
	if (!rc)
		rc = check_given(job, &client);
	/* The keyring first: a secret is shown once and must not be proven and
	 * then lost. */
	if (!rc)
		rc = job_use_store_of(job, &job->request);
	if (!rc)
		rc = job_store_writable(job);
	if (!rc)
		rc = add_client(job, &client,
				client_has_secret(&client) ? secret : NULL);
	client_free(&client);
	return rc;
}
