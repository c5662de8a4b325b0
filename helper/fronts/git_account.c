/* SPDX-License-Identifier: MIT */
/*
 * git_account.c - which account answers git. Only one whose hosts have what
 * git asks for: no pin, user name or challenge ever sends a token elsewhere.
 */
#include "git.h"

#include "client/unusable.h"
#include "git_message.h"

#include <string.h>
#include <strings.h>

const char *git_account_username(const struct client *client)
{
	const char *name = record_get(&client->config, "git_username");

	return name ? name : "oauth2";
}

bool git_account_may_answer(const struct git_request *request,
			    const struct client *client)
{
	const char *user = record_get(&request->message, "username");

	if (request->pin)
		return strcmp(request->pin, client->account) == 0;
	return !user || request->any_user ||
	       strcmp(user, client->account) == 0 ||
	       strcmp(user, git_account_username(client)) == 0;
}

struct visit {
	const struct git_request *request;
	int (*see)(const char *name, const struct client *client, void *data);
	void *data;
};

static int visit_account(const char *name, void *data)
{
	const struct visit *visit = data;
	struct record account = {0};
	struct client client = {0};
	struct problem problem;
	int rc = account_read(name, &account, NULL);
	bool other = rc == VALETKEY_OK &&
		     !account_has_origin(&account, visit->request->origin);

	record_free(&account);
	if (other)
		return VALETKEY_OK;
	rc = client_load(name, &client, &problem);
	if (rc) {
		cmd_fail_problem(&problem);
		return rc == VALETKEY_ERR_NOMEM ? rc : VALETKEY_OK;
	}
	if (git_account_may_answer(visit->request, &client))
		rc = visit->see(name, &client, visit->data);
	client_free(&client);
	return rc;
}

int git_account_each(const struct git_request *request,
		     int (*see)(const char *name, const struct client *client,
				void *data),
		     void *data)
{
	struct visit visit = {request, see, data};
	struct problem problem = {0};
	int rc = VALETKEY_OK;

	if (*request->origin)
		rc = account_each(visit_account, &visit);
	if (rc != VALETKEY_ERR_ACCOUNT || !unusable_folder(NULL, &problem))
		return rc;
	cmd_fail_problem(&problem);
	return VALETKEY_OK; /* no account can answer; what is stored can */
}

/* ---- one of several ---- */

struct choice {
	const struct git_request *request;
	const struct git_past *past;
	char name[ACCOUNT_NAME_MAX + 1];
	int points;
	unsigned equals;
};

/* How well a URL that a challenge names fits: the issuer or an endpoint itself,
 * or at least their server. */
static int url_points(const char *url, const char *own)
{
	char origin[ORIGIN_MAX];

	if (!own || origin_of(own, origin) != 0 || !origin_is(url, origin))
		return 0;
	return strcmp(url, own) == 0 ? 2 : 1;
}

/* Servers name their authorization server in various parameters. */
static int challenge_points(const struct git_request *request,
			    const struct client *client)
{
	const char *header = NULL;
	int best = 0;

	while ((header = record_next(&request->message, "wwwauth[]", header))) {
		struct git_challenge challenge = {.at = header};

		while (git_challenge_next(&challenge)) {
			const char *own[] = {client->issuer,
					     client->authorization_endpoint,
					     client->token_endpoint};

			if (strcasecmp(challenge.scheme, "Bearer") != 0)
				continue;
			for (size_t i = 0; i < 3; i++) {
				int points =
				    url_points(challenge.value, own[i]);

				best = points > best ? points : best;
			}
		}
	}
	return best;
}

static int weigh_account(const char *name, const struct client *client,
			 void *data)
{
	struct choice *choice = data;
	const char *user = record_get(&choice->request->message, "username");
	int points = 1 + challenge_points(choice->request, client);

	if (user && strcmp(user, name) == 0)
		points += 4;
	if (choice->past->account && strcmp(choice->past->account, name) == 0)
		points += 8;
	if (points == choice->points)
		choice->equals++;
	if (points > choice->points) {
		strcpy(choice->name, name);
		choice->points = points;
		choice->equals = 1;
	}
	return VALETKEY_OK;
}

static int fail_undecided(const struct git_request *request)
{
	const struct record *message = &request->message;
	const char *host = strstr(request->origin, "://") + 3;

	if (request->mail)
		return cmd_fail(VALETKEY_ERR_ACCOUNT,
				"Several accounts have the host %s. Say which "
				"one: git config --global "
				"credential.%s://%s.helper "
				"'valetkey --account ACCOUNT'",
				request->origin,
				record_get(message, "protocol"),
				record_get(message, "host"));
	if (!request->any_user)
		return cmd_fail(VALETKEY_ERR_ACCOUNT,
				"Several accounts have the host %s. Say which "
				"one: git config --global "
				"credential.%s.username ACCOUNT",
				request->origin, request->origin);
	return cmd_fail(
	    VALETKEY_ERR_ACCOUNT,
	    "Several accounts have the host %s, and %s is not one of them. For "
	    "a token of one of them the URL must begin like this: "
	    "%.*s://ACCOUNT@%s/",
	    request->origin, record_get(message, "username"),
	    (int)(host - 3 - request->origin), request->origin, host);
}

int git_account_choose(const struct git_request *request,
		       const struct git_past *past, struct client *client)
{
	struct choice choice = {.request = request, .past = past};
	struct problem problem;
	int rc = git_account_each(request, weigh_account, &choice);

	if (rc)
		return rc;
	if (!choice.equals)
		return VALETKEY_ERR_RESOURCE;
	if (choice.equals > 1)
		return fail_undecided(request);
	rc = client_load(choice.name, client, &problem);
	return rc ? cmd_fail_problem(&problem) : VALETKEY_OK;
}
