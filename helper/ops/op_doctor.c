/* SPDX-License-Identifier: MIT */
/*
 * op_doctor.c - what the helper sees for `valetkey doctor`: bus and keyring, and
 * of an account what its servers say (doctor_server.c).
 */
#include "config.h"

#include "doctor.h"
#include "ops.h"
#include <valetkey.h>

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void finding_put(struct job *job, int64_t number, const char *key,
			const char *value)
{
	char name[64];

	snprintf(name, sizeof(name), "%lld.%s", (long long)number, key);
	if (record_add(&job->answer, name, value))
		problem_no_memory(&job->problem);
}

static void finding_put_all(struct job *job, const char *check,
			    enum finding_state state,
			    const struct problem *problem)
{
	static const char *const names[] = {[FINDING_OK] = "ok",
					    [FINDING_NOTE] = "note",
					    [FINDING_PROBLEM] = "problem"};
	int64_t number = record_get_int(&job->answer, "count", 0);
	char text[24];

	finding_put(job, number, "check", check);
	finding_put(job, number, "state", names[state]);
	finding_put(job, number, "text", problem->text);
	snprintf(text, sizeof(text), "%d", problem->result);
	finding_put(job, number, "result", text);
	snprintf(text, sizeof(text), "%lld", (long long)number + 1);
	if (record_set(&job->answer, "count", text))
		problem_no_memory(&job->problem);
}

void finding_add(struct job *job, const char *check, enum finding_state state,
		 int result, const char *format, ...)
{
	struct problem problem = {.result = result};
	va_list args;

	va_start(args, format);
	vsnprintf(problem.text, sizeof(problem.text), format, args);
	va_end(args);
	finding_put_all(job, check, state, &problem);
}

void finding_add_problem(struct job *job, const char *check,
			 const struct problem *problem)
{
	finding_put_all(job, check, FINDING_PROBLEM, problem);
}

/* ---- the keyring ---- */

static void doctor_keyring(struct job *job)
{
	struct problem problem = {0};
	struct store *store = job_store(job);
	struct buf which = {0};
	int rc = store ? store_writable(store, &problem) : job->problem.result;

	if (!store)
		problem = job->problem;
	job->problem = (struct problem){0};
	if (rc == VALETKEY_ERR_NO_BUS) {
		finding_add_problem(job, "bus", &problem);
		return;
	}
	finding_add(job, "bus", FINDING_OK, 0,
		    "The session bus can be reached.");
	if (rc)
		finding_add_problem(job, "keyring", &problem);
	else {
		store_describe(store, &which);
		finding_add(job, "keyring", FINDING_OK, 0,
			    "The keyring%s%s%s has a default collection, which "
			    "is unlocked and can be written.",
			    which.len ? " (" : "", buf_text(&which),
			    which.len ? ")" : "");
	}
	buf_free(&which);
}

/* ---- */

int op_doctor(struct job *job)
{
	struct client client = {0};
	int rc = VALETKEY_OK;

	if (record_add(&job->answer, "version", PACKAGE_VERSION))
		return problem_no_memory(&job->problem);
	if (!record_get(&job->request, "account")) {
		if (!record_get(&job->request, "no_keyring"))
			doctor_keyring(job);
		return job->problem.result;
	}
	rc = job_client(job, &client);
	if (rc)
		finding_add_problem(job, "account", &job->problem);
	else
		doctor_server(job, &client);
	job->problem = (struct problem){0};
	client_free(&client);
	return VALETKEY_OK;
}
