/* SPDX-License-Identifier: MIT */
/*
 * authorize_answer.c - see authorize_answer.h.
 */
#include "authorize_answer.h"

#include <valetkey.h>

#include <string.h>

/*
 * RFC 9207 2.4: an answer of another server than the one that was asked, or of
 * one that promised to say who it is and does not, is not used, be it a code or
 * an error. Where the account knows no issuer (its endpoints were given by hand)
 * there is nothing to compare with: PKCE and the redirect URI of its own protect
 * the code.
 */
static int check_issuer(const struct client *client,
			const struct listener_answer *answer,
			struct problem *problem)
{
	const char *promised = record_get(
	    &client->config, "authorization_response_iss_parameter_supported");
	char expected[PROBLEM_QUOTE_MAX], came[PROBLEM_QUOTE_MAX];

	if (!answer->iss && promised && strcmp(promised, "true") == 0)
		return problem_set(
		    problem, VALETKEY_ERR_DENIED,
		    "The answer does not say which authorization server it "
		    "comes from (iss), as %s always does. It was not used. Try "
		    "again; if it happens again, tell the provider.",
		    client->name);
	if (!answer->iss || !client->issuer ||
	    strcmp(answer->iss, client->issuer) == 0)
		return VALETKEY_OK;
	problem_quote(came, answer->iss);
	problem_quote(expected, client->issuer);
	return problem_set(problem, VALETKEY_ERR_DENIED,
			   "The answer came from another authorization server "
			   "(\"%s\") than the one that was asked (\"%s\"). It "
			   "was not used. If you did not begin a login there, "
			   "somebody tried to mix the two up.",
			   came, expected);
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
	return problem_set(problem,
			   strcmp(error, "invalid_scope") == 0
			       ? VALETKEY_ERR_SCOPE
			       : VALETKEY_ERR_DENIED,
			   "%s refused the login: %s%s%s.%s", client->name,
			   error, *detail ? ", " : "", detail,
			   strcmp(error, "invalid_target") == 0
			       ? " It does not know this resource: change "
				 "'resource[]' in the account's file."
			       : "");
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
