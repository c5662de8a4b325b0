/* SPDX-License-Identifier: MIT */
/*
 * flow_code.c - a login: the authorization code grant (RFC 6749 4.1) with PKCE
 * (RFC 7636), through the person's own browser and a loopback redirect
 * (RFC 8252). The port is open only while we wait, and the browser's last page
 * says how it really ended: after the code was redeemed and the grant stored.
 */
#include "authorize.h"
#include "authorize_answer.h"
#include "clock.h"
#include "endpoint.h"
#include "login.h"
#include "net.h"
#include "valetkey.h"

#include <poll.h>
#include <string.h>

#define TICK_MS 1000

/* A login that waits for the browser. */
struct visit {
	struct login *login;
	const struct net *net;
	struct listener *listener;
	struct authorization authorization;
	struct listener_answer answer;
};

static int start_listening(struct visit *visit)
{
	const struct client *client = visit->login->client;
	const struct authorization *to = &visit->authorization;
	const struct listener_options options = {
	    .host = to->host.data,
	    .port = to->port,
	    .path = buf_text(&to->path),
	    .state = to->state.data,
	    .provider = client->name,
	    .account = client->account,
	    .form_post = to->form_post,
	};
	struct problem *problem = &visit->login->job->problem;
	uint16_t port;
	int rc;

	visit->net = net_load(problem);
	if (!visit->net)
		return problem->result;
	rc = visit->net->listener_open(&options, &visit->listener, &port,
				       problem);
	if (!rc)
		rc =
		    authorize_url(client, port, &visit->authorization, problem);
	return rc;
}

/* Until the browser comes back with our state, the person gives up, or the
 * time is over. */
static int wait_for_browser(struct visit *visit)
{
	struct job *job = visit->login->job;
	struct pollfd fds[] = {
	    {.fd = visit->net->listener_fd(visit->listener), .events = POLLIN},
	    {.fd = job->host->fd, .events = POLLRDHUP},
	};

	while (clock_ms() < job->deadline) {
		poll(fds, 2, TICK_MS);
		if (visit->net->listener_run(visit->listener, &visit->answer))
			return VALETKEY_OK;
		if (job_host_gone(job) ||
		    !job_wait(job, "Waiting for the browser", job->deadline))
			return login_given_up(visit->login);
	}
	return login_too_late(visit->login);
}

static int redeem(struct visit *visit, struct record *grant)
{
	const struct authorization *to = &visit->authorization;
	struct login *login = visit->login;
	struct endpoint_answer answer = {0};
	struct buf params = {0};
	int rc;

	login->scope = to->scope.data;
	login->nonce = to->nonce.len ? to->nonce.data : NULL;
	if (endpoint_param(&params, "grant_type", "authorization_code") ||
	    endpoint_param(&params, "code", visit->answer.code) ||
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

/* RFC 9126, where the provider takes requests beforehand, or wants them so. */
static int push(struct visit *visit)
{
	const struct client *client = visit->login->client;
	struct problem *problem = &visit->login->job->problem;
	const char *secret, *wanted;
	int rc;

	wanted = record_get(&client->config,
			    "require_pushed_authorization_requests");
	if (!authorize_pushes(client))
		return wanted && strcmp(wanted, "true") == 0
			   ? problem_set(
				 problem, VALETKEY_ERR_ARG,
				 "%s wants login requests beforehand "
				 "(RFC 9126), and the account's file "
				 "has no "
				 "pushed_authorization_request_endpoint.",
				 client->name)
			   : VALETKEY_OK;
	rc = login_secret(visit->login, &secret);
	return rc ? rc
		  : authorize_push(client, secret, &visit->authorization,
				   problem);
}

static int send_to_browser(struct visit *visit)
{
	struct job *job = visit->login->job;
	const struct client *client = visit->login->client;
	struct authorization *to = &visit->authorization;
	int rc = authorize_begin(client, visit->login->options->scope, to,
				 &job->problem);

	if (!rc)
		rc = start_listening(visit);
	if (!rc)
		rc = push(visit);
	if (!rc)
		rc = authorize_preflight(client, to, &job->problem);
	if (!rc && !job_open_url(job, to->url.data, "Log in with your browser",
				 job->deadline))
		rc = login_given_up(visit->login);
	return rc;
}

int flow_code(struct login *login, struct record *grant)
{
	struct visit visit = {.login = login};
	struct problem *problem = &login->job->problem;
	int rc = send_to_browser(&visit);

	if (!rc)
		rc = wait_for_browser(&visit);
	if (!rc) {
		rc = authorize_answer_check(login->client, &visit.answer,
					    problem);
		if (!rc)
			rc = redeem(&visit, grant);
		visit.net->listener_reply(visit.listener, rc == VALETKEY_OK,
					  problem->text);
	}
	if (visit.net) {
		visit.net->listener_close(visit.listener);
		visit.net->listener_answer_free(&visit.answer);
	}
	authorize_end(&visit.authorization);
	return rc;
}
