/* SPDX-License-Identifier: MIT */
/*
 * op_discover.c - a provider's endpoints from its issuer: RFC 8414, whose path
 * goes between host and path, then OpenID Connect Discovery, whose goes behind.
 * The document must name the very issuer that was asked for (RFC 8414 3.3).
 */
#include "clock.h"
#include "json.h"
#include "net.h"
#include "ops.h"
#include "origin.h"
#include "valetkey.h"

#include <string.h>

#define LIMIT_MS 20000

/* Both places: https://host/.well-known/NAME/path and .../path/.well-known/NAME
 */
static int well_known(const char *issuer, bool openid, struct buf *url)
{
	const char *path = strchr(strstr(issuer, "://") + 3, '/');
	size_t host = path ? (size_t)(path - issuer) : strlen(issuer);
	size_t len = strlen(issuer);

	while (len > host && issuer[len - 1] == '/')
		len--;
	if (openid)
		return buf_add(url, issuer, len) ||
		       buf_str(url, "/.well-known/openid-configuration");
	return buf_add(url, issuer, host) ||
	       buf_str(url, "/.well-known/oauth-authorization-server") ||
	       buf_add(url, issuer + host, len - host);
}

static bool lists(const struct json *json, const char *key, const char *wanted)
{
	const char *value = NULL;

	while ((value = record_next(&json->strings, key, value)))
		if (strcmp(value, wanted) == 0)
			return true;
	return false;
}

static int take(struct job *job, const char *issuer, const struct json *json)
{
	static const char *const keys[] = {"issuer", "authorization_endpoint",
					   "token_endpoint",
					   "revocation_endpoint"};
	const char *methods = "token_endpoint_auth_methods_supported[]";
	const char *own = record_get(&json->strings, "issuer");
	char origin[ORIGIN_MAX];

	if (!own || strcmp(own, issuer) != 0)
		return problem_set(&job->problem, VALETKEY_ERR_DENIED,
				   "The server's metadata names another issuer "
				   "than %s, so it is not used. Is a slash at "
				   "the end missing or too much?",
				   issuer);
	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
		const char *value = record_get(&json->strings, keys[i]);

		if (value && origin_of(value, origin) != 0)
			return problem_set(&job->problem, VALETKEY_ERR_DENIED,
					   "The server's metadata has a %s "
					   "that is no https URL.",
					   keys[i]);
		if (record_add(&job->answer, keys[i], value))
			return problem_set(&job->problem, VALETKEY_ERR_NOMEM,
					   "Out of memory.");
	}
	/* RFC 8414 2: client_secret_basic is what an absent list means. */
	return record_add(&job->answer, "auth",
			  lists(json, methods, "client_secret_post")
			      ? "client_secret_post"
			      : "client_secret_basic")
		   ? VALETKEY_ERR_NOMEM
		   : VALETKEY_OK;
}

/* -1: nothing there, try the other place. */
static int fetch(struct job *job, const char *issuer, const char *url)
{
	const struct http_request request = {
	    .url = url,
	    .ca_file = record_get(&job->request, "ca_file"),
	    .deadline = deadline_in(LIMIT_MS),
	};
	const struct net *net = net_load(&job->problem);
	struct http_answer answer = {0};
	struct json json = {0};
	int rc;

	if (!net)
		return job->problem.result;
	rc = net->http_send(&request, &answer, &job->problem);
	if (!rc &&
	    (answer.status != 200 ||
	     json_parse(buf_text(&answer.body), answer.body.len, &json) != 0))
		rc = -1;
	if (!rc)
		rc = take(job, issuer, &json);
	json_free(&json);
	net->http_answer_free(&answer);
	return rc;
}

int op_discover(struct job *job)
{
	const char *issuer = record_get(&job->request, "issuer");
	char origin[ORIGIN_MAX];
	int rc = -1;

	if (!issuer || origin_of(issuer, origin) != 0 || strpbrk(issuer, "?#"))
		return problem_set(&job->problem, VALETKEY_ERR_ARG,
				   "The issuer must be a https URL without "
				   "query.");
	for (int openid = 0; rc == -1 && openid < 2; openid++) {
		struct buf url = {0};

		rc = well_known(issuer, openid, &url)
			 ? problem_set(&job->problem, VALETKEY_ERR_NOMEM,
				       "Out of memory.")
			 : fetch(job, issuer, url.data);
		buf_free(&url);
	}
	if (rc == -1)
		rc =
		    problem_set(&job->problem, VALETKEY_ERR_NETWORK,
				"%s has no metadata (RFC 8414 or OpenID). Give "
				"its endpoints: --authorization-endpoint and "
				"--token-endpoint.",
				issuer);
	return rc;
}
