/* SPDX-License-Identifier: MIT */
/*
 * login_code.c - what both ways to an authorization code share (RFC 6749 4.1):
 * the request is made ready for a browser, and what came back is judged and
 * redeemed. login_by_code() listens for it, login_paste.c asks the person.
 */
#include "core/form.h"
#include "core/clock.h"
#include "login.h"
#include "oauth/authorize.h"
#include <valetkey.h>

#include <poll.h>
#include <string.h>

/* RFC 9126, if the provider takes requests beforehand, or wants them so. */
static int login_code_push(struct login *login, struct authorization *to)
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
				 client->provider_name)
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
	int rc = login_code_push(login, to);

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
			 to->port, login->client->provider_name);
	if (!rc && to->refusal)
		job_info(job,
			 "%s answers the login request with HTTP %ld when "
			 "valetkey looks. If the browser shows an error too, "
			 "compare the client id and the redirect URI with what "
			 "is registered there; to change one: valetkey edit %s "
			 "--redirect-uri URI (http://127.0.0.1:{port} if any "
			 "port will do)",
			 login->client->provider_name, to->refusal,
			 login->client->account);
	page.url = to->url.data;
	if (!rc && !job_open_url(job, &page))
		rc = login_given_up(login);
	return rc;
}

static int login_code_redeem(struct login *login,
			     const struct authorization *to, const char *code,
			     struct grant *grant)
{
	struct token_answer answer = {0};
	struct buf params = {0};
	int rc;

	login->scope = to->scope.data;
	login->nonce = to->nonce.len ? to->nonce.data : NULL;
	if (form_add(&params, "grant_type", "authorization_code") ||
	    form_add(&params, "code", code) ||
	    form_add(&params, "redirect_uri", to->redirect_uri.data) ||
	    form_add(&params, "code_verifier", to->verifier.data))
		rc = problem_no_memory(&login->job->problem);
	else
		rc = login_redeem(login, &params, &answer, grant);
	token_answer_free(&answer);
	buf_free(&params);
	return rc;
}

int login_code_take(struct login *login, const struct authorization *to,
		    const struct listener_answer *answer, struct grant *grant)
{
	int rc =
	    authorize_answer_check(login->client, answer, &login->job->problem);

	return rc ? rc : login_code_redeem(login, to, answer->code, grant);
}

/* ---- with a listener ---- */

/* Through the person's own browser and a loopback redirect (RFC 8252), with PKCE
 * (RFC 7636). The port is open only while we wait, and the browser's last page
 * says how it really ended: after the code was redeemed and the grant stored. */

#define TICK_MS 1000

/* A login that waits for the browser. */
struct visit {
	struct login *login;
	const struct net *net;
	struct listener *listener;
	struct authorization authorization;
	struct listener_answer answer;
	bool told; /* of others who came */
};

static int start_listening(struct visit *visit)
{
	const struct client *client = visit->login->client;
	struct authorization *to = &visit->authorization;
	struct listener_options options = {
	    .host = to->host.data,
	    .port = to->port,
	    .path = buf_text(&to->path),
	    .state = to->state.data,
	    .provider = client->provider_name,
	    .account = client->account,
	    .program = record_get(&visit->login->job->request, "program"),
	    .form_post = to->form_post,
	    .to = &to->url,
	};
	struct problem *problem = &visit->login->job->problem;
	uint16_t port;
	int rc;

	visit->net = net_load(problem);
	if (!visit->net)
		return problem->result;
	rc = visit->net->listener_open(&options, &visit->listener, &port,
				       problem);
	if (rc == VALETKEY_ERR_DENIED && to->any_port && to->port) {
		to->moved = true;
		options.port = 0;
		*problem = (struct problem){0};
		rc = visit->net->listener_open(&options, &visit->listener,
					       &port, problem);
	}
	return rc ? rc : authorize_url(client, port, to, problem);
}

/* Anybody can come, and however often: one sentence is enough. */
static void tell_refused(struct visit *visit)
{
	if (visit->told || !visit->net->listener_refused(visit->listener))
		return;
	visit->told = true;
	job_info(visit->login->job,
		 "Another user of this computer came instead of your browser, "
		 "and was turned away. If your browser runs as another user, "
		 "log in with: valetkey login %s --flow paste",
		 visit->login->client->account);
}

static void tell_unseen(struct visit *visit)
{
	if (visit->answer.unseen)
		job_info(visit->login->job,
			 "This system does not tell whose browser the answer "
			 "came from. If others use this computer, see who is "
			 "logged in: valetkey status %s",
			 visit->login->client->account);
}

/* Until the browser comes back with our state, the person gives up, or the
 * time has run out. */
static int wait_for_browser(struct visit *visit)
{
	struct job *job = visit->login->job;
	int64_t tell = 0;
	struct pollfd fds[] = {
	    {.fd = visit->net->listener_fd(visit->listener), .events = POLLIN},
	    {.fd = job->host->fd, .events = POLLRDHUP},
	};

	while (clock_ms() < job->deadline) {
		poll(fds, 2, TICK_MS);
		if (visit->net->listener_run(visit->listener, &visit->answer))
			return VALETKEY_OK;
		if (job_host_gone(job))
			return login_given_up(visit->login);
		if (clock_ms() < tell) /* whoever comes wakes us */
			continue;
		tell = deadline_in(TICK_MS);
		tell_refused(visit);
		if (!job_wait(job, "Waiting for the browser", job->deadline))
			return login_given_up(visit->login);
	}
	return login_too_late(visit->login);
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
		rc = login_code_send(
		    visit->login, to,
		    visit->net->listener_address(visit->listener),
		    "Log in with your browser");
	return rc;
}

static enum listener_end login_end_of(int rc)
{
	return rc == VALETKEY_OK	     ? LISTENER_LOGGED_IN
	       : rc == VALETKEY_ERR_CANCELED ? LISTENER_DECLINED
					     : LISTENER_FAILED;
}

int login_by_code(struct login *login, struct grant *grant)
{
	struct visit visit = {.login = login};
	struct problem *problem = &login->job->problem;
	int rc = send_to_browser(&visit);

	if (!rc)
		rc = wait_for_browser(&visit);
	if (!rc) {
		tell_unseen(&visit);
		login->net = visit.net;
		login->waiting = visit.listener;
		rc = login_code_take(login, &visit.authorization, &visit.answer,
				     grant);
		visit.net->listener_reply(visit.listener, login_end_of(rc),
					  rc ? problem->text : grant->identity);
		login->waiting = NULL;
	}
	if (visit.net) {
		visit.net->listener_close(visit.listener);
		visit.net->listener_answer_free(&visit.answer);
	}
	authorize_end(&visit.authorization);
	return rc;
}
