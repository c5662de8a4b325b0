/* SPDX-License-Identifier: MIT */
/*
 * authorize_answer.c - see authorize_answer.h.
 */
#include "authorize_answer.h"
#include "valetkey.h"

#include <string.h>

/* RFC 9207 2.4. */
static int check_issuer(const struct client *client,
			const struct listener_answer *answer,
			struct problem *problem)
{
	if (answer->iss && client->issuer &&
	    strcmp(answer->iss, client->issuer) != 0)
		return problem_set(problem, VALETKEY_ERR_DENIED,
				   "The answer came from another authorization "
				   "server than the one that was asked. It was "
				   "not used.");
	return VALETKEY_OK;
}

/* RFC 6749 4.1.2.1. */
static int refused(const struct client *client,
		   const struct listener_answer *answer,
		   struct problem *problem)
{
	char error[PROBLEM_QUOTE_MAX], detail[PROBLEM_QUOTE_MAX];

	problem_quote(error, answer->error);
	problem_quote(detail, answer->error_description);
	if (strcmp(error, "access_denied") == 0)
		return problem_set(problem, VALETKEY_ERR_CANCELED,
				   "The login was declined in the browser. To "
				   "try again: valetkey login %s",
				   client->account);
	return problem_set(problem, VALETKEY_ERR_DENIED,
			   "%s refused the login: %s%s%s.", client->name, error,
			   *detail ? ", " : "", detail);
}

int authorize_answer_check(const struct client *client,
			   const struct listener_answer *answer,
			   struct problem *problem)
{
	int rc = check_issuer(client, answer, problem);

	if (rc)
		return rc;
	if (answer->error)
		return refused(client, answer, problem);
	if (!answer->code || !*answer->code)
		return problem_set(problem, VALETKEY_ERR_NETWORK,
				   "The browser came back without a code.");
	return VALETKEY_OK;
}
