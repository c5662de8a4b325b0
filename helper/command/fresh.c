/* SPDX-License-Identifier: MIT */
/*
 * fresh.c - before a login: endpoints that were looked up more than a day ago
 * are looked up again. What is as before is good for another day; what has
 * changed is told and taken over only where the person says so; a server that
 * does not answer leaves us with what is known.
 */
#include "client/client.h"
#include "command.h"
#include "core/account.h"
#include "terminal.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define DAY_S 86400
#define DISCOVER_S 50
#define PROMISE "authorization_response_iss_parameter_supported"

/* What a change of is told. One that the account had not is no change: what is
 * pinned to it would be lost for something that worked without. */
static const char *const watched[] = {"authorization_endpoint",
				      "token_endpoint",
				      "revocation_endpoint",
				      "device_authorization_endpoint",
				      "pushed_authorization_request_endpoint",
				      "userinfo_endpoint",
				      PROMISE,
				      NULL};

static bool is_due(const struct record *keys)
{
	int64_t age = time(NULL) - record_get_int(keys, "metadata_at", 0);

	return record_get(keys, "metadata_at") && record_get(keys, "issuer") &&
	       (age < 0 || age > DAY_S);
}

static int look_up(const struct record *keys, struct record *found)
{
	const char *grant = record_get(keys, "grant");
	bool machine = grant && strcmp(grant, "client_credentials") == 0;
	struct record request = {0};
	struct cmd_call call = {
	    .request = &request, .answer = found, .timeout_s = DISCOVER_S};
	int rc = VALETKEY_ERR_NOMEM;

	if (record_add(&request, "op", "discover") == 0 &&
	    record_add(&request, "issuer", record_get(keys, "issuer")) == 0 &&
	    record_add(&request, "ca_file", record_get(keys, "ca_file")) == 0 &&
	    record_add(&request, "proxy", record_get(keys, "proxy")) == 0 &&
	    record_add(&request, "auth", record_get(keys, "auth")) == 0 &&
	    record_add(&request, "machine", machine ? "1" : NULL) == 0)
		rc = cmd_call(&call);
	record_free(&request);
	return rc;
}

/* Into `changes`, an empty value for what is there no more; says each. */
static int compare(const struct record *keys, const struct record *found,
		   struct record *changes)
{
	int rc = 0;

	for (const char *const *key = watched; *key && !rc; key++) {
		const char *before = record_get(keys, *key);
		const char *now = record_get(found, *key);

		if (!before || (now && strcmp(before, now) == 0))
			continue;
		terminal_say(TERMINAL_WARNING,
			     "The server's metadata has changed: %s was %s and "
			     "is %s.\n",
			     *key, before, now ? now : "no longer there");
		rc = record_add(changes, *key, now ? now : "");
	}
	return rc ? VALETKEY_ERR_NOMEM : VALETKEY_OK;
}

/* By a secret, a key or a certificate; Basic is the default. */
static bool proves_itself(const struct record *keys)
{
	const char *auth = record_get(keys, "auth");

	return !auth || strcmp(auth, "none") != 0;
}

/* A secret never goes anywhere but where it was added for. */
static int refuse(const char *account, const struct record *keys)
{
	if (proves_itself(keys))
		return cmd_fail(VALETKEY_ERR_LOGIN,
				"The client of %s was added for the old one. "
				"If the provider has announced this change, "
				"run: valetkey remove %s, then valetkey add %s",
				account, account, account);
	return cmd_fail(VALETKEY_ERR_LOGIN,
			"If the provider has announced this change, run: "
			"valetkey login %s --accept-change",
			account);
}

/* A promise that is new makes us stricter, and needs nobody's leave. */
static int take_over(const char *account, const struct record *keys,
		     const struct record *found, struct record *changes)
{
	bool changed = changes->pairs.len != 0;
	int rc;

	if (record_add_int(changes, "metadata_at", time(NULL)) ||
	    (!record_get(keys, PROMISE) &&
	     record_add(changes, PROMISE, record_get(found, PROMISE))))
		return VALETKEY_ERR_NOMEM;
	rc = cmd_account_change(account, changes);
	if (rc && changed)
		return cmd_fail(rc, "The file of account %s cannot be written.",
				account);
	return VALETKEY_OK;
}

int cmd_fresh(const char *account, bool accept)
{
	struct record keys = {0}, found = {0}, changes = {0};
	int rc = VALETKEY_OK;

	if (account_read(account, &keys, NULL) != VALETKEY_OK || !is_due(&keys))
		goto out;
	rc = look_up(&keys, &found);
	if (rc == VALETKEY_ERR_NETWORK || rc == VALETKEY_ERR_TIMEOUT ||
	    (rc == VALETKEY_ERR_DENIED && accept)) {
		terminal_say(TERMINAL_WARNING,
			     "The endpoints of %s could not be looked up "
			     "again; the known ones are used.\n",
			     account);
		rc = VALETKEY_OK;
		goto out;
	}
	if (!rc)
		rc = compare(&keys, &found, &changes);
	if (!rc && changes.pairs.len && !(accept && !proves_itself(&keys)))
		rc = refuse(account, &keys);
	if (!rc)
		rc = take_over(account, &keys, &found, &changes);
out:
	record_free(&keys);
	record_free(&found);
	record_free(&changes);
	return rc;
}
