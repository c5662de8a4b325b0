/* SPDX-License-Identifier: MIT */
/*
 * flow_code.c - a login: the authorization code grant (RFC 6749 4.1) with PKCE
 * (RFC 7636), through the person's own browser and a loopback redirect
 * (RFC 8252). The port is open only while we wait, and the browser's last page
 * says how it really ended: after the code was redeemed and the grant stored.
 */
#include "core/clock.h"
#include "login.h"
#include <valetkey.h>

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
	    .provider = client->name,
	    .account = client->account,
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
 * time is over. */
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

int flow_code(struct login *login, struct record *grant)
{
	struct visit visit = {.login = login};
	struct problem *problem = &login->job->problem;
	int rc = send_to_browser(&visit);

	if (!rc)
		rc = wait_for_browser(&visit);
	if (!rc) {
		tell_unseen(&visit);
		rc = login_code_take(login, &visit.authorization, &visit.answer,
				     grant);
		visit.net->listener_reply(visit.listener, rc == VALETKEY_OK,
					  rc ? problem->text
					     : record_get(grant, "identity"));
	}
	if (visit.net) {
		visit.net->listener_close(visit.listener);
		visit.net->listener_answer_free(&visit.answer);
	}
	authorize_end(&visit.authorization);
	return rc;
}
