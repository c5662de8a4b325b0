/* SPDX-License-Identifier: MIT */
/*
 * status.h - what the helper tells of the accounts (op status of ops/ops.h), and the
 * three ways in which `valetkey status` shows it: a table on a terminal, an account
 * in full, JSON for programs.
 */
#ifndef VALETKEY_STATUS_H
#define VALETKEY_STATUS_H

#include "core/record.h"

#include <stdbool.h>
#include <stdint.h>

/* Account N of the helper's answer. */
struct entry {
	const struct record *answer;
	int64_t number;
};

/* Of a key, "" or 0 if it is not there. */
const char *entry_text(const struct entry *entry, const char *key);
int64_t entry_number(const struct entry *entry, const char *key);
bool entry_is(const struct entry *entry, const char *key, const char *value);

/* Whether nobody logs in to it. */
bool entry_is_machine(const struct entry *entry);

/* The result that a get would have, as far as it is known. */
int entry_result(const struct entry *entry);

/* Whether the provider's last refusal is the reason why there is no token. */
bool entry_is_refused(const struct entry *entry);

/* Of what item M without an account is called, the next label; its id. */
const char *other_label(const struct record *answer, int64_t n,
			const char *label);
const char *other_id(const struct record *answer, int64_t n);

/* "2027-02-27" */
const char *status_date(char date[16], int64_t when);

/* status_account.c: one in full, for people. */
void status_account(const struct entry *entry);

/* status_table.c: all of them, as wide as the terminal is, and below it what is wrong
 * with whom. 0 or ERR_NOMEM. */
int status_table(const struct record *answer, int64_t count);

/* status_json.c: all of them, and `others` that have no account. 0 or ERR_NOMEM. */
int status_json(const struct record *answer, int64_t count);

#endif
