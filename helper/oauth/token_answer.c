/* SPDX-License-Identifier: MIT */
/*
 * token_answer.c - see token_answer.h. Trusts nothing: what comes in is judged
 * member by member, and whatever else is wrong, a refresh token that supersedes
 * ours is not lost.
 */
#include "token_answer.h"

#include "answer_body.h"
#include "core/scope.h"
#include "token_error.h"
#include <valetkey.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

/* ---- an answer without a token ---- */

static const struct error_advice known[] = {
    {"invalid_grant", VALETKEY_ERR_LOGIN, "", ""},
    {"invalid_scope", VALETKEY_ERR_SCOPE,
     " Asked for: ASKED. Tick these scopes at the provider, or ask for others.",
     " To change them, run: valetkey edit ACCOUNT --scope SCOPES"},
    {"invalid_client", VALETKEY_ERR_DENIED,
     " Check the client id, the client secret or key (and this "
     "computer's clock), and the instance.",
     " To change one, run: valetkey edit ACCOUNT --secret-stdin, --client-id "
     "ID "
     "or --instance CODE"},
    {"invalid_target", VALETKEY_ERR_DENIED, " It does not know this resource.",
     " To name another, run: valetkey edit ACCOUNT --resource-indicator URI"},
    {"unauthorized_client", VALETKEY_ERR_DENIED,
     " Check which grant types are ticked at the provider.", ""},
    {NULL, VALETKEY_ERR_DENIED, "", ""},
};

static int token_answer_refused(const struct client *client,
				const struct json *json,
				struct token_answer *answer,
				struct problem *problem)
{
	const char *name = token_error_name(json);
	const char *text = token_error_text(json);
	char code[PROBLEM_QUOTE_MAX], detail[PROBLEM_QUOTE_MAX];
	char next[ERROR_ADVICE_MAX];
	const struct error_advice *advice;

	*answer->name = '\0';
	strncat(answer->name, name ? name : "", sizeof(answer->name) - 1);
	*answer->error = '\0';
	strncat(answer->error,
		token_error_meaning(&client->config, answer->name),
		sizeof(answer->error) - 1);
	advice = error_advice_find(known, answer->error);
	problem_quote(code, name ? name : "with an error");
	error_detail(detail, text == name ? "" : text);
	return problem_set(problem, advice->result, "%s answered %s%s%s.%s",
			   client->provider_name, code, *detail ? ": " : "",
			   detail, error_advice_next(next, advice, client));
}

/* From somebody in between, or from another server than one thinks. */
static int strange_answer(const struct client *client,
			  const struct token_answer *answer,
			  struct problem *problem)
{
	char host[PROBLEM_QUOTE_MAX];

	if (*answer->moved_to)
		return problem_set(
		    problem, VALETKEY_ERR_NETWORK,
		    "The answer from %s (HTTP %ld) is not an OAuth answer but "
		    "a redirect to %s, which is not followed: it would carry "
		    "secrets there. Is it this network's login page? Log in "
		    "there. Has the provider moved? Then fix token_endpoint.",
		    client->provider_name, answer->status,
		    problem_quote(host, answer->moved_to));
	if (answer->web_page)
		return problem_set(
		    problem, VALETKEY_ERR_NETWORK,
		    "The answer from %s (HTTP %ld) is not an OAuth answer but "
		    "a web page. Is it this network's login page, or a "
		    "proxy's? Open any page in the browser to see, then try "
		    "again; otherwise check token_endpoint.",
		    client->provider_name, answer->status);
	return problem_set(problem, VALETKEY_ERR_NETWORK,
			   "The answer from %s (HTTP %ld) is not an OAuth "
			   "answer. Is a proxy or a login page in between?",
			   client->provider_name, answer->status);
}

/* What a status without a usable OAuth answer means. */
static int token_answer_no_answer(const struct client *client,
				  const struct token_answer *answer,
				  struct problem *problem)
{
	int rc = error_of_state(client, answer->status, problem);

	if (rc)
		return rc;
	if (answer->status == 404 || answer->status == 405)
		return problem_set(problem, VALETKEY_ERR_NETWORK,
				   "There is no token endpoint at %s (HTTP "
				   "%ld). Check the instance.",
				   client->token_endpoint, answer->status);
	return strange_answer(client, answer, problem);
}

int token_error_set(const struct client *client, const struct json *json,
		    struct token_answer *answer, struct problem *problem)
{
	if (json && token_error_is(json, answer->status))
		return token_answer_refused(client, json, answer, problem);
	return token_answer_no_answer(client, answer, problem);
}

#define TOKEN_MAX 32000
#define ID_TOKEN_MAX (64u << 10)
#define LIFETIME_MAX (10LL * 365 * 24 * 3600)
#define KEY_MAX 256
#define WHITE " \t\r\n"

/* The members that hold the tokens: of the answer, or of its member `path`. */
struct members {
	const struct json *json;
	const char *path; /* "": the answer's own */
};

static void member_key(const struct members *members, const char *name,
		       char key[KEY_MAX])
{
	snprintf(key, KEY_MAX, "%s%s%s", members->path,
		 *members->path ? "." : "", name);
}

static const char *string(const struct members *members, const char *name)
{
	char key[KEY_MAX];

	member_key(members, name, key);
	return record_get(&members->json->strings, key);
}

static const char *token_answer_number(const struct members *members,
				       const char *name)
{
	char key[KEY_MAX];

	member_key(members, name, key);
	return json_member(members->json, key);
}

/* Something inside the member: an object's with '.', an array's with '['. */
static bool is_inside(const struct record *record, const char *path, char begin)
{
	size_t len = strlen(path), at = 0;
	const char *key, *value;

	while ((key = record_each(record, &at, &value)))
		if (strncmp(key, path, len) == 0 && key[len] == begin)
			return true;
	return false;
}

/* An answer to a refresh may be without the member that holds the tokens of a
 * login: then they are the answer's own. */
static struct members find_members(const struct client *client,
				   const struct json *json)
{
	const char *path = record_get(&client->config, "token_path");
	struct members members = {json, ""};

	if (path && *path && strlen(path) < KEY_MAX / 2 &&
	    (is_inside(&json->strings, path, '.') ||
	     is_inside(&json->scalars, path, '.')))
		members.path = path;
	return members;
}

/* RFC 6749 3.3, A.17. */
static bool words_ok(const char *text)
{
	return text_printable(text, strlen(text));
}

/* ---- the refresh token ---- */

/* No server issues one of these names: one that writes them has none to give.
 */
static bool is_no_token(const char *text)
{
	return !text[strspn(text, WHITE)] || strcmp(text, "null") == 0 ||
	       strcmp(text, "undefined") == 0;
}

/* NULL: none. */
static const char *refresh_token_of(const struct members *members)
{
	const char *text = string(members, "refresh_token");

	return text && !is_no_token(text) ? text : NULL;
}

/* With spaces, but not at the ends, because the keyring's item would lose
 * them. */
static bool refresh_token_ok(const char *text)
{
	size_t len = strlen(text);

	return len && len <= TOKEN_MAX && words_ok(text) && *text != ' ' &&
	       text[len - 1] != ' ';
}

/* A success in which nothing is where it should be: in a member that we do not
 * know. */
static bool is_refresh_token_elsewhere(const struct members *members)
{
	const struct json *json = members->json;
	const char *token = string(members, "access_token"), *key, *value;
	size_t at = 0;

	if (text_word(token, TOKEN_MAX) || token_error_is(json, 200))
		return false;
	while ((key = record_each(&json->strings, &at, &value))) {
		const char *last = strrchr(key, '.');

		if (strcmp(last ? last + 1 : key, "refresh_token") == 0 &&
		    !is_no_token(value))
			return true;
	}
	return false;
}

static enum refresh_verdict find_refresh_token(const struct members *members,
					       const char **token)
{
	const char *text = refresh_token_of(members);

	*token = NULL;
	if (!text)
		return is_refresh_token_elsewhere(members) ? REFRESH_UNREADABLE
							   : REFRESH_NOTHING;
	if (!refresh_token_ok(text)) /* it can be none, and was read */
		return REFRESH_NOTHING;
	*token = text;
	return REFRESH_NEW;
}

/* Whatever else is wrong with a success, the token that supersedes the one that
 * was sent must not be lost. */
static int take_refresh_token(const struct members *members,
			      struct token_answer *answer)
{
	const char *refresh;

	find_refresh_token(members, &refresh);
	return record_add(&answer->fields, "refresh_token", refresh);
}

enum refresh_verdict token_answer_refresh(const struct client *client,
					  const struct buf *body, bool whole,
					  struct buf *token)
{
	bool word = memmem(buf_text(body), body->len, "refresh_token",
			   strlen("refresh_token"));
	struct json json = {0};
	enum record_error error = answer_body_read(body, whole, &json);
	struct members members = find_members(client, &json);
	const char *text;
	enum refresh_verdict verdict = find_refresh_token(&members, &text);

	/* Of a broken one what came before the break counts. */
	if (whole && error && word && verdict == REFRESH_NOTHING)
		verdict = REFRESH_UNREADABLE;
	if (!whole && verdict == REFRESH_UNREADABLE)
		verdict = REFRESH_NOTHING;
	if (error == RECORD_NOMEM || (text && buf_str(token, text)))
		verdict = word ? REFRESH_UNREADABLE : REFRESH_NOTHING;
	json_free(&json);
	return verdict;
}

/* ---- lifetime ---- */

static bool unit_is(const struct client *client, const char *name)
{
	return record_is(&client->config, "expires_in_unit", name);
}

/* In seconds: what is not one or more counts as over, ten years as for ever. */
static int64_t token_answer_lifetime_of(const struct client *client,
					const char *text, int64_t now)
{
	double lifetime = strtod(text, NULL);

	if (unit_is(client, "ms"))
		lifetime /= 1000;
	else if (unit_is(client, "at"))
		lifetime -= (double)now;
	if (!(lifetime >= 1))
		return 1;
	return lifetime > LIFETIME_MAX ? LIFETIME_MAX : (int64_t)lifetime;
}

static int take_lifetime(const struct client *client,
			 const struct members *members,
			 struct token_answer *answer)
{
	const char *text = NULL;
	int64_t usual;

	if (unit_is(client, "at"))
		text = token_answer_number(members, "expires_at");
	if (!text)
		text = token_answer_number(members, "expires_in");
	if (text)
		return record_add_int(
		    &answer->fields, "expires_in",
		    token_answer_lifetime_of(client, text, answer->date));
	usual = record_get_int(&client->config, "expires_in", -1);
	if (usual > LIFETIME_MAX)
		usual = LIFETIME_MAX;
	return usual >= 0 ? record_add_int(&answer->fields, "expires_in", usual)
			  : 0;
}

/* Of the refresh token: no standard names it, but several providers do. 0: it has
 * no end. A Unix time is nothing that anybody tells here. */
static int take_refresh_lifetime(const struct client *client,
				 const struct members *members,
				 struct token_answer *answer)
{
	const char *text =
	    token_answer_number(members, "refresh_token_expires_in");

	if (!text)
		text = token_answer_number(members, "refresh_expires_in");
	if (!text || unit_is(client, "at"))
		return 0;
	return record_add_int(&answer->fields, "refresh_expires_in",
			      strtod(text, NULL) > 0
				  ? token_answer_lifetime_of(client, text, 0)
				  : 0);
}

/* ---- scope ---- */

/* With spaces between. The provider's own separator counts, and commas do if
 * there is no space: servers that want spaces have been seen to answer so. */
static int token_answer_add_words(const struct client *client, const char *text,
				  struct buf *scope)
{
	const char *own = record_get(&client->config, "scope_separator");
	const char separators[] = {' ', own && *own ? *own : ' ',
				   strchr(text, ' ') ? ' ' : ',', '\0'};
	struct buf words = {0};
	int rc = buf_str(&words, text);

	for (size_t i = 0; !rc && i < words.len; i++)
		if (strchr(separators, words.data[i]))
			words.data[i] = ' ';
	rc = rc || scope_add(scope, words.data);
	buf_free(&words);
	return rc;
}

/* What is not a scope says nothing to us, and must not keep a grant from being
 * stored. */
static int take_scope(const struct client *client,
		      const struct members *members,
		      struct token_answer *answer)
{
	const char *text = string(members, "scope"), *word = NULL;
	struct buf scope = {0};
	char key[KEY_MAX];
	int rc = 0;

	member_key(members, "scope[]", key);
	if (text && !words_ok(text))
		return 0;
	if (text)
		rc = token_answer_add_words(client, text, &scope);
	while (!rc && !text &&
	       (word = record_next(&members->json->strings, key, word)))
		if (words_ok(word))
			rc = token_answer_add_words(client, word, &scope);
	if (!rc && (text || scope.len))
		rc = record_add(&answer->fields, "scope", buf_text(&scope));
	buf_free(&scope);
	return rc;
}

/* ---- the rest ---- */

/* Without the white space around it. */
static bool type_is(const char *type, const char *name)
{
	size_t len = strlen(type);

	while (len && strchr(WHITE, type[len - 1]))
		len--;
	return strlen(name) == len && strncasecmp(type, name, len) == 0;
}

/* RFC 6749 7.1: a type that we do not know is not used. */
static int check_type(const struct client *client,
		      const struct members *members, struct problem *problem)
{
	const char *type = token_answer_number(members, "token_type"),
		   *name = NULL;
	char quoted[PROBLEM_QUOTE_MAX];

	type = type ? type + strspn(type, WHITE) : "";
	if (!*type || type_is(type, "Bearer"))
		return VALETKEY_OK;
	while ((name = record_next(&client->config, "token_type[]", name)))
		if (type_is(type, name))
			return VALETKEY_OK;
	problem_quote(quoted, type);
	return problem_set(problem, VALETKEY_ERR_DENIED,
			   "%s gave a token of the type \"%s\"; only Bearer is "
			   "used. If the provider means a Bearer token by it, "
			   "write 'token_type[]=%s' into the provider's file, "
			   "or into the account's.",
			   client->provider_name, quoted, quoted);
}

/* A file that was changed must not have a secret shown as a person's name. */
static bool names_secret(const char *path)
{
	const char *last = strrchr(path, '.');

	return strstr(last ? last : path, "token") ||
	       strstr(last ? last : path, "secret");
}

/* Who logged in, as far as this answer tells and the provider's data say where:
 * identity.c judges it. */
static int take_identity(const struct client *client,
			 const struct members *members,
			 struct token_answer *answer)
{
	static const char *const keys[] = {"identity", "identity_id"};
	const struct members all = {members->json, ""};
	const char *text = string(members, "id_token");
	int rc = 0;

	if (!text)
		text = string(&all, "id_token");
	if (text_word(text, ID_TOKEN_MAX))
		rc = record_add(&answer->fields, "id_token", text) ||
		     record_add_int(&answer->fields, "id_token_date",
				    answer->date);
	for (size_t i = 0; !rc && i < sizeof(keys) / sizeof(*keys); i++) {
		const char *path = record_get(&client->config, keys[i]);

		if (path && !names_secret(path))
			rc = record_add(&answer->fields, keys[i],
					token_answer_number(&all, path));
	}
	return rc;
}

/* Takes what we use of a success, after a look at each (RFC 6749 5.1, 7.1). */
static int token_answer_take_fields(const struct client *client,
				    const struct members *members,
				    struct token_answer *answer,
				    struct problem *problem)
{
	const char *token = string(members, "access_token");
	const char *refresh = refresh_token_of(members);
	int rc;

	if (!text_word(token, TOKEN_MAX) ||
	    (refresh && !refresh_token_ok(refresh)))
		return token_error_set(client, members->json, answer, problem);
	rc = check_type(client, members, problem);
	if (rc)
		return rc;
	if (record_add(&answer->fields, "access_token", token) ||
	    take_scope(client, members, answer) ||
	    take_lifetime(client, members, answer) ||
	    take_refresh_lifetime(client, members, answer) ||
	    take_identity(client, members, answer))
		return problem_no_memory(problem);
	return VALETKEY_OK;
}

/* The host alone; the rest may carry anything. */
static void note_redirect(const char *location, struct token_answer *answer)
{
	const char *host = strstr(location, "://");
	const char *end, *at;
	size_t len;

	*answer->moved_to = '\0';
	if (!*location)
		return;
	host = host ? host + 3 : "";
	end = host + strcspn(host, "/?#");
	while ((at = memchr(host, '@', (size_t)(end - host))))
		host = at + 1;
	len = (size_t)(end - host);
	snprintf(answer->moved_to, sizeof(answer->moved_to), "%.*s",
		 len ? (int)len : 100, len ? host : "another path there");
}

static void note_http(const struct http_answer *http,
		      struct token_answer *answer)
{
	answer->status = http->status;
	answer->retry_after_s = http->retry_after_s;
	answer->date = http->date ? http->date : time(NULL);
	answer->web_page = strcmp(http->content_type, "text/html") == 0;
	note_redirect(http->status / 100 == 3 ? http->location : "", answer);
}

static int no_content(const struct client *client,
		      const struct http_answer *http, struct problem *problem)
{
	return problem_set(
	    problem, VALETKEY_ERR_NETWORK,
	    "The answer from %s (HTTP %ld) is empty, so there is no token in "
	    "it. Try again; if it happens again, check token_endpoint: %s",
	    client->provider_name, http->status, client->token_endpoint);
}

int token_answer_read(const struct client *client,
		      const struct http_answer *http,
		      struct token_answer *answer, struct problem *problem)
{
	struct json json = {0};
	struct members members;
	enum record_error error;
	int rc;

	note_http(http, answer);
	error = answer_body_read(&http->body, true, &json);
	members = find_members(client, &json);
	if ((http_success(http->status) &&
	     take_refresh_token(&members, answer)) ||
	    error == RECORD_NOMEM)
		rc = problem_no_memory(problem);
	else if (http_success(http->status) && answer_body_empty(&http->body))
		rc = no_content(client, http, problem);
	else if (error)
		rc = token_error_set(client, NULL, answer, problem);
	else if (http_success(http->status) &&
		 !token_error_is(&json, http->status))
		rc =
		    token_answer_take_fields(client, &members, answer, problem);
	else
		rc = token_error_set(client, &json, answer, problem);
	json_free(&json);
	return rc;
}

void token_answer_free(struct token_answer *answer)
{
	record_free(&answer->fields);
}
