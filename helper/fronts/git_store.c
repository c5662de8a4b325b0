/* SPDX-License-Identifier: MIT */
/*
 * git_store.c - git's other credentials, which the helper keeps in the
 * keyring (ops.h: git_get, git_store, git_erase).
 */
#include "git.h"

#include "core/record.h"
#include "git_message.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

/* What names a credential; `secrets`: and what it is. */
static const char *const names[] = {"protocol", "path", "username", NULL};
static const char *const contents[] = {"password", "credential", "authtype",
				       "oauth_refresh_token", NULL};

static const char *git_store_field(const struct git_request *request,
				   const char *key)
{
	return record_get(&request->message, key);
}

static int add_fields(const struct git_request *request,
		      const char *const *keys, struct record *to)
{
	for (; *keys; keys++)
		if (git_field_add(to, *keys, git_store_field(request, *keys)))
			return -1;
	return 0;
}

static int add_server(const struct git_request *request, struct record *to)
{
	const char *host = git_store_field(request, "host");
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

static int git_store_start(const struct git_request *request, const char *op,
			   struct record *to)
{
	if (record_add(to, "op", op) || add_fields(request, names, to) ||
	    add_server(request, to))
		return cmd_fail(VALETKEY_ERR_NOMEM, "Out of memory.");
	return VALETKEY_OK;
}

static int incomplete(void)
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
	rc = rc ? cmd_fail(VALETKEY_ERR_NOMEM, "Out of memory.")
		: git_print(&answer);
	record_free(&answer);
	return rc;
}

int git_stored_get(const struct git_request *request, bool *answered)
{
	struct record ask = {0}, answer = {0};
	int rc;

	*answered = false;
	if (!git_store_field(request, "protocol") ||
	    !(git_store_field(request, "host") ||
	      git_store_field(request, "path")))
		return incomplete();
	rc = git_store_start(request, "git_get", &ask);
	if (!rc && request->authtype &&
	    record_add(&ask, "want_authtype", "1") != 0)
		rc = cmd_fail(VALETKEY_ERR_NOMEM, "Out of memory.");
	if (!rc)
		rc = git_call(&ask, &answer);
	if (!rc)
		rc = print_answer(&answer, answered);
	record_free(&ask);
	record_free(&answer);
	return rc;
}

/* ---- store and erase ---- */

int git_stored_store(const struct git_request *request)
{
	struct record ask = {0}, answer = {0};
	bool whole = (git_store_field(request, "username") &&
		      git_store_field(request, "password")) ||
		     (git_store_field(request, "authtype") &&
		      git_store_field(request, "credential"));
	int rc;

	if (!git_store_field(request, "protocol") || !whole ||
	    !(git_store_field(request, "host") ||
	      git_store_field(request, "path")))
		return incomplete();
	rc = git_store_start(request, "git_store", &ask);
	if (!rc &&
	    (add_fields(request, contents, &ask) || add_expiry(request, &ask)))
		rc = cmd_fail(VALETKEY_ERR_NOMEM, "Out of memory.");
	if (!rc)
		rc = git_call(&ask, &answer);
	record_free(&ask);
	record_free(&answer);
	return rc;
}

int git_stored_erase(const struct git_request *request)
{
	struct record ask = {0}, answer = {0};
	int rc = git_store_start(request, "git_erase", &ask);

	if (!rc && (git_field_add(&ask, "password",
				  git_store_field(request, "password")) ||
		    git_field_add(&ask, "credential",
				  git_store_field(request, "credential"))))
		rc = cmd_fail(VALETKEY_ERR_NOMEM, "Out of memory.");
	if (!rc)
		rc = git_call(&ask, &answer);
	record_free(&ask);
	record_free(&answer);
	return rc;
}
