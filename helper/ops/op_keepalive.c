/* SPDX-License-Identifier: MIT */
/*
 * op_keepalive.c - a login that nobody uses for a while: refreshed before it dies of
 * that, and what a person should hear of its end, once. Nobody is asked anything.
 */
#include "grant/grant.h"
#include "grant/lifetime.h"
#include "ops.h"
#include "store/account_state.h"
#include "store/lock.h"
#include <valetkey.h>

#include <stdio.h>
#include <time.h>

#define DAY_S 86400
#define UNKNOWN_IDLE_S (7LL * DAY_S)
#define WARN_S (3LL * DAY_S)

static int answer_done(struct job *job, const char *what)
{
	return record_add(&job->answer, "done", what)
		   ? problem_no_memory(&job->problem)
		   : VALETKEY_OK;
}

/* One event is told once, by its name and a time that is its own. */
static int answer_event(struct job *job, const struct client *client,
			const char *event, int64_t when)
{
	char notice[40];

	snprintf(notice, sizeof(notice), "%s %lld", event, (long long)when);
	if (notice_was_given(client->id, notice))
		return VALETKEY_OK;
	return record_add(&job->answer, "event", event) ||
		       record_add(&job->answer, "notice", notice)
		   ? problem_no_memory(&job->problem)
		   : VALETKEY_OK;
}

static bool keepalive_due(const struct grant *grant,
			  const struct lifetime *life)
{
	int64_t idle_s = time(NULL) - grant->issued_at;

	return life->refreshes &&
	       idle_s >= (life->idle_s ? life->idle_s / 3 : UNKNOWN_IDLE_S);
}

/* By the same way as anybody's get of a new token, but for the token. */
static int keepalive_refresh(struct job *job)
{
	int rc;

	if (record_set(&job->request, "new", "1") ||
	    record_set(&job->request, "program", "valetkey keepalive"))
		return problem_no_memory(&job->problem);
	rc = op_get(job);
	record_free(&job->answer);
	return rc;
}

/* Three days before, or in the last third of a shorter life. */
static int answer_life(struct job *job, const struct client *client,
		       const struct lifetime *life)
{
	int64_t now = time(NULL), warn_s = (life->dies_on - life->began) / 3;

	if (warn_s > WARN_S)
		warn_s = WARN_S;
	if (!life->by)
		return VALETKEY_OK;
	if (record_add_int(&job->answer, "dies_on", life->dies_on) ||
	    record_add(&job->answer, "dies_by", life->by))
		return problem_no_memory(&job->problem);
	if (!life->refreshes && life->dies_on <= now)
		return answer_event(job, client, "dead", life->dies_on);
	return life->dies_on - now < warn_s
		   ? answer_event(job, client, "soon", life->dies_on)
		   : VALETKEY_OK;
}

/* It needs a login: of one that there was a person should hear. */
static int answer_login(struct job *job, const struct client *client,
			const struct grant *grant)
{
	int rc = record_add(&job->answer, "text", job->problem.text)
		     ? problem_no_memory(&job->problem)
		     : answer_done(job, "login");

	if (!rc && grant->needs_login)
		rc = answer_event(job, client, "dead", grant->issued_at);
	return rc;
}

static int keepalive_look(struct job *job, const struct client *client,
			  struct grant *grant, bool *found)
{
	int rc;

	grant_free(grant);
	rc = grant_load(job, client, grant, found);
	if (!rc && !*found)
		rc = grant_missing(job, client);
	return rc;
}

static int keepalive_run(struct job *job, const struct client *client,
			 struct grant *grant)
{
	const char *done = "not_due";
	struct lifetime life;
	bool found = false;
	int rc = keepalive_look(job, client, grant, &found);

	if (!rc) {
		lifetime_find(client, grant, &life);
		if (keepalive_due(grant, &life)) {
			done = "refreshed";
			rc = keepalive_refresh(job);
		}
	}
	/* After a refresh, or by its refusal, another grant is there. */
	if (!rc || rc == VALETKEY_ERR_LOGIN)
		rc = keepalive_look(job, client, grant, &found);
	if (rc == VALETKEY_ERR_LOGIN)
		return answer_login(job, client, grant);
	if (rc)
		return rc;
	lifetime_find(client, grant, &life);
	rc = answer_done(job, done);
	return rc ? rc : answer_life(job, client, &life);
}

static int keepalive_told(struct job *job, const struct client *client,
			  const char *notice)
{
	int lock;
	int rc = lock_take(client->id, LOCK_GRANT, job->deadline, &lock,
			   &job->problem);

	if (!rc)
		notice_given(lock, notice);
	lock_drop(&lock);
	return rc;
}

int op_keepalive(struct job *job)
{
	const char *notice = record_get(&job->request, "notice");
	struct client client = {0};
	struct grant grant = {0};
	int rc = job_client(job, &client);

	if (!rc && notice)
		rc = keepalive_told(job, &client, notice);
	else if (!rc && client.grant_type == GRANT_TYPE_CLIENT_CREDENTIALS)
		rc = answer_done(job, "machine");
	else if (!rc)
		rc = keepalive_run(job, &client, &grant);
	grant_free(&grant);
	client_free(&client);
	return rc;
}
