/* SPDX-License-Identifier: MIT */
/*
 * proving.c - see proving.h: one token request that cannot bring a token, or, of a
 * client that nobody logs in to, one that does.
 */
#include "proving.h"

#include "core/form.h"
#include "crypto/crypto.h"
#include "oauth/authorize.h"
#include "oauth/endpoint.h"
#include <valetkey.h>

#include <stdio.h>
#include <string.h>

#define SOME_PORT 49152 /* of the dynamic ones */

/* A code that no server has given out, with our authentication. */
static int request_with_no_code(const struct client *client, const char *secret,
				struct token_answer *answer,
				struct problem *problem)
{
	struct buf params = {0}, verifier = {0}, redirect = {0};
	const struct endpoint_request request = {
	    .client = client, .client_secret = secret, .params = &params};
	const char *uri = client->redirect_uri;
	int rc;

	if (crypto_random(&verifier) ||
	    (uri && authorize_fill_port(uri, SOME_PORT, &redirect)) ||
	    form_add(&params, "grant_type", "authorization_code") ||
	    form_add(&params, "code", "valetkey-asks-is-the-secret-right") ||
	    form_add(&params, "redirect_uri", redirect.data) ||
	    form_add(&params, "code_verifier", verifier.data))
		rc = problem_no_memory(problem);
	else
		rc = endpoint_token(&request, answer, problem);
	buf_free(&params);
	buf_free(&verifier);
	buf_free(&redirect);
	return rc;
}

static int request_with_credentials(const struct client *client,
				    const char *secret,
				    struct token_answer *answer,
				    struct problem *problem)
{
	struct buf params = {0};
	const struct endpoint_request request = {
	    .client = client, .client_secret = secret, .params = &params};
	int rc;

	if (form_add(&params, "grant_type", "client_credentials") ||
	    form_add(&params, "scope", client->scope))
		rc = problem_no_memory(problem);
	else
		rc = endpoint_token(&request, answer, problem);
	buf_free(&params);
	return rc;
}

static int add_proof(struct job *job, const char *proof, const char *text)
{
	if (record_set(&job->answer, "proof", proof) ||
	    record_set(&job->answer, "proof_text", text))
		return problem_no_memory(&job->problem);
	return VALETKEY_OK;
}

static int prove_accepted(struct job *job, const char *what)
{
	char text[64];

	snprintf(text, sizeof(text), "The provider accepted the %s.", what);
	return add_proof(job, "accepted", text);
}

/* A key file or certificate that cannot be used is not the provider's doing:
 * nothing was sent. */
static bool prove_is_refused(const struct client *client,
			     const struct token_answer *answer,
			     const struct problem *why)
{
	return strcmp(answer->error, "invalid_client") == 0 ||
	       (!client_has_secret(client) && !answer->status &&
		!answer->unknown && why->result == VALETKEY_ERR_DENIED);
}

/* Gitea says unauthorized_client of a wrong secret, too. */
static bool is_bad_code(const struct token_answer *answer)
{
	return strcmp(answer->error, "invalid_grant") == 0 &&
	       strcmp(answer->name, "unauthorized_client") != 0;
}

int prove_client(struct job *job, const struct client *client,
		 const char *secret, bool *answered)
{
	const char *what = client_credential(client);
	bool machine = client->grant_type == GRANT_TYPE_CLIENT_CREDENTIALS;
	struct token_answer answer = {0};
	struct problem why = {0};
	int rc;

	*answered = true;
	if (!what)
		return add_proof(job, "none", "This client has no secret.");
	rc = machine ? request_with_credentials(client, secret, &answer, &why)
		     : request_with_no_code(client, secret, &answer, &why);
	*answered = answer.status != 0;
	if (prove_is_refused(client, &answer, &why)) {
		rc = problem_set(&job->problem, VALETKEY_ERR_DENIED, "%s",
				 why.text);
	} else if (machine ? rc == VALETKEY_OK : is_bad_code(&answer)) {
		rc = prove_accepted(job, what);
	} else {
		rc = add_proof(job, "unproven",
			       *why.text
				   ? why.text
				   : "The provider gave a token for a code "
				     "that cannot exist.");
	}
	token_answer_free(&answer);
	return rc;
}
