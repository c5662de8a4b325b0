/* SPDX-License-Identifier: MIT */
/*
 * login_code.c - what both ways to an authorization code share (RFC 6749 4.1):
 * the request is made ready for a browser, and what came back is judged and
 * redeemed. flow_code.c listens for it, flow_paste.c asks the person.
 */
#include "login.h"
#include "oauth/authorize_answer.h"
#include <valetkey.h>

#include <string.h>

/* RFC 9126, where the provider takes requests beforehand, or wants them so. */
static int push(struct login *login, struct authorization *to)
{
	const struct client *client = login->client;
	struct problem *problem = &login->job->problem;
	const char *secret, *wanted;
	int rc;

	wanted = record_get(&client->config,
			    "require_pushed_authorization_requests");
	if (!authorize_pushes(client))
		return wanted && strcmp(wanted, "true") == 0
			   ? problem_set(
				 problem, VALETKEY_ERR_ARG,
				 "%s wants login requests sent beforehand (RFC "
				 "9126), but the account's file has no "
				 "pushed_authorization_request_endpoint.",
				 client->name)
			   : VALETKEY_OK;
	rc = login_secret(login, &secret);
	return rc ? rc : authorize_push(client, secret, to, problem);
}

/* The server has not taken another port than the one that is registered. */
static int tell_taken(const struct authorization *to, struct problem *problem)
{
	struct problem kept = *problem;

	return problem_set(problem, kept.result,
			   "%s But first: port %u of this computer, which the "
			   "logins of this account come back to, is in use by "
			   "another program, and another port was tried. `ss "
			   "-ltnp` shows which; stop it and log in again.",
			   kept.text, to->port);
}

int login_code_send(struct login *login, struct authorization *to,
		    const char *local_url, const char *text)
{
	struct job *job = login->job;
	struct job_page page = {
	    .local_url = local_url, .text = text, .deadline = job->deadline};
	int rc = push(login, to);

	if (!rc)
		rc = authorize_preflight(login->client, to, &job->problem);
	if (rc == VALETKEY_ERR_DENIED && to->moved)
		rc = tell_taken(to, &job->problem);
	if (!rc && to->moved)
		job_info(job,
			 "Port %u, which the logins of this account come back "
			 "to, is in use by another program: another one is "
			 "tried. If %s refuses that, stop the program that "
			 "`ss -ltnp` shows.",
			 to->port, login->client->name);
	page.url = to->url.data;
	if (!rc && !job_open_url(job, &page))
		rc = login_given_up(login);
	return rc;
}

static int redeem(struct login *login, const struct authorization *to,
		  const char *code, struct record *grant)
{
	struct endpoint_answer answer = {0};
	struct buf params = {0};
	int rc;

	login->scope = to->scope.data;
	login->nonce = to->nonce.len ? to->nonce.data : NULL;
	if (endpoint_param(&params, "grant_type", "authorization_code") ||
	    endpoint_param(&params, "code", code) ||
	    endpoint_param(&params, "redirect_uri", to->redirect_uri.data) ||
	    endpoint_param(&params, "code_verifier", to->verifier.data))
		rc = problem_set(&login->job->problem, VALETKEY_ERR_NOMEM,
				 "Out of memory.");
	else
		rc = login_redeem(login, &params, &answer, grant);
	endpoint_answer_free(&answer);
	buf_free(&params);
	return rc;
}

int login_code_take(struct login *login, const struct authorization *to,
		    const struct listener_answer *answer, struct record *grant)
{
	int rc =
	    authorize_answer_check(login->client, answer, &login->job->problem);

	return rc ? rc : redeem(login, to, answer->code, grant);
}
