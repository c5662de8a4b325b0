/* SPDX-License-Identifier: MIT */
/*
 * git_store.c - git's other credentials, which the helper keeps in the
 * keyring (ops.h: git_get, git_store, git_erase).
 */
#include "git.h"

#include "core/record.h"
#include "git_message.h"

#include <time.h>

/* What names a credential, beside its server; all that it is; and what only it
 * has. */
static const char *const names[] = {"protocol", "path", "username", NULL};
static const char *const contents[] = {"password", "credential", "authtype",
				       "oauth_refresh_token", NULL};
static const char *const secrets[] = {"password", "credential", NULL};

static const char *message_field(const struct git_request *request,
				 const char *key)
{
	return record_get(&request->message, key);
}

static int add_fields(const struct git_request *request,
		      const char *const *keys, struct record *to)
{
	for (; *keys; keys++)
		if (git_field_add(to, *keys, message_field(request, *keys)))
			return -1;
	return 0;
}

static int add_server(const struct git_request *request, struct record *to)
{
	const char *host = message_field(request, "host");
	struct buf server = {0}, port = {0};
	int rc = 0;

	if (!host)
		return 0;
	rc = git_message_server(host, &server, &port) ||
	     git_field_add(to, "server", buf_text(&server)) ||
	     (port.len && git_field_add(to, "port", port.data));
	buf_free(&server);
	buf_free(&port);
	return rc;
}

/* The earlier of what git says and of --timeout; a password that came with an
 * expiry of ours is stored again with that one. */
static int add_expiry(const struct git_request *request, struct record *to)
{
	int64_t at =
	    record_get_int(&request->message, "password_expiry_utc", 0);
	int64_t ours =
	    request->timeout_s ? (int64_t)time(NULL) + request->timeout_s : 0;

	if (ours && (at <= 0 || ours < at))
		at = ours;
	return at > 0 ? record_add_int(to, "password_expiry_utc", at) : 0;
}

static int start_stored(const struct git_request *request, const char *op,
			struct record *to)
{
	if (record_add(to, "op", op) || add_fields(request, names, to) ||
	    add_server(request, to))
		return VALETKEY_ERR_NOMEM;
	return VALETKEY_OK;
}

/* Whether git says what the credential is for. */
static bool has_place(const struct git_request *request)
{
	return message_field(request, "protocol") &&
	       (message_field(request, "host") ||
		message_field(request, "path"));
}

static int fail_incomplete(void)
{
	return cmd_fail(VALETKEY_ERR_ARG,
			"git's request does not say what it is about.");
}

/* ---- get ---- */

static int add_answer(const struct record *from, const char *key,
		      struct record *to)
{
	struct buf value = {0};
	bool found;
	int rc = git_field_get(from, key, &value, &found);

	if (!rc && found)
		rc = record_add(to, key, buf_text(&value));
	buf_free(&value);
	return rc;
}

static int print_answer(const struct record *from, bool *answered)
{
	static const char *const keys[] = {
	    "authtype", "credential",	       "username",
	    "password", "password_expiry_utc", "oauth_refresh_token"};
	struct record answer = {0};
	int rc = record_get(from, "credential")
		     ? record_add(&answer, "capability[]", "authtype")
		     : 0;

	for (size_t i = 0; !rc && i < sizeof(keys) / sizeof(*keys); i++)
		rc = add_answer(from, keys[i], &answer);
	*answered = answer.pairs.len != 0;
	rc = rc ? VALETKEY_ERR_NOMEM : git_print(&answer);
	record_free(&answer);
	return rc;
}

int git_stored_get(const struct git_request *request, bool *answered)
{
	struct record ask = {0}, answer = {0};
	int rc;

	*answered = false;
	if (!has_place(request))
		return fail_incomplete();
	rc = start_stored(request, "git_get", &ask);
	if (!rc && request->authtype && record_add(&ask, "want_authtype", "1"))
		rc = VALETKEY_ERR_NOMEM;
	if (!rc)
		rc = git_call(&ask, &answer);
	if (!rc)
		rc = print_answer(&answer, answered);
	record_free(&ask);
	record_free(&answer);
	return rc;
}

/* ---- store and erase ---- */

static int tell_helper(struct record *ask)
{
	struct record answer = {0};
	int rc = git_call(ask, &answer);

	record_free(&answer);
	return rc;
}

int git_stored_store(const struct git_request *request)
{
	struct record ask = {0};
	bool whole = (message_field(request, "username") &&
		      message_field(request, "password")) ||
		     (message_field(request, "authtype") &&
		      message_field(request, "credential"));
	int rc;

	if (!whole || !has_place(request))
		return fail_incomplete();
	rc = start_stored(request, "git_store", &ask);
	if (!rc &&
	    (add_fields(request, contents, &ask) || add_expiry(request, &ask)))
		rc = VALETKEY_ERR_NOMEM;
	if (!rc)
		rc = tell_helper(&ask);
	record_free(&ask);
	return rc;
}

int git_stored_erase(const struct git_request *request)
{
	struct record ask = {0};
	int rc = start_stored(request, "git_erase", &ask);

	if (!rc && add_fields(request, secrets, &ask))
		rc = VALETKEY_ERR_NOMEM;
	if (!rc)
		rc = tell_helper(&ask);
	record_free(&ask);
	return rc;
}
