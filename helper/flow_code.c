/* SPDX-License-Identifier: MIT */
/*
 * flow_code.c - a login: the authorization code grant (RFC 6749 4.1) with PKCE
 * (RFC 7636), through the person's own browser and a loopback redirect
 * (RFC 8252). The port is open only while we wait, and the browser's last page
 * says how it really ended: after the code was redeemed and the grant stored.
 */
#include "authorize.h"
#include "backoff.h"
#include "clock.h"
#include "critical.h"
#include "endpoint.h"
#include "flow.h"
#include "grant.h"
#include "lock.h"
#include "net.h"
#include "park.h"
#include "pending.h"
#include "registration.h"
#include "valetkey.h"

#include <poll.h>
#include <string.h>

#define TICK_MS 1000
#define STORE_LIMIT_MS 30000

/* One login in progress. */
struct login {
	struct job *job;
	const struct client *client;
	const struct net *net;
	struct listener *listener;
	struct authorization authorization;
	struct listener_answer answer;
};

static int start_listening(struct login *login)
{
	const struct authorization *to = &login->authorization;
	const struct listener_options options = {
	    .host = to->host.data,
	    .port = to->port,
	    .path = buf_text(&to->path),
	    .state = to->state.data,
	    .provider = login->client->name,
	    .account = login->client->account,
	};
	struct problem *problem = &login->job->problem;
	uint16_t port;
	int rc;

	login->net = net_load(problem);
	if (!login->net)
		return problem->result;
	rc = login->net->listener_open(&options, &login->listener, &port,
				       problem);
	if (!rc)
		rc = authorize_url(login->client, port, &login->authorization,
				   problem);
	return rc;
}

static int given_up(struct login *login)
{
	return problem_set(&login->job->problem, VALETKEY_ERR_CANCELED,
			   "The login was given up. To try again: valetkey "
			   "login %s",
			   login->client->account);
}

/* Until the browser comes back with our state, the person gives up, or the
 * time is over. */
static int wait_for_browser(struct login *login)
{
	struct job *job = login->job;
	struct pollfd fds[] = {
	    {.fd = login->net->listener_fd(login->listener), .events = POLLIN},
	    {.fd = job->host->fd, .events = POLLRDHUP},
	};

	while (clock_ms() < job->deadline) {
		poll(fds, 2, TICK_MS);
		if (login->net->listener_run(login->listener, &login->answer))
			return VALETKEY_OK;
		if (job_host_gone(job) || !job_wait(job, job->deadline))
			return given_up(login);
	}
	return problem_set(&job->problem, VALETKEY_ERR_TIMEOUT,
			   "Nobody finished the login in the browser in time. "
			   "To try again: valetkey login %s",
			   login->client->account);
}

/* What the authorization response says (RFC 6749 4.1.2.1, RFC 9207 2.4). */
static int check_answer(struct login *login)
{
	const struct listener_answer *answer = &login->answer;
	struct problem *problem = &login->job->problem;
	char error[PROBLEM_QUOTE_MAX], detail[PROBLEM_QUOTE_MAX];

	if (answer->iss && login->client->issuer &&
	    strcmp(answer->iss, login->client->issuer) != 0)
		return problem_set(problem, VALETKEY_ERR_DENIED,
				   "The answer came from another authorization "
				   "server than the one that was asked. It was "
				   "not used.");
	if (answer->error) {
		problem_quote(error, answer->error);
		problem_quote(detail, answer->error_description);
		if (strcmp(error, "access_denied") == 0)
			return problem_set(problem, VALETKEY_ERR_CANCELED,
					   "The login was declined in the "
					   "browser. To try again: valetkey "
					   "login %s",
					   login->client->account);
		return problem_set(problem, VALETKEY_ERR_DENIED,
				   "%s refused the login: %s%s%s.",
				   login->client->name, error,
				   *detail ? ", " : "", detail);
	}
	if (!answer->code || !*answer->code)
		return problem_set(problem, VALETKEY_ERR_NETWORK,
				   "The browser came back without a code.");
	return VALETKEY_OK;
}

static int request_token(struct login *login, const char *secret,
			 struct endpoint_answer *answer)
{
	const struct authorization *to = &login->authorization;
	struct buf params = {0};
	const struct endpoint_request request = {login->client, secret,
						 &params};
	int rc = VALETKEY_ERR_NOMEM;

	if (endpoint_param(&params, "grant_type", "authorization_code") ||
	    endpoint_param(&params, "code", login->answer.code) ||
	    endpoint_param(&params, "redirect_uri", to->redirect_uri.data) ||
	    endpoint_param(&params, "code_verifier", to->verifier.data))
		problem_set(&login->job->problem, rc, "Out of memory.");
	else
		rc = endpoint_token(&request, answer, &login->job->problem);
	buf_free(&params);
	return rc;
}

/* The account was removed while the person was in the browser. */
static int give_back(struct login *login, const struct record *grant,
		     const char *secret)
{
	const char *refresh = record_get(grant, "refresh_token");
	const struct pending pending = {
	    .client = login->client,
	    .client_secret = secret,
	    .token = refresh ? refresh : record_get(grant, "access_token"),
	    .hint = refresh ? "refresh_token" : "access_token",
	};

	if (login->client->revocation_endpoint)
		pending_add(login->job, &pending);
	return problem_set(&login->job->problem, VALETKEY_ERR_ACCOUNT,
			   "Account %s was removed during the login.",
			   login->client->account);
}

static int store_grant(struct login *login, const char *secret,
		       const struct record *grant)
{
	struct job *job = login->job;
	int64_t deadline = deadline_in(STORE_LIMIT_MS);
	int lock;
	int rc = lock_take(login->client->id, LOCK_GRANT, deadline, &lock,
			   &job->problem);

	store_set_deadline(job->store, deadline);
	if (!rc && !client_still_there(login->client))
		rc = give_back(login, grant, secret);
	else if (!rc)
		rc = grant_save(job, login->client, grant);
	if (!rc) {
		park_clear(login->client);
		backoff_note(lock, job, rc);
	}
	lock_drop(&lock);
	return rc;
}

/* The code for a grant, stored. */
static int redeem(struct login *login, struct record *grant)
{
	struct endpoint_answer answer = {0};
	struct record item = {0};
	const char *secret;
	sigset_t before;
	int rc = registration_secret(login->job, login->client, &item);

	if (rc)
		goto out;
	secret = record_get(&item, "client_secret");
	critical_begin(&before);
	rc = request_token(login, secret, &answer);
	login->job->provider_reached = answer.status != 0;
	if (!rc)
		rc = grant_from_answer(login->client, &answer.fields, NULL,
				       login->authorization.scope.data, grant);
	if (!rc)
		rc = store_grant(login, secret, grant);
	critical_end(&before);
	if (rc == VALETKEY_ERR_LOGIN) /* invalid_grant: the code was no good */
		login->job->problem.result = rc = VALETKEY_ERR_DENIED;
out:
	endpoint_answer_free(&answer);
	record_free(&item);
	return rc;
}

static void tell_missing_refresh(struct login *login,
				 const struct record *grant)
{
	const struct client *client = login->client;
	bool known = record_get(&client->config, "offline_scope") != NULL;

	if (record_get(grant, "refresh_token"))
		return;
	job_info(login->job,
		 "%s gave no refresh token: this login ends when the access "
		 "token expires. %s, then run: valetkey login %s",
		 client->name,
		 known ? "Tick the grant type \"Refresh Token\" of the client "
			 "app there"
		       : "If it has a scope for this (often offline_access), "
			 "add it to 'scope' in the account's file",
		 client->account);
}

static int run_login(struct login *login,
		     const struct flow_code_options *options,
		     struct record *grant)
{
	struct job *job = login->job;
	struct problem *problem = &job->problem;
	int rc = registration_check(job, login->client, options->accept_change);

	if (!rc)
		rc = authorize_begin(login->client, options->scope,
				     &login->authorization, problem);

	if (!rc)
		rc = start_listening(login);
	if (!rc)
		rc = authorize_preflight(login->client, &login->authorization,
					 problem);
	if (!rc && !job_open_url(job, login->authorization.url.data,
				 "Log in with your browser", job->deadline))
		rc = given_up(login);
	if (!rc)
		rc = wait_for_browser(login);
	if (rc)
		return rc;
	rc = check_answer(login);
	if (!rc)
		rc = redeem(login, grant);
	login->net->listener_reply(login->listener, rc == VALETKEY_OK,
				   problem->text);
	if (!rc)
		tell_missing_refresh(login, grant);
	return rc;
}

/* A grant that another login brought while this one waited its turn. */
static bool take_other(struct job *job, const struct client *client,
		       const char *scope, struct record *grant)
{
	bool found;

	if (grant_load(job, client, grant, &found) == VALETKEY_OK && found &&
	    grant_good_for(grant) > 0 &&
	    grant_issued_clock(grant) >= job->began &&
	    grant_has_scope(grant, scope))
		return true;
	record_free(grant);
	return false;
}

/* One question is enough: who waited for its turn while the person said no gets
 * that answer too. */
static int declined(struct login *login, int lock)
{
	struct record state = {0};
	int64_t when = 0;

	if (lock_read(lock, &state))
		when = record_get_int(&state, "canceled", 0);
	record_free(&state);
	return when >= login->job->began ? given_up(login) : VALETKEY_OK;
}

static void note_outcome(int lock, int rc)
{
	struct record state = {0};

	if (rc == VALETKEY_ERR_CANCELED &&
	    record_add_int(&state, "canceled", clock_ms()) == 0)
		lock_write(lock, &state);
	else
		lock_write(lock, NULL);
	record_free(&state);
}

int flow_code(struct job *job, const struct client *client,
	      const struct flow_code_options *options, struct record *grant)
{
	struct login login = {.job = job, .client = client};
	int lock;
	int rc;

	if (!job_store(job))
		return job->problem.result;
	rc = store_writable(job->store, &job->problem);
	if (!rc)
		rc = lock_take(client->id, LOCK_LOGIN, job->deadline, &lock,
			       &job->problem);
	if (rc)
		return rc;
	if (options->accept_other &&
	    take_other(job, client, options->scope, grant))
		goto out;
	if (options->accept_other)
		rc = declined(&login, lock);
	if (!rc) {
		rc = run_login(&login, options, grant);
		note_outcome(lock, rc);
	}
	if (login.net) {
		login.net->listener_close(login.listener);
		login.net->listener_answer_free(&login.answer);
	}
	authorize_end(&login.authorization);
out:
	lock_drop(&lock);
	return rc;
}
