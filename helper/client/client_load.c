/* SPDX-License-Identifier: MIT */
/*
 * client_load.c - a client from its account's file, and why that could not be
 * read, see client.h.
 */
#include "client.h"
#include "unusable.h"
#include <valetkey.h>

#include <string.h>

static int malformed(const char *account, unsigned line,
		     struct problem *problem)
{
	char quoted[PROBLEM_QUOTE_MAX];
	struct buf path = {0};
	int rc = VALETKEY_ERR_ACCOUNT;

	if (account_path(&path, account) || buf_str(&path, ".conf"))
		rc = problem_set(problem, VALETKEY_ERR_NOMEM, "Out of memory.");
	else
		problem_set(problem, rc,
			    "%s is malformed in line %u. Fix it, or delete it "
			    "and begin again.",
			    problem_quote(quoted, path.data), line);
	buf_free(&path);
	return rc;
}

/* Why account_read() has failed with rc. */
static int unreadable(const char *account, int rc, unsigned line,
		      struct problem *problem)
{
	char quoted[PROBLEM_QUOTE_MAX];

	if (rc == VALETKEY_ERR_ARG)
		return malformed(account, line, problem);
	if (rc != VALETKEY_ERR_ACCOUNT)
		return problem_set(
		    problem, rc, "The account's file cannot be read: %s.",
		    rc == VALETKEY_ERR_NOMEM ? "out of memory"
					     : "too many files are open");
	rc = unusable_account(account, problem);
	if (rc)
		return rc;
	return problem_set(problem, VALETKEY_ERR_ACCOUNT,
			   "There is no account \"%s\". See 'valetkey status', "
			   "or add it: valetkey add.",
			   problem_quote(quoted, account));
}

int client_load(const char *account, struct client *client,
		struct problem *problem)
{
	struct record keys = {0};
	unsigned line = 0;
	int rc = account_read(account, &keys, &line);

	*client = (struct client){0};
	if (rc)
		rc = unreadable(account, rc, line, problem);
	else
		rc = client_from_record(account, &keys, client, problem);
	record_free(&keys);
	return rc;
}

int client_load_id(const char *account, struct client *client,
		   struct problem *problem)
{
	unsigned line = 0;
	int rc;

	*client = (struct client){0};
	rc = account_read(account, &client->config, &line);
	if (rc)
		return unreadable(account, rc, line, problem);
	strcpy(client->account, account);
	client->id = record_get(&client->config, "id");
	client->provider = record_get(&client->config, "provider");
	return client_check_id(client, problem);
}

static int see_id(const char *name, void *ids)
{
	struct record keys = {0};
	int rc = account_read(name, &keys, NULL);
	const char *id = record_get(&keys, "id");

	if (!rc && !id)
		rc = VALETKEY_ERR_ACCOUNT;
	if (!rc && record_add(ids, id, name))
		rc = VALETKEY_ERR_NOMEM;
	record_free(&keys);
	return rc;
}

int client_list_ids(struct record *ids)
{
	return account_each(see_id, ids);
}

int client_check(const struct client *client, struct problem *problem)
{
	if (client_still_there(client))
		return VALETKEY_OK;
	return problem_set(
	    problem, VALETKEY_ERR_ACCOUNT,
	    "Account %s was removed in the meantime. See 'valetkey status', or "
	    "add it again: valetkey add %s",
	    client->account, client->account);
}

bool client_still_there(const struct client *client)
{
	struct record now = {0};
	const char *id;
	bool same = false;

	if (account_read(client->account, &now, NULL) == VALETKEY_OK) {
		id = record_get(&now, "id");
		same = id && strcmp(id, client->id) == 0;
	}
	record_free(&now);
	return same;
}
