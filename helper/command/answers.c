/* SPDX-License-Identifier: MIT */
/*
 * answers.c - what options and the person say about a client: its secret, and
 * what goes into the account's file, checked to survive there.
 */
#include "client/client.h"
#include "command.h"
#include "core/origin.h"
#include "terminal.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

/* ---- secrets ---- */

/* Takes the client secret: typed without echo, or read from a descriptor.
 * Never from argv or the environment, where others can read it. */

#define SECRET_MAX 4096

int cmd_secret_source(const struct cmd_args *args, int *fd)
{
	*fd = -1;
	if (cmd_option(args, "client-secret"))
		return cmd_fail(VALETKEY_ERR_ARG,
				"A secret on the command line can be read by "
				"every user of this computer, so it is not "
				"taken. Use --secret-stdin, and change the "
				"secret that was just shown.");
	return cmd_option_descriptor(args, "secret", fd);
}

int cmd_secret_read(int fd, const char *what, size_t max, struct buf *secret)
{
	ssize_t n;

	do {
		if (buf_reserve(secret, max))
			return VALETKEY_ERR_NOMEM;
		n = read(fd, secret->data + secret->len, max);
		if (n > 0)
			secret->len += (size_t)n;
		if (secret->len > max)
			return cmd_fail(VALETKEY_ERR_ARG,
					"%s is longer than %zu bytes.", what,
					max);
	} while (n > 0 || (n < 0 && errno == EINTR));
	if (n < 0)
		return cmd_fail(VALETKEY_ERR_ARG, "%s cannot be read: %s.",
				what, strerror(errno));
	secret->data[secret->len] = '\0';
	while (secret->len && strchr("\r\n", secret->data[secret->len - 1]))
		secret->data[--secret->len] = '\0';
	return VALETKEY_OK;
}

static int check_client_secret(const struct buf *secret)
{
	if (!secret->len)
		return cmd_fail(VALETKEY_ERR_ARG,
				"The client secret is empty.");
	if (!text_plain(secret->data, secret->len))
		return cmd_fail(VALETKEY_ERR_ARG,
				"The client secret must be one line without "
				"control characters.");
	return VALETKEY_OK;
}

/* A slip of the fingers costs another question, not the whole walk. */
static int ask_client_secret(int fd, struct buf *secret)
{
	int rc;

	do
		rc = terminal_ask_secret(fd, "Client secret (not shown)",
					 secret);
	while (!rc && check_client_secret(secret));
	return rc;
}

int cmd_secret_take(const struct cmd_adding *adding, int fd, struct buf *secret)
{
	int rc;

	buf_clear(secret);
	if (adding->no_secret)
		return VALETKEY_OK;
	if (fd < 0 && adding->person)
		return ask_client_secret(STDIN_FILENO, secret);
	if (fd >= 0 && isatty(fd))
		return ask_client_secret(fd, secret);
	if (fd < 0)
		return cmd_fail(VALETKEY_ERR_ARG,
				"The client secret is missing. Give it with "
				"--secret-stdin or --secret-fd N.");
	rc = cmd_secret_read(fd, "The client secret", SECRET_MAX, secret);
	return rc ? rc : check_client_secret(secret);
}

/* ---- options and questions ---- */

int cmd_answers_option(const struct cmd_args *args, const char *option,
		       const char **value)
{
	size_t len;

	*value = cmd_option(args, option);
	if (!*value)
		return VALETKEY_OK;
	len = strlen(*value);
	if (len && (**value == ' ' || (*value)[len - 1] == ' '))
		return cmd_fail(VALETKEY_ERR_ARG,
				"--%s must not begin or end with a space.",
				option);
	if (!text_plain(*value, len))
		return cmd_fail(VALETKEY_ERR_ARG,
				"--%s must not contain control characters.",
				option);
	return VALETKEY_OK;
}

int cmd_answers_yes(const char *question, bool *yes)
{
	struct buf answer = {0};
	int rc = terminal_ask(question, &answer);

	*yes = !rc && (strcasecmp(buf_text(&answer), "y") == 0 ||
		       strcasecmp(buf_text(&answer), "yes") == 0);
	buf_free(&answer);
	return rc;
}

int cmd_answers_agreed(const struct cmd_args *args, const char *question)
{
	bool yes = cmd_option(args, "yes") != NULL;
	int rc = VALETKEY_OK;

	if (!yes && !terminal_person())
		return cmd_fail(VALETKEY_ERR_ARG,
				"Nothing was changed: valetkey asks before it "
				"does this, and there is no terminal to ask "
				"at. Run: valetkey %s %s --yes",
				args->verb->name, args->account);
	if (!yes)
		rc = cmd_answers_yes(question, &yes);
	if (rc == VALETKEY_ERR_CANCELED || (!rc && !yes))
		rc = cmd_fail(VALETKEY_ERR_CANCELED, "Nothing was changed.");
	return rc;
}

/* ---- into the account's keys ---- */

static int take_endpoint(struct cmd_adding *adding, const char *key)
{
	char option[32], origin[ORIGIN_MAX];
	const char *url;
	size_t i = 0;

	for (; i < sizeof(option) - 1 && key[i]; i++)
		option[i] = key[i] == '_' ? '-' : key[i];
	option[i] = '\0';
	url = cmd_option(adding->args, option);
	if (!url)
		return VALETKEY_OK;
	if (origin_of(url, origin) != 0)
		return cmd_fail(VALETKEY_ERR_ARG,
				"--%s must be an https URL (http only for this "
				"computer itself).",
				option);
	return record_set(&adding->keys, key, url) ? VALETKEY_ERR_NOMEM
						   : VALETKEY_OK;
}

/* The one that was typed before, if any, is the answer to an empty line. */
static int ask_client_id(const char *before, struct buf *answer)
{
	struct buf question = {0};
	int rc = VALETKEY_OK;

	if (buf_str(&question, "Client ID") ||
	    (before && buf_fmt(&question, " [%s]", before)))
		rc = VALETKEY_ERR_NOMEM;
	while (!rc && !answer->len) {
		rc = terminal_ask(question.data, answer);
		if (!rc && !answer->len && before && buf_str(answer, before))
			rc = VALETKEY_ERR_NOMEM;
	}
	buf_free(&question);
	return rc;
}

int cmd_answers_client_id(struct cmd_adding *adding)
{
	const char *id;
	struct buf answer = {0};
	int rc = cmd_answers_option(adding->args, "client-id", &id);

	if (!rc && !id && !adding->person)
		return cmd_fail(VALETKEY_ERR_ARG,
				"Which client? Give it: --client-id ID%s.",
				record_get(&adding->keys, "metadata_at") &&
					!record_get(&adding->keys, "mcp")
				    ? "; or have the server register one, if "
				      "it supports that: --register"
				    : "");
	if (!rc && !id)
		rc = ask_client_id(record_get(&adding->keys, "client_id"),
				   &answer);
	if (!rc &&
	    record_set(&adding->keys, "client_id", id ? id : buf_text(&answer)))
		rc = VALETKEY_ERR_NOMEM;
	buf_free(&answer);
	return rc;
}

static int take_resources(struct cmd_adding *adding)
{
	const struct record *options = &adding->args->options;
	const char *uri = NULL;

	while ((uri = record_next(options, "resource-indicator", uri))) {
		if (!client_resource_ok(uri))
			return cmd_fail(VALETKEY_ERR_ARG,
					"--resource-indicator must be an "
					"absolute URI without a fragment.");
		if (record_add(&adding->keys, "resource[]", uri))
			return VALETKEY_ERR_NOMEM;
	}
	return VALETKEY_OK;
}

/* The account's file has it as an absolute path: a login comes from anywhere. */
static int take_file(const char *option, const char *path, struct buf *absolute)
{
	char *here = *path == '/' ? NULL : getcwd(NULL, 0);
	int rc = here ? buf_fmt(absolute, "%s/%s", here, path)
		      : buf_str(absolute, path);

	free(here);
	if (rc)
		return VALETKEY_ERR_NOMEM;
	if (access(path, R_OK) != 0)
		return cmd_fail(VALETKEY_ERR_ARG, "--%s %s cannot be read: %s.",
				option, path, strerror(errno));
	return VALETKEY_OK;
}

/* Whether a key of the account's file can have this value. */
static int check_key_value(int judge(const char *, struct problem *),
			   const char *value)
{
	struct problem problem = {0};
	int rc = judge(value, &problem);

	return rc ? cmd_fail(rc, "--%s", problem.text) : VALETKEY_OK;
}

/* How the servers are reached, and the files that this takes. */
static int take_reach(struct cmd_adding *adding)
{
	static const struct {
		const char *option;
		const char *key;
		bool path;
	} all[] = {{"ca-file", "ca_file", true},
		   {"client-key", "client_key", true},
		   {"client-certificate", "client_certificate", true},
		   {"client-key-id", "client_key_id", false},
		   {"proxy", "proxy", false}};
	const char *value;
	int rc = VALETKEY_OK;

	for (size_t i = 0; i < sizeof(all) / sizeof(*all) && !rc; i++) {
		struct buf path = {0};

		rc = cmd_answers_option(adding->args, all[i].option, &value);
		if (!rc && value && all[i].path)
			rc = take_file(all[i].option, value, &path);
		if (!rc && record_add(&adding->keys, all[i].key,
				      path.len ? path.data : value))
			rc = VALETKEY_ERR_NOMEM;
		buf_free(&path);
	}
	if (!rc)
		rc = check_key_value(client_check_proxy,
				     record_get(&adding->keys, "proxy"));
	return rc;
}

/* A key or a certificate that is given is there to be used. */
static int take_auth(struct cmd_adding *adding)
{
	const char *auth;
	int rc = cmd_answers_option(adding->args, "auth", &auth);

	if (!rc)
		rc = check_key_value(client_check_auth, auth);
	if (!rc && !auth && record_get(&adding->keys, "client_certificate"))
		auth = auth_method_name(AUTH_TLS_CLIENT_AUTH);
	else if (!rc && !auth && record_get(&adding->keys, "client_key"))
		auth = auth_method_name(AUTH_PRIVATE_KEY_JWT);
	if (rc || !auth)
		return rc;
	adding->no_secret = !auth_method_has_secret(auth_method_of(auth));
	return record_add(&adding->keys, "auth", auth) ? VALETKEY_ERR_NOMEM
						       : VALETKEY_OK;
}

/* No is what is usual: the key goes, or is not written. */
static int take_keepalive(struct cmd_adding *adding)
{
	const char *value = cmd_option(adding->args, "keepalive");

	if (!value)
		return VALETKEY_OK;
	if (strcmp(value, "yes") != 0 && strcmp(value, "no") != 0)
		return cmd_fail(VALETKEY_ERR_ARG,
				"--keepalive must be yes or no.");
	if (*value == 'n' && adding->args->verb == &cmd_add)
		return VALETKEY_OK;
	return record_add(&adding->keys, "keepalive",
			  *value == 'y' ? value : "")
		   ? VALETKEY_ERR_NOMEM
		   : VALETKEY_OK;
}

/* RFC 8252 7.3: the port is any, and said in each request. Without one it would be
 * 80, which nobody means. */
static int check_redirect_port(const struct cmd_args *args)
{
	const char *uri = cmd_option(args, "redirect-uri");
	char origin[ORIGIN_MAX];
	size_t len;

	if (!uri || strncmp(uri, "http://", 7) != 0 ||
	    origin_of(uri, origin) != 0)
		return VALETKEY_OK;
	len = 7 + (uri[7] == '[' ? strcspn(uri + 7, "]") + 1
				 : strcspn(uri + 7, ":/"));
	if (uri[len] == ':')
		return VALETKEY_OK;
	return cmd_fail(VALETKEY_ERR_ARG,
			"The redirect URI has no port. Give the one that is "
			"registered; or, if none is, any free one: "
			"--redirect-uri '%.*s:{port}%s'",
			(int)len, uri, uri + len);
}

int cmd_answers_overrides(struct cmd_adding *adding)
{
	static const char *const keys[] = {
	    "authorization_endpoint", "token_endpoint",
	    "device_authorization_endpoint", "revocation_endpoint", NULL};
	const char *host = NULL;
	char origin[ORIGIN_MAX];
	int rc = VALETKEY_OK;

	for (const char *const *key = keys; *key && !rc; key++)
		rc = take_endpoint(adding, *key);
	if (!rc)
		rc = check_redirect_port(adding->args);
	if (!rc)
		rc = take_reach(adding);
	if (!rc)
		rc = take_auth(adding);
	if (!rc)
		rc = take_keepalive(adding);
	while (!rc &&
	       (host = record_next(&adding->args->options, "host", host)))
		if (origin_of_resource(host, origin) != 0)
			rc = cmd_fail(VALETKEY_ERR_ARG,
				      "--host must be an https URL (http only "
				      "for this computer itself), or one of a "
				      "mail or directory server: imaps, smtps, "
				      "pop3s, ldaps.");
		else if (record_add(&adding->keys, "hosts[]", origin))
			rc = VALETKEY_ERR_NOMEM;
	if (!rc)
		rc = take_resources(adding);
	return rc;
}
