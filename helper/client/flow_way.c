/* SPDX-License-Identifier: MIT */
/*
 * flow_way.c - see flow_way.h.
 */
#include "flow_way.h"

#include <valetkey.h>

#include <string.h>

static const char *const names[] = {[FLOW_WAY_CODE] = "code",
				    [FLOW_WAY_PASTE] = "paste",
				    [FLOW_WAY_DEVICE] = "device"};

const char *flow_way_name(enum flow_way way)
{
	return names[way];
}

static bool way_is_possible(const struct client *client, enum flow_way way)
{
	const char *uri = client->redirect_uri;
	bool code = client->grant_type == GRANT_TYPE_AUTHORIZATION_CODE;

	if (way == FLOW_WAY_DEVICE)
		return client->device_authorization_endpoint != NULL;
	if (way == FLOW_WAY_CODE)
		return code && uri && strncmp(uri, "http://", 7) == 0;
	return code;
}

static int refuse_way(const struct client *client, enum flow_way way,
		      struct problem *problem)
{
	if (way == FLOW_WAY_DEVICE)
		return problem_set(problem, VALETKEY_ERR_ARG,
				   "%s has no device_authorization_endpoint "
				   "that account %s knows of. Run: valetkey "
				   "login %s --flow %s",
				   client->provider_name, client->account,
				   client->account,
				   names[way_is_possible(client, FLOW_WAY_CODE)
					     ? FLOW_WAY_CODE
					     : FLOW_WAY_PASTE]);
	if (client->grant_type != GRANT_TYPE_AUTHORIZATION_CODE)
		return problem_set(
		    problem, VALETKEY_ERR_ARG,
		    "The client of account %s is only for the device flow.",
		    client->account);
	return problem_set(problem, VALETKEY_ERR_ARG,
			   "The redirect_uri of account %s is not on this "
			   "machine. Run: valetkey login %s --flow paste",
			   client->account, client->account);
}

static int way_named(const char *word, enum flow_way *way,
		     struct problem *problem)
{
	char quoted[PROBLEM_QUOTE_MAX];

	for (*way = FLOW_WAY_CODE; *way <= FLOW_WAY_DEVICE; ++*way)
		if (strcmp(names[*way], word) == 0)
			return VALETKEY_OK;
	return problem_set(
	    problem, VALETKEY_ERR_ARG,
	    "\"%s\" is not a flow: choose code, paste or device.",
	    problem_quote(quoted, word));
}

/* The best that works, if nobody has said anything. */
static enum flow_way best_way(const struct client *client,
			      const struct flow_wish *wish)
{
	if (!way_is_possible(client, FLOW_WAY_PASTE) ||
	    (wish->remote && way_is_possible(client, FLOW_WAY_DEVICE)))
		return FLOW_WAY_DEVICE;
	if (!way_is_possible(client, FLOW_WAY_CODE) ||
	    (wish->remote && wish->typing))
		return FLOW_WAY_PASTE;
	return FLOW_WAY_CODE;
}

int flow_way_pick(const struct client *client, const struct flow_wish *wish,
		  enum flow_way *way, struct problem *problem)
{
	const char *word = wish->word;
	int rc = VALETKEY_OK;

	if (!word)
		word = record_get(&client->config, "flow");
	*way = best_way(client, wish);
	if (word)
		rc = way_named(word, way, problem);
	if (!rc && !way_is_possible(client, *way))
		rc = refuse_way(client, *way, problem);
	return rc;
}
