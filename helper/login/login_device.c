/* SPDX-License-Identifier: MIT */
/*
 * login_device.c - a login by the device authorization grant (RFC 8628): the
 * person takes a short code to a browser anywhere, and we ask the token endpoint
 * again and again until it was entered. Never faster than the server wants, and
 * never longer than the code or the caller's time lasts; a code that was denied
 * or has expired is not replaced without the person.
 */
#include "core/form.h"
#include "core/clock.h"
#include "core/scope.h"
#include "login.h"
#include "net/net.h"
#include "oauth/device_answer.h"
#include "oauth/endpoint.h"
#include <valetkey.h>

#include <poll.h>
#include <string.h>

#define TICK_MS 1000
#define SLOW_DOWN_S 5	  /* RFC 8628 3.5 */
#define BACKOFF_MAX_S 120 /* between two tries at a server that is away */

/* A login that waits for the code to be entered. */
struct wait {
	struct login *login;
	struct device_answer device;
	int64_t interval_s; /* the server's, and what slow_down added */
	int64_t pause_s;    /* before the next question */
	int64_t deadline;
};

static int request_code(struct wait *wait)
{
	struct login *login = wait->login;
	const struct client *client = login->client;
	struct problem *problem = &login->job->problem;
	const struct net *net = net_load(problem);
	struct http_answer http = {0};
	struct buf params = {0};
	struct endpoint_request request = {.client = client, .params = &params};
	int rc;

	if (!net)
		return problem->result;
	rc = login_secret(login, &request.client_secret);
	if (!rc && (authorize_add_scope(client, login->scope, &params) ||
		    endpoint_add_resources(client, &params)))
		rc = problem_no_memory(&login->job->problem);
	if (!rc)
		rc = endpoint_post(&request,
				   client->device_authorization_endpoint, &http,
				   problem);
	if (!rc)
		rc = device_answer_read(client, &http, &wait->device, problem);
	net->http_answer_free(&http);
	buf_free(&params);
	return rc;
}

static int show_code(struct wait *wait)
{
	const struct record *fields = &wait->device.fields;
	const char *uri = record_get(fields, "verification_uri");
	const char *whole = record_get(fields, "verification_uri_complete");
	struct buf text = {0};
	struct job_code code = {.url = whole ? whole : uri,
				.code = record_get(fields, "user_code"),
				.deadline = wait->deadline};
	int rc = VALETKEY_OK;

	if (whole)
		buf_fmt(&text,
			"In a browser on any device, open %s and enter the "
			"code; or open the address below, and compare the "
			"code.",
			uri);
	else
		buf_str(&text, "In a browser on any device, open this address "
			       "and enter the code.");
	/* RFC 8628 5.4 */
	if (buf_str(&text, " Do so only if you began this login yourself: "
			   "never enter a code that somebody has sent you, and "
			   "give this one to nobody."))
		return problem_no_memory(&wait->login->job->problem);
	code.text = text.data;
	if (!job_show_code(wait->login->job, &code))
		rc = login_given_up(wait->login);
	buf_free(&text);
	return rc;
}

static int expired(struct wait *wait)
{
	return problem_set(&wait->login->job->problem, VALETKEY_ERR_TIMEOUT,
			   "The code has expired: nobody entered it in time. "
			   "For a new one: valetkey login %s",
			   wait->login->client->account);
}

/* The time until the next question. */
static int take_pause(struct wait *wait)
{
	struct job *job = wait->login->job;
	struct pollfd host = {.fd = job->host->fd, .events = POLLRDHUP};
	int64_t until = deadline_in(wait->pause_s * 1000);

	while (clock_ms() < until) {
		int64_t left = until - clock_ms();

		if (job_host_gone(job) ||
		    !job_wait(job, "Waiting for the code to be entered",
			      wait->deadline))
			return login_given_up(wait->login);
		poll(&host, 1, left < TICK_MS ? (int)left : TICK_MS);
		if (clock_ms() >= wait->deadline)
			return wait->deadline < job->deadline
				   ? expired(wait)
				   : login_too_late(wait->login);
	}
	return VALETKEY_OK;
}

/* The server is away, or has too much to do: 3.5 wants exponential backoff. */
static void back_off(struct wait *wait, const struct token_answer *answer)
{
	wait->pause_s *= 2;
	if (wait->pause_s > BACKOFF_MAX_S && wait->interval_s <= BACKOFF_MAX_S)
		wait->pause_s = BACKOFF_MAX_S;
	if (wait->pause_s < answer->retry_after_s)
		wait->pause_s = answer->retry_after_s;
}

/* What an answer without a token means (RFC 8628 3.5): whether to go on. */
static bool device_go_on(struct wait *wait, const struct token_answer *answer,
			 int rc)
{
	if (strcmp(answer->error, "slow_down") == 0)
		wait->interval_s += SLOW_DOWN_S;
	else if (strcmp(answer->error, "authorization_pending") != 0) {
		if (*answer->error || http_success(answer->status) ||
		    (rc != VALETKEY_ERR_NETWORK && rc != VALETKEY_ERR_TIMEOUT &&
		     rc != VALETKEY_ERR_THROTTLED))
			return false;
		back_off(wait, answer);
		return true;
	}
	wait->pause_s = wait->interval_s;
	return true;
}

static int name_end(struct wait *wait, const struct token_answer *answer,
		    int rc)
{
	struct login *login = wait->login;

	if (strcmp(answer->error, "expired_token") == 0)
		return expired(wait);
	if (strcmp(answer->error, "access_denied") == 0)
		return problem_set(&login->job->problem, VALETKEY_ERR_CANCELED,
				   "The login was declined in the browser. To "
				   "try again: valetkey login %s",
				   login->client->account);
	return rc;
}

/* One question. PENDING: it is to be asked again. */
static int device_ask(struct wait *wait, struct grant *grant)
{
	static const char type[] =
	    "urn:ietf:params:oauth:grant-type:device_code";
	struct login *login = wait->login;
	struct token_answer answer = {0};
	struct buf params = {0};
	int rc;

	if (form_add(&params, "grant_type", type) ||
	    form_add(&params, "device_code",
		     record_get(&wait->device.fields, "device_code"))) {
		rc = problem_no_memory(&login->job->problem);
	} else {
		rc = login_redeem(login, &params, &answer, grant);
		if (rc && device_go_on(wait, &answer, rc))
			rc = VALETKEY_PENDING;
		else if (rc)
			rc = name_end(wait, &answer, rc);
	}
	token_answer_free(&answer);
	buf_free(&params);
	return rc;
}

static int wait_for_person(struct wait *wait, struct grant *grant)
{
	struct job *job = wait->login->job;
	int64_t life = wait->device.expires_in_s;
	int rc;

	wait->interval_s = wait->pause_s = wait->device.interval_s;
	wait->deadline = job->deadline;
	if (life >= 0 && deadline_in(life * 1000) < wait->deadline)
		wait->deadline = deadline_in(life * 1000);
	rc = show_code(wait);
	if (!rc)
		rc = VALETKEY_PENDING;
	while (rc == VALETKEY_PENDING) {
		rc = take_pause(wait);
		if (!rc)
			rc = device_ask(wait, grant);
	}
	return rc;
}

int login_by_device(struct login *login, struct grant *grant)
{
	struct wait wait = {.login = login};
	struct buf scope = {0};
	int rc;

	if (scope_add(&scope, login->client->scope) ||
	    scope_add(&scope, login->options->scope) ||
	    scope_add(&scope,
		      record_get(&login->client->config, "offline_scope")))
		rc = problem_no_memory(&login->job->problem);
	else {
		login->scope = buf_text(&scope);
		rc = request_code(&wait);
	}
	if (!rc)
		rc = wait_for_person(&wait, grant);
	device_answer_free(&wait.device);
	buf_free(&scope);
	return rc;
}
