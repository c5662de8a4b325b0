/* SPDX-License-Identifier: MIT */
/*
 * proxy_env.c - see proxy_env.h. Nothing in here is worth anything to another
 * server: the secret is the proxy's own, and the client id is any word.
 */
#include "proxy_env.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CLIENT_ID "valetkey"

static int add_url(const struct proxy_env *env, struct buf *url)
{
	const struct proxy_guard *guard = env->guard;
	int rc = guard->port ? buf_fmt(url, "http://127.0.0.1:%u", guard->port)
			     : buf_str(url, "http://localhost");

	if (!rc && guard->in_path)
		rc = buf_fmt(url, "/%s", guard->secret);
	return rc;
}

/* "NAME=what": what stands for it. */
static int add_variable(const struct proxy_env *env, const char *pair,
			struct record *variables)
{
	size_t len = strcspn(pair, "=");
	const char *what = pair[len] ? pair + len + 1 : "";
	struct buf name = {0}, url = {0};
	const char *value = NULL;
	int rc = buf_add(&name, pair, len) || add_url(env, &url)
		     ? VALETKEY_ERR_NOMEM
		     : cmd_check_variable(buf_text(&name));

	if (strcmp(what, "url") == 0)
		value = buf_text(&url);
	else if (strcmp(what, "token") == 0 || strcmp(what, "secret") == 0)
		value = env->guard->secret;
	else if (strcmp(what, "id") == 0)
		value = CLIENT_ID;
	else if (!rc)
		rc = cmd_fail(VALETKEY_ERR_ARG,
			      "\"%s\" must be NAME=url, NAME=token, NAME=id or "
			      "NAME=secret.",
			      pair);
	if (!rc && record_set(variables, buf_text(&name), value))
		rc = VALETKEY_ERR_NOMEM;
	buf_free(&name);
	buf_free(&url);
	return rc;
}

static int add_list(const struct proxy_env *env, const struct record *from,
		    const char *key, struct record *variables)
{
	const char *pair = NULL;
	int rc = VALETKEY_OK;

	while (!rc && (pair = record_next(from, key, pair)))
		rc = add_variable(env, pair, variables);
	return rc;
}

int proxy_env_fill(const struct proxy_env *env, struct record *variables)
{
	int rc = add_variable(env, "VALETKEY_PROXY_URL=url", variables);

	if (!rc)
		rc = add_variable(env, "VALETKEY_PROXY_TOKEN=token", variables);
	if (!rc && record_add(variables, "VALETKEY_PROXY_SOCKET", env->socket))
		rc = VALETKEY_ERR_NOMEM;
	if (!rc)
		rc = add_list(env, &env->client->config, "proxy_env[]",
			      variables);
	return rc ? rc : add_list(env, &env->args->options, "env", variables);
}

int proxy_env_set(const struct record *variables)
{
	const char *name, *value;
	size_t at = 0;

	while ((name = record_each(variables, &at, &value)))
		if (setenv(name, value, 1) != 0)
			return VALETKEY_ERR_NOMEM;
	return VALETKEY_OK;
}

/* Only a socket's path may need quotes. */
static int add_assignment(struct buf *out, const char *name, const char *value)
{
	bool safe = !value[strspn(value, "abcdefghijklmnopqrstuvwxyz"
					 "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
					 "0123456789-._~+/=:")];
	int rc = buf_fmt(out, "%s=%s", name, safe ? value : "'");

	for (; !rc && !safe && *value; value++)
		rc = *value == '\'' ? buf_str(out, "'\\''")
				    : buf_char(out, *value);
	return rc || buf_str(out, safe ? "\n" : "'\n");
}

int proxy_env_print(const struct record *variables)
{
	struct buf out = {0};
	const char *name, *value;
	size_t at = 0;
	int rc = 0;

	while (!rc && (name = record_each(variables, &at, &value)))
		rc = add_assignment(&out, name, value);
	setvbuf(stdout, NULL, _IONBF, 0);
	if (!rc)
		fwrite(buf_text(&out), 1, out.len, stdout);
	buf_free(&out);
	return rc ? VALETKEY_ERR_NOMEM : cmd_flush();
}
