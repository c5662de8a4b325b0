/* SPDX-License-Identifier: MIT */
/*
 * doctor.h - what `valetkey doctor` is told by the helper: findings, a sentence
 * each. Nothing is changed, no secret is sent, and no dialog is shown.
 */
#ifndef VALETKEY_DOCTOR_H
#define VALETKEY_DOCTOR_H

#include "job/job.h"

enum finding_state { FINDING_OK = 0, FINDING_NOTE = 1, FINDING_PROBLEM = 2 };

/* Adds one to the job's answer. `result` is the code of a problem, else 0. */
void finding_add(struct job *job, const char *check, enum finding_state state,
		 int result, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

/* A problem as it was told elsewhere. */
void finding_add_problem(struct job *job, const char *check,
			 const struct problem *problem);

/*
 * doctor_server.c: whether the account's servers can be reached, what their
 * metadata says, and what they say of the client before anybody logs in: names,
 * addresses and the client id are sent.
 */
void doctor_server(struct job *job, const struct client *client);

#endif
