/* SPDX-License-Identifier: MIT */
/*
 * registration_answer.c - see registration_answer.h. What the server answers holds, not what was
 * asked for (RFC 7591 3.2.1).
 */
#include "registration_answer.h"

#include "core/origin.h"
#include "core/scope.h"
#include "core/text.h"
#include "crypto/crypto.h"
#include "grant/registration.h"
#include "json/json.h"
#include "net/net.h"
#include <valetkey.h>

#include <string.h>

#define VALUE_MAX 4096
#define ENDPOINT "registration_endpoint"

/* An answer on its way into the keyring. */
struct registering {
	struct job *job;
	const struct adding *adding;
	struct record keys; /* of the account's file, as they come to be */
	struct json json;   /* the server's answer */
	struct record *item;
};

static const char *answer_text(const struct registering *reg, const char *key)
{
	const char *value = record_get(&reg->json.strings, key);

	return value && *value && strlen(value) <= VALUE_MAX &&
		       text_plain(value, strlen(value))
		   ? value
		   : NULL;
}

/* The redirect URI with this instead of its ":{port}". */
static int fill_port(const char *uri, const char *port, struct buf *out)
{
	const char *mark = strstr(uri, ":{port}");

	if (!mark)
		return buf_str(out, uri);
	return buf_add(out, uri, (size_t)(mark - uri)) ||
	       (port && buf_fmt(out, ":%s", port)) ||
	       buf_str(out, mark + strlen(":{port}"));
}

int registration_answer_redirect(struct record *body, const struct record *keys)
{
	const char *uri = record_get(keys, "redirect_uri");
	struct buf filled = {0};
	int rc;

	if (!uri)
		return 0;
	rc = fill_port(uri, record_get(keys, "redirect_port"), &filled) ||
	     record_add(body, "redirect_uris[]", filled.data);
	buf_free(&filled);
	return rc;
}

static bool answer_lists(const struct registering *reg, const char *key,
			 const char *wanted)
{
	return !record_get(&reg->json.strings, key) || /* as asked for */
	       record_has(&reg->json.strings, key, wanted);
}

/* A server to which the port means nothing may take it away. */
static bool lists_redirect(const struct registering *reg)
{
	const char *uri = record_get(&reg->keys, "redirect_uri");
	const char *ports[] = {record_get(&reg->keys, "redirect_port"), NULL};
	bool listed = !uri;

	for (size_t i = 0; i < 2 && !listed; i++) {
		struct buf filled = {0};

		listed = fill_port(uri, ports[i], &filled) == 0 &&
			 answer_lists(reg, "redirect_uris[]", filled.data);
		buf_free(&filled);
	}
	return listed;
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
	const char *auth = answer_text(reg, "token_endpoint_auth_method");
	const char *asked = record_get(&reg->keys, "auth");

	if (!auth)
		auth =
		    asked ? asked : auth_method_name(AUTH_CLIENT_SECRET_BASIC);
	return !answer_text(reg, "client_secret") &&
		       auth_method_has_secret(auth_method_of(auth))
		   ? auth_method_name(AUTH_NONE)
		   : auth;
}

static int check_answered(struct registering *reg)
{
	const char *grant = record_get(&reg->keys, "grant");

	if (!answer_text(reg, "client_id"))
		return problem_set(&reg->job->problem, VALETKEY_ERR_NETWORK,
				   "The server's answer to the registration "
				   "has no client id (RFC 7591 3.2.1).");
	if (!lists_redirect(reg))
		return not_as_asked(reg, "redirect URI is");
	if (grant && !answer_lists(reg, "grant_types[]", grant))
		return not_as_asked(reg, "grant types are");
	return VALETKEY_OK;
}

/* RFC 7592: with these the registration can be deleted one day. The token goes
 * to the server that gave it alone. */
static int keep_management(struct registering *reg)
{
	const char *uri = answer_text(reg, "registration_client_uri");
	const char *token = answer_text(reg, "registration_access_token");
	const char *endpoint = record_get(&reg->adding->keys, ENDPOINT);
	char origin[ORIGIN_MAX];

	if (!uri || !token || origin_of(endpoint, origin) != 0 ||
	    !origin_is(uri, origin) || !text_visible(token, strlen(token)))
		return VALETKEY_OK;
	return record_set(reg->item, "registration_client_uri", uri) ||
	       record_set(reg->item, "registration_access_token", token) ||
	       record_set(reg->item, "pin.ca_file",
			  record_get(&reg->keys, "ca_file"));
}

/* What of our scopes it allows; the more it may give by itself is not asked. */
static int take_allowed_scope(struct registering *reg)
{
	const char *allowed = answer_text(reg, "scope");
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

static int read_answered(struct registering *reg)
{
	struct record *answer = &reg->job->answer;
	const char *secret = answer_text(reg, "client_secret");
	const char *auth = auth_of(reg);
	int64_t until =
	    record_get_int(&reg->json.scalars, "client_secret_expires_at", 0);
	int rc = keep_management(reg) ? problem_no_memory(&reg->job->problem)
				      : check_answered(reg);

	if (rc)
		return rc;
	if (!auth_method_has_secret(auth_method_of(auth)))
		secret = NULL;
	if (record_add(answer, "client_id", answer_text(reg, "client_id")) ||
	    record_add(answer, "auth", auth) ||
	    (secret && until > 0 &&
	     record_add_int(answer, "client_secret_expires_at", until)) ||
	    take_allowed_scope(reg) ||
	    record_set(reg->item, "client_secret", secret) ||
	    record_set(reg->item, "proof", secret ? "accepted" : "none"))
		return problem_no_memory(&reg->job->problem);
	return VALETKEY_OK;
}

/* The account as its file will have it: what its secrets are pinned to. */
static int store_item(struct registering *reg)
{
	struct client client = {0};
	int rc = client_from_record(reg->adding->account, &reg->keys, &client,
				    &reg->job->problem);

	if (!rc)
		rc = registration_save_item(reg->job, &client, reg->item);
	client_free(&client);
	return rc;
}

static int add_answered_keys(struct registering *reg)
{
	const char *key, *value;
	size_t at = 0;

	while ((key = record_each(&reg->job->answer, &at, &value)))
		if (record_set(&reg->keys, key, value))
			return problem_no_memory(&reg->job->problem);
	return VALETKEY_OK;
}

static int make_account(struct registering *reg)
{
	int rc = read_answered(reg);

	if (!rc)
		rc = add_answered_keys(reg);
	if (!rc)
		rc = store_item(reg);
	if (!rc)
		rc = adding_commit(reg->job, reg->adding, &reg->keys);
	if (rc)
		registration_end_item(reg->item,
				      record_get(&reg->keys, "proxy"));
	return rc;
}

int registration_answer_take(struct job *job, const struct adding *adding,
			     struct record *item, const struct buf *body)
{
	struct registering reg = {.job = job, .adding = adding, .item = item};
	int rc = VALETKEY_OK;

	if (record_append(&reg.keys, &adding->keys))
		rc = problem_no_memory(&job->problem);
	record_remove(&reg.keys, ENDPOINT);
	record_remove(&reg.keys, "grant_types[]");
	if (!rc && json_parse(buf_text(body), body->len, &reg.json))
		json_free(&reg.json);
	if (!rc)
		rc = make_account(&reg);
	json_free(&reg.json);
	record_free(&reg.keys);
	return rc;
}

/* ---- what a run before has left ---- */

static const char seal_name[] = "seal";

static int save_seal(struct job *job, const struct adding *adding,
		     const struct record *item)
{
	const struct store_key key = {
	    .kind = STORE_CLIENT,
	    .id = adding->id,
	    .account = adding->account,
	    .provider = "custom",
	};

	if (!job_store(job))
		return job->problem.result;
	return store_save(job->store, &key, item, &job->problem);
}

int registration_answer_prepare(struct job *job, const struct adding *adding,
				struct record *item)
{
	struct buf seal = {0};
	int rc = VALETKEY_OK;

	if (crypto_random(&seal) || record_add(item, seal_name, seal.data))
		rc = problem_no_memory(&job->problem);
	if (!rc)
		rc = save_seal(job, adding, item);
	buf_free(&seal);
	return rc;
}

void registration_answer_park(const struct adding *adding,
			      const struct record *item, const struct buf *body)
{
	const char *seal = record_get(item, seal_name);
	struct sealer *sealer = NULL;
	struct buf sealed = {0};

	if (seal && sealer_open(seal, &sealer) == 0 &&
	    sealer_seal(sealer, body, &sealed) == 0)
		adding_keep_answer(adding, &sealed);
	sealer_close(sealer);
	buf_free(&sealed);
}

bool registration_answer_resume(struct job *job, const struct adding *adding)
{
	const struct store_key key = {.kind = STORE_CLIENT, .id = adding->id};
	struct buf sealed = {0}, body = {0};
	struct record item = {0};
	const char *seal;
	bool found, done = false;

	if (!record_get(&adding->keys, ENDPOINT) ||
	    !adding_read_answer(adding, &sealed) || !job_store(job))
		goto out;
	if (store_load(job->store, &key, &item, &found, &job->problem) == 0 &&
	    (seal = record_get(&item, seal_name)) &&
	    seal_open(seal, &sealed, &body) == 0)
		done = registration_answer_take(job, adding, &item, &body) == 0;
out:
	record_free(&item);
	buf_free(&sealed);
	buf_free(&body);
	return done;
}
