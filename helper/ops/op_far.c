/* SPDX-License-Identifier: MIT */
/*
 * op_far.c - requests about an account whose login another machine keeps
 * (core/far.h). The plugin asks that machine itself; the helper does for event
 * loops, for renewals ahead, and for the command. Nothing here opens a store.
 */
#include "client/account_change.h"
#include "core/clock.h"
#include "core/far.h"
#include "core/kernel.h"
#include "ops.h"
#include "share.h"
#include "store/traces.h"
#include <valetkey.h>

#include <string.h>

/* More than any life: it is cut to half of it there. */
#define ANY_LIFE_S INT32_MAX
#define ABOUT_MS 5000

/* What it says on the way is for nobody here; the last record has the result. */
static int far_read(struct channel *channel, struct record *answer,
		    int64_t deadline)
{
	int rc;

	do {
		record_free(answer);
		rc = channel_read(channel, answer, deadline);
	} while (!rc && !record_get(answer, "result") &&
		 deadline_left(deadline));
	return rc || record_get(answer, "result") ? rc : CHANNEL_TIMEOUT;
}

static int far_take_answer(struct job *job, const struct record *answer,
			   struct record *to)
{
	int64_t result = record_get_int(answer, "result", -1);
	const char *text = record_get(answer, "text");

	if (result < 0 || result > 125)
		return problem_set(&job->problem, VALETKEY_ERR_HELPER,
				   "The machine that keeps this login has "
				   "another version of valetkey.");
	if (result)
		return problem_set(&job->problem, (int)result, "%s",
				   text ? text : "");
	return share_take_answer(answer, to) ? problem_no_memory(&job->problem)
					     : VALETKEY_OK;
}

/* The request goes there as that machine takes it. */
static int far_exchange(struct job *job, const struct record *account,
			struct record *request, struct record *to)
{
	struct channel channel = {.fd = -1};
	struct record answer = {0};
	int64_t left = job->deadline - clock_ms();
	int rc = far_connect(far_socket(account), job->deadline, &channel.fd,
			     &job->problem);

	if (!rc && record_add_int(request, "timeout_ms", left > 1 ? left : 1))
		rc = problem_no_memory(&job->problem);
	if (rc)
		goto out;
	rc = channel_write(&channel, request, job->deadline);
	if (!rc)
		rc = far_read(&channel, &answer, job->deadline);
	if (rc == CHANNEL_TIMEOUT)
		rc = problem_set(&job->problem, VALETKEY_ERR_TIMEOUT,
				 "The machine that keeps this login has not "
				 "answered in time.");
	else if (rc == CHANNEL_NOMEM)
		rc = problem_no_memory(&job->problem);
	else if (rc == CHANNEL_CLOSED)
		rc = far_ended(&job->problem);
	else
		rc = far_take_answer(job, &answer, to);
out:
	channel_close(&channel);
	record_free(&answer);
	return rc;
}

static int far_ask(struct job *job, const struct record *account)
{
	struct record request = {0};
	int rc = share_take_request(&job->request, &request, &job->problem);

	if (!rc)
		rc = far_exchange(job, account, &request, &job->answer);
	record_free(&request);
	return rc;
}

int op_far_about(const struct client *client, int64_t deadline,
		 struct problem *problem)
{
	struct job job = {.deadline = deadline_in(ABOUT_MS)};
	struct record request = {0}, answer = {0};
	int rc = VALETKEY_ERR_NOMEM;

	if (job.deadline > deadline)
		job.deadline = deadline;
	if (record_add(&request, "op", "about") == 0 &&
	    record_add(&request, "account", client->account) == 0)
		rc = far_exchange(&job, &client->config, &request, &answer);
	*problem = job.problem;
	record_free(&request);
	record_free(&answer);
	return rc;
}

static int far_get(struct job *job, const struct record *account)
{
	int rc = far_ask(job, account);

	if (!rc && !record_get(&job->answer, "access_token"))
		rc = problem_set(&job->problem, VALETKEY_ERR_HELPER,
				 "The machine that keeps this login answered "
				 "without a token.");
	if (!rc)
		far_publish(account, &job->answer);
	return rc;
}

static int far_renew(struct job *job, const struct record *account)
{
	if (record_set(&job->request, "op", "get"))
		return problem_no_memory(&job->problem);
	record_remove(&job->request, "min_valid_s");
	if (record_add_int(&job->request, "min_valid_s", ANY_LIFE_S))
		return problem_no_memory(&job->problem);
	return far_get(job, account);
}

static int far_invalidate(struct job *job, const struct record *account)
{
	const char *token = record_get(&job->request, "access_token");

	if (!token)
		return problem_set(&job->problem, VALETKEY_ERR_ARG,
				   "The request names no token.");
	kernel_withdraw(account, token);
	return far_ask(job, account);
}

/* Only what is here goes. */
static int far_remove(struct job *job, const struct record *account)
{
	const char *name = record_get(&job->request, "account");
	const char *id = record_get(account, "id");

	if (id && account_id_ok(id))
		traces_remove(id);
	return account_delete(name, &job->problem);
}

static int far_not_here(struct job *job, const struct record *account)
{
	struct client client = {.config = *account};

	strcpy(client.account, record_get(&job->request, "account"));
	return client_elsewhere(&client, record_get(&job->request, "op"),
				&job->problem);
}

static const struct {
	const char *name;
	int (*run)(struct job *job, const struct record *account);
} far_operations[] = {
    {"get", far_get},
    {"renew", far_renew},
    {"invalidate", far_invalidate},
    {"remove", far_remove},
    {"login", far_not_here},
    {"logout", far_not_here},
    {"move", far_not_here},
};

#define FAR_OPERATIONS (sizeof(far_operations) / sizeof(*far_operations))

static size_t far_find(const struct job *job)
{
	const char *op = record_get(&job->request, "op");
	size_t i = 0;

	while (i < FAR_OPERATIONS &&
	       (!op || strcmp(far_operations[i].name, op) != 0))
		i++;
	return i;
}

bool op_far(struct job *job, int *result)
{
	const char *name = record_get(&job->request, "account");
	struct record account = {0};
	size_t which = far_find(job);
	bool far = name && which < FAR_OPERATIONS &&
		   account_read(name, &account, NULL) == VALETKEY_OK &&
		   far_socket(&account);

	if (far)
		*result = far_operations[which].run(job, &account);
	record_free(&account);
	return far;
}
