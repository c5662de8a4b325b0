/* SPDX-License-Identifier: MIT */
/*
 * identity.c - see identity.h. Whatever a server says here goes no further than
 * a name for people and a value that is compared; the access token goes to the
 * UserInfo endpoint that the grant is pinned to (client_pin.c) and nowhere else.
 */
#include "identity.h"

#include "core/clock.h"
#include "core/scope.h"
#include "grant/kept_id_token.h"
#include "oauth/id_token.h"
#include <valetkey.h>

#include <string.h>
#include <strings.h>

#define USERINFO_LIMIT_MS 15000

struct person {
	char name[PROBLEM_QUOTE_MAX];	   /* "" while unknown */
	char id[ID_TOKEN_SUBJECT_MAX + 1]; /* the same */
};

static const char *identity_text_of(const struct record *record,
				    const char *key)
{
	const char *text = record_get(record, key);

	return text ? text : "";
}

/* ---- what a JSON object says ---- */

static void set_name(struct person *person, const char *name)
{
	if (!*person->name && name)
		problem_quote(person->name, name);
}

/* What cannot be compared whole is none. */
static void set_id(struct person *person, const char *id)
{
	size_t len = id ? strlen(id) : 0;

	if (!*person->id && len && len < sizeof(person->id) &&
	    text_plain(id, len))
		strcpy(person->id, id);
}

/* Fills in what is not known yet. An address that the provider has not verified
 * is anybody's. */
static void identity_look(const struct client *client, const struct json *json,
			  struct person *person)
{
	static const char *const usual[] = {"email", "preferred_username",
					    "name", NULL};
	const char *path = record_get(&client->config, "identity");
	const char *id = record_get(&client->config, "identity_id");
	bool unverified =
	    strcmp(identity_text_of(&json->scalars, "email_verified"),
		   "false") == 0;

	set_id(person, json_member(json, id ? id : "sub"));
	if (path)
		set_name(person, json_member(json, path));
	for (const char *const *key = usual; !path && *key; key++)
		if (!unverified || strcmp(*key, "email") != 0)
			set_name(person, record_get(&json->strings, *key));
}

/* ---- the ID token ---- */

static bool asked_for_openid(const struct identity_login *login)
{
	return scope_covers(login->scope, "openid");
}

/* One that nobody asked for is used if it is good; one that was asked for
 * must be. Without an issuer to compare it is worth nothing. */
static int read_id_token(const struct identity_login *login,
			 struct json *claims, struct problem *problem)
{
	const struct id_token_expect expect = {
	    .issuer = login->client->issuer,
	    .client_id = login->client->client_id,
	    .nonce = login->nonce,
	    .now = login->answer->date,
	};
	const char *token = record_get(&login->answer->fields, "id_token");
	struct problem ignored;
	int rc;

	if (!token || !expect.issuer)
		return VALETKEY_OK;
	if (asked_for_openid(login))
		return id_token_read(token, &expect, claims, problem);
	rc = id_token_read(token, &expect, claims, &ignored);
	if (rc)
		json_free(claims);
	return VALETKEY_OK;
}

/* ---- the UserInfo endpoint ---- */

static bool ask_userinfo(const struct identity_login *login, struct json *json)
{
	const struct client *client = login->client;
	const struct http_request request = {
	    .url = record_get(&client->config, "userinfo_endpoint"),
	    .bearer = record_get(&login->answer->fields, "access_token"),
	    .ca_file = client->ca_file,
	    .proxy = client->proxy,
	    .deadline = deadline_in(USERINFO_LIMIT_MS),
	};
	struct http_answer http = {0};
	struct problem ignored;
	const struct net *net = request.url ? net_load(&ignored) : NULL;
	bool good;

	if (!net)
		return false;
	good = net->http_send(&request, &http, &ignored) == 0 &&
	       http_success(http.status) &&
	       json_parse(buf_text(&http.body), http.body.len, json) == 0;
	net->http_answer_free(&http);
	return good;
}

/* Core 5.3.2: of somebody else than the ID token's it is not to be used. */
static void look_at_userinfo(const struct identity_login *login,
			     const struct json *claims, struct person *person)
{
	const char *subject = record_get(&claims->strings, "sub");
	struct json json = {0};

	if (ask_userinfo(login, &json) &&
	    (!subject ||
	     strcmp(identity_text_of(&json.strings, "sub"), subject) == 0))
		identity_look(login->client, &json, person);
	json_free(&json);
}

/* ---- all together ---- */

int identity_find(const struct identity_login *login, struct grant *grant,
		  struct problem *problem)
{
	const struct record *fields = &login->answer->fields;
	struct person person = {0};
	struct json claims = {0};
	int rc = read_id_token(login, &claims, problem);

	if (rc)
		goto out;
	if (claims.strings.pairs.len &&
	    kept_id_token_begin(fields, &claims, grant)) {
		rc = problem_no_memory(problem);
		goto out;
	}
	identity_look(login->client, &claims, &person);
	if (!*person.name || !*person.id)
		look_at_userinfo(login, &claims, &person);
	set_id(&person, record_get(fields, "identity_id"));
	set_name(&person, record_get(fields, "identity"));
	set_name(&person, *person.id ? person.id : NULL);
	set_id(&person, *person.name ? person.name : NULL);
	if (*person.id && (grant_set(&grant->identity, person.name) ||
			   grant_set(&grant->identity_id, person.id)))
		rc = problem_no_memory(problem);
out:
	json_free(&claims);
	return rc;
}

/* ---- somebody else ---- */

static int identity_refused(struct job *job, const struct client *client)
{
	return problem_set(&job->problem, VALETKEY_ERR_CANCELED,
			   "The new login was not kept; account %s is as it "
			   "was. To log in there as somebody else: valetkey "
			   "login %s --accept-change",
			   client->account, client->account);
}

static bool is_yes(const char *reply)
{
	return strcasecmp(reply, "y") == 0 || strcasecmp(reply, "yes") == 0;
}

static int ask_person(struct login *login, const struct grant *before,
		      const struct grant *grant)
{
	const struct client *client = login->client;
	struct job *job = login->job;
	struct buf reply = {0};
	int rc;

	job_info(job,
		 "Account %s is %s's, and you have logged in as %s. To do so "
		 "without being asked, run: valetkey login %s --accept-change",
		 client->account, before->identity ? before->identity : "",
		 grant->identity ? grant->identity : "", client->account);
	if (login->waiting)
		login->net->listener_reply(login->waiting, LISTENER_ASKING,
					   NULL);
	rc = job_ask(job, "Log in as somebody else from now on? [y/N]", &reply);
	if (!rc && is_yes(buf_text(&reply)))
		rc = VALETKEY_OK;
	else
		rc = identity_refused(job, client);
	buf_free(&reply);
	return rc;
}

bool identity_is_another(const struct grant *stored, const struct grant *grant)
{
	return stored->identity_id && grant->identity_id &&
	       strcmp(stored->identity_id, grant->identity_id) != 0;
}

int identity_check(struct login *login, const struct grant *grant)
{
	const struct client *client = login->client;
	struct job *job = login->job;
	struct grant stored = {0};
	bool found;
	int rc = grant_look(job, client, &stored, &found);

	if (!rc && stored.identity_id && !grant->identity_id)
		job_info(job,
			 "%s did not say this time who logged in; before it "
			 "was %s.",
			 client->provider_name,
			 stored.identity ? stored.identity : "");
	else if (!rc && identity_is_another(&stored, grant) &&
		 !login->options->accept_change)
		rc = ask_person(login, &stored, grant);
	grant_free(&stored);
	return rc;
}
