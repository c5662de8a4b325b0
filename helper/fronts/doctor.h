/* SPDX-License-Identifier: MIT */
/*
 * doctor.h - `valetkey doctor`: findings, and who looks for them. doctor.c asks
 * the helper and prints; doctor_place.c looks at this computer and session.
 */
#ifndef VALETKEY_FRONTS_DOCTOR_H
#define VALETKEY_FRONTS_DOCTOR_H

#include "command/command.h"

extern const struct cmd_verb cmd_doctor;

enum finding_kind { FOUND_OK = 0, FOUND_NOTE = 1, FOUND_PROBLEM = 2 };

struct doctor {
	const char *account; /* the one that is looked at; NULL: none yet */
	bool json;
	bool first;	 /* nothing was printed yet */
	int result;	 /* of the first problem */
	bool bus_failed; /* there is no keyring without it */
};

/* Prints one; `result` is the code of a problem, else 0. */
void doctor_found(struct doctor *doctor, const char *check,
		  enum finding_kind kind, const struct problem *problem);
void doctor_found_text(struct doctor *doctor, const char *check,
		       enum finding_kind kind, int result, const char *format,
		       ...) __attribute__((format(printf, 5, 6)));

/* Folders, the browser, the kernel's keyring, this user. */
void doctor_look_at_place(struct doctor *doctor);

/* git_setup.c: the chain of git's helpers for the account's hosts. */
void doctor_look_at_git(struct doctor *doctor, const char *account);

#endif
