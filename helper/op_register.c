/* SPDX-License-Identifier: MIT */
/*
 * op_register.c - registers a client at a server that lets anybody do so (RFC
 * 7591). What the server answers holds, not what was asked for (3.2.1): a client
 * that could not be used as asked is told, not kept. The secret goes from the
 * answer into the keyring and nowhere else.
 */
#include "clock.h"
#include "json.h"
#include "net.h"
#include "ops.h"
#include "origin.h"
#include "registration.h"
#include "scope.h"
#include "text.h"
#include "valetkey.h"

#include <string.h>

#define LIMIT_MS 30000
#define VALUE_MAX 4096

/* One registration on its way. */
struct registering {
	struct job *job;
	struct record keys; /* of the account's file, as they come to be */
	struct json json;   /* the server's answer */
	struct record item; /* for the keyring */
};

static int no_memory(struct registering *reg)
{
	return problem_set(&reg->job->problem, VALETKEY_ERR_NOMEM,
			   "Out of memory.");
}

/* ---- asking ---- */

/* RFC 8252 7.3: a loopback redirect URI is registered without its port. */
static int add_redirect(struct record *body, const char *uri)
{
	const char *port = uri ? strstr(uri, ":{port}") : NULL;
	struct buf plain = {0};
	int rc;

	if (!port)
		return record_add(body, "redirect_uris[]", uri);
	rc = buf_add(&plain, uri, (size_t)(port - uri)) ||
	     buf_str(&plain, port + strlen(":{port}")) ||
	     record_add(body, "redirect_uris[]", plain.data);
	buf_free(&plain);
	return rc;
}

static int add_scope(struct record *body, const struct record *keys)
{
	const char *scope = record_get(keys, "scope");
	const char *offline = record_get(keys, "offline_scope");
	struct buf both = {0};
	int rc = (scope && buf_str(&both, scope)) ||
		 (offline && both.len && buf_char(&both, ' ')) ||
		 (offline && buf_str(&both, offline)) ||
		 record_add(body, "scope", both.data);

	buf_free(&both);
	return rc;
}

/* RFC 7591 2, OpenID Connect Dynamic Client Registration 2. */
static int make_body(const struct registering *reg, struct buf *out)
{
	const struct record *request = &reg->job->request;
	const char *redirect = record_get(request, "redirect_uri");
	const char *grant = NULL;
	struct record body = {0};
	int rc =
	    record_add(&body, "client_name", "valetkey") ||
	    record_add(&body, "application_type", "native") ||
	    record_add(&body, "token_endpoint_auth_method",
		       record_get(request, "auth")) ||
	    add_redirect(&body, redirect) ||
	    record_add(&body, "response_types[]", redirect ? "code" : NULL) ||
	    add_scope(&body, request);

	while (!rc && (grant = record_next(request, "grant_types[]", grant)))
		rc = record_add(&body, "grant_types[]", grant);
	rc = rc || json_write(&body, NULL, out);
	record_free(&body);
	return rc;
}

static int refused(struct registering *reg, long status)
{
	const struct record *strings = &reg->json.strings;
	char error[PROBLEM_QUOTE_MAX], detail[PROBLEM_QUOTE_MAX];

	if (status == 401 || status == 403)
		return problem_set(
		    &reg->job->problem, VALETKEY_ERR_DENIED,
		    "The server registers no clients for everybody (HTTP %ld). "
		    "Register one by hand on its pages and give it: "
		    "--client-id ID.",
		    status);
	if (status >= 500 || status == 429)
		return problem_set(&reg->job->problem, VALETKEY_ERR_NETWORK,
				   "The server did not register a client (HTTP "
				   "%ld). Try again later.",
				   status);
	problem_quote(error, record_get(strings, "error"));
	problem_quote(detail, record_get(strings, "error_description"));
	return problem_set(&reg->job->problem, VALETKEY_ERR_DENIED,
			   "The server did not register a client (HTTP %ld%s%s"
			   "%s%s). Register one by hand on its pages and give "
			   "it: --client-id ID.",
			   status, *error ? ", " : "", error,
			   *detail ? ": " : "", detail);
}

static int ask(struct registering *reg)
{
	struct job *job = reg->job;
	struct buf body = {0};
	const struct http_request request = {
	    .url = record_get(&job->request, "registration_endpoint"),
	    .form = &body,
	    .json = true,
	    .ca_file = record_get(&job->request, "ca_file"),
	    .proxy = record_get(&job->request, "proxy"),
	    .deadline = deadline_in(LIMIT_MS),
	};
	const struct net *net = net_load(&job->problem);
	struct http_answer answer = {0};
	int rc;

	if (!net)
		return job->problem.result;
	rc = make_body(reg, &body)
		 ? no_memory(reg)
		 : net->http_send(&request, &answer, &job->problem);
	if (!rc &&
	    json_parse(buf_text(&answer.body), answer.body.len, &reg->json))
		json_free(&reg->json);
	if (!rc && !http_success(answer.status))
		rc = refused(reg, answer.status);
	buf_free(&body);
	net->http_answer_free(&answer);
	return rc;
}

/* ---- taking ---- */

static const char *text_of(const struct registering *reg, const char *key)
{
	const char *value = record_get(&reg->json.strings, key);

	return value && *value && strlen(value) <= VALUE_MAX &&
		       text_plain(value, strlen(value))
		   ? value
		   : NULL;
}

static bool lists(const struct registering *reg, const char *key,
		  const char *wanted)
{
	const char *value = NULL;

	if (!record_get(&reg->json.strings, key))
		return true; /* as asked for */
	while ((value = record_next(&reg->json.strings, key, value)))
		if (strcmp(value, wanted) == 0)
			return true;
	return false;
}

static int not_as_asked(struct registering *reg, const char *what)
{
	return problem_set(&reg->job->problem, VALETKEY_ERR_DENIED,
			   "The server registered a client that cannot be "
			   "used: its %s not what was asked for. Register one "
			   "by hand and give it: --client-id ID.",
			   what);
}

/* RFC 7591 2: client_secret_basic is what no word on it means, if there is a
 * secret. */
static const char *auth_of(const struct registering *reg)
{
	const char *auth = text_of(reg, "token_endpoint_auth_method");
	const char *asked = record_get(&reg->keys, "auth");

	if (!auth)
		auth = asked ? asked : "client_secret_basic";
	return !text_of(reg, "client_secret") &&
		       strncmp(auth, "client_secret_", 14) == 0
		   ? "none"
		   : auth;
}

static int check(struct registering *reg)
{
	struct record asked = {0};
	const char *uri, *grant = record_get(&reg->keys, "grant");
	int rc = VALETKEY_OK;

	if (!text_of(reg, "client_id"))
		return problem_set(&reg->job->problem, VALETKEY_ERR_NETWORK,
				   "The server's answer to the registration "
				   "has no client id (RFC 7591 3.2.1).");
	if (add_redirect(&asked, record_get(&reg->keys, "redirect_uri")))
		rc = no_memory(reg);
	uri = record_get(&asked, "redirect_uris[]");
	if (!rc && uri && !lists(reg, "redirect_uris[]", uri))
		rc = not_as_asked(reg, "redirect URI is");
	if (!rc && grant && !lists(reg, "grant_types[]", grant))
		rc = not_as_asked(reg, "grant types are");
	record_free(&asked);
	return rc;
}

/* RFC 7592: with these the registration can be deleted one day. The token goes
 * to the server that gave it alone. */
static int keep_management(struct registering *reg)
{
	const char *uri = text_of(reg, "registration_client_uri");
	const char *token = text_of(reg, "registration_access_token");
	const char *endpoint =
	    record_get(&reg->job->request, "registration_endpoint");
	char origin[ORIGIN_MAX];

	if (!uri || !token || origin_of(endpoint, origin) != 0 ||
	    !origin_is(uri, origin) || !text_visible(token, strlen(token)))
		return VALETKEY_OK;
	return record_add(&reg->item, "registration_client_uri", uri) ||
	       record_add(&reg->item, "registration_access_token", token);
}

/* What of our scopes it allows; the more it may give by itself is not asked. */
static int take_scope(struct registering *reg)
{
	const char *allowed = text_of(reg, "scope");
	const char *at = record_get(&reg->keys, "scope");
	struct buf scope = {0};
	int rc = 0;

	if (!allowed || !at || scope_covers(allowed, at))
		return 0;
	while (!rc && *at) {
		size_t len = strcspn(at, " ");
		struct buf word = {0};

		rc = buf_add(&word, at, len) ||
		     (scope_covers(allowed, word.data) &&
		      scope_add(&scope, word.data));
		buf_free(&word);
		at += len + strspn(at + len, " ");
	}
	if (!rc && scope.len)
		rc = record_add(&reg->job->answer, "scope", scope.data);
	buf_free(&scope);
	return rc;
}

static int take(struct registering *reg)
{
	struct record *answer = &reg->job->answer;
	const char *secret = text_of(reg, "client_secret");
	const char *auth = auth_of(reg);
	int64_t until =
	    record_get_int(&reg->json.scalars, "client_secret_expires_at", 0);
	int rc = check(reg);

	if (rc)
		return rc;
	if (strncmp(auth, "client_secret_", 14) != 0)
		secret = NULL;
	if (record_add(answer, "client_id", text_of(reg, "client_id")) ||
	    record_add(answer, "auth", auth) ||
	    (secret && until > 0 &&
	     record_add_int(answer, "client_secret_expires_at", until)) ||
	    take_scope(reg) ||
	    record_add(&reg->item, "client_secret", secret) ||
	    record_add(&reg->item, "proof", secret ? "accepted" : "none") ||
	    keep_management(reg))
		return no_memory(reg);
	return VALETKEY_OK;
}

/* The account as its file will have it: what its secrets are pinned to. */
static int store(struct registering *reg)
{
	struct job *job = reg->job;
	const char *name = record_get(&job->request, "account");
	struct client client = {0};
	const char *key, *value;
	size_t at = 0;
	int rc = VALETKEY_OK;

	while (!rc && (key = record_each(&job->answer, &at, &value)))
		if (record_set(&reg->keys, key, value))
			rc = no_memory(reg);
	if (!rc)
		rc = client_from_record(name ? name : "", &reg->keys, &client,
					&job->problem);
	if (!rc)
		rc = registration_save_item(job, &client, &reg->item);
	client_free(&client);
	return rc;
}

int op_register(struct job *job)
{
	struct registering reg = {.job = job};
	const char *url = record_get(&job->request, "registration_endpoint");
	char origin[ORIGIN_MAX];
	int rc = VALETKEY_OK;

	if (!url || origin_of(url, origin) != 0)
		return problem_set(&job->problem, VALETKEY_ERR_ARG,
				   "The registration_endpoint must be an https "
				   "URL.");
	/* The keyring first: what the server makes is to be kept. */
	if (!job_store(job))
		return job->problem.result;
	rc = store_writable(job->store, &job->problem);
	if (!rc && record_append(&reg.keys, &job->request))
		rc = no_memory(&reg);
	record_remove(&reg.keys, "registration_endpoint");
	record_remove(&reg.keys, "grant_types[]");
	if (!rc)
		rc = ask(&reg);
	if (!rc)
		rc = take(&reg);
	if (!rc)
		rc = store(&reg);
	json_free(&reg.json);
	record_free(&reg.keys);
	record_free(&reg.item);
	return rc;
}
