/* SPDX-License-Identifier: MIT */
/*
 * Parameters of a query or of a posted form. OAuth 2 forbids a parameter
 * that occurs twice and treats one without a value as one that is not
 * there (RFC 6749, section 3.1 and 3.2); both rules live here.
 */
#ifndef PROVIDER_FORM_H
#define PROVIDER_FORM_H

#include <stddef.h>

#define FORM_MAX_FIELDS 32

struct form {
	struct form_field {
		char *name;
		char *value;
	} fields[FORM_MAX_FIELDS];
	size_t count;
};

/* What was wrong; the text of form_problem() goes to the log. */
enum form_result {
	FORM_OK = 0,
	FORM_MALFORMED = 1,
	FORM_DUPLICATE = 2,
	FORM_TOO_MANY = 3,
};

/* Reads name=value&name=value; the form is to be cleared in any case. */
enum form_result form_parse(const char *text, struct form *form);
const char *form_problem(enum form_result result);

/* The value, or NULL when it is missing or empty. */
const char *form_get(const struct form *form, const char *name);

void form_clear(struct form *form);

#endif
