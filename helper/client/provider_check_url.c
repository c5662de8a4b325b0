/* SPDX-License-Identifier: MIT */
/*
 * provider_check_url.c - whether a value is the URL that its key takes. Templates
 * are filled in by provider_resolve() itself, with a host and words that stand
 * for any, so that what passes here works in earnest.
 */
#include "client.h"
#include "core/origin.h"
#include "core/problem.h"
#include "provider.h"
#include "provider_check.h"

#include <stdio.h>
#include <string.h>

#define ANY_HOST "https://host.example"

/* The parameters with a value each, into `keys` too. */
static int copy_parameters(const struct record *provider, struct record *mini,
			   struct record *keys)
{
	struct provider_parameter parameter;
	const char *line = NULL;
	char key[sizeof(parameter.name) + 10];
	int rc = 0;

	while (!rc && (line = record_next(provider, "parameter[]", line))) {
		if (!provider_parameter_read(line, &parameter))
			continue;
		snprintf(key, sizeof(key), "parameter.%s", parameter.name);
		rc = record_add(mini, "parameter[]", line) ||
		     record_add(keys, key, "any");
	}
	return rc;
}

/* The URL with its templates filled in. */
static int fill_in(struct provider_check *check, const char *url,
		   struct buf *filled)
{
	struct record mini = {0}, keys = {0}, resolved = {0};
	bool instances = record_get(&check->provider, "instance[]") ||
			 record_get(&check->provider, "instance_domain[]");
	const struct provider_choice choice = {
	    NULL, instances ? ANY_HOST : NULL, &keys};
	struct problem ignored = {0};
	int rc = copy_parameters(&check->provider, &mini, &keys) ||
		 record_add(&mini, "url", url) ||
		 provider_resolve(&mini, &choice, &resolved, &ignored);

	if (!rc && record_get(&resolved, "url"))
		rc = buf_str(filled, record_get(&resolved, "url"));
	record_free(&mini);
	record_free(&keys);
	record_free(&resolved);
	return rc;
}

static const char *why_no_url(const struct provider_check *check,
			      const char *url, const char *filled)
{
	char origin[ORIGIN_MAX];

	if (origin_of(filled, origin) == 0 && !strchr(filled, '{'))
		return NULL;
	if (strncmp(filled, "http://", 7) == 0)
		return "must be https; http is only for this computer itself";
	if (strstr(filled, "{origin}"))
		return "has {origin}, but there is no instance[] or "
		       "instance_domain[] to choose";
	if (!strchr(filled, '{'))
		return "must be a clean https URL";
	if (strchr(url, '{') && record_get(&check->provider, "parameter[]"))
		return "has a {word} that no parameter[] names, or one in the "
		       "host, where parameters are not filled in";
	return "has a {word} that no parameter[] names";
}

const char *provider_judge_endpoint(struct provider_check *check,
				    const struct provider_line *line)
{
	struct buf filled = {0};
	const char *why = NULL;

	if (fill_in(check, line->value, &filled))
		check->no_memory = true;
	else
		why = why_no_url(check, line->value, buf_text(&filled));
	buf_free(&filled);
	return why;
}

const char *provider_judge_origin(struct provider_check *check,
				  const struct provider_line *line)
{
	const char *why = provider_judge_endpoint(check, line);
	const char *path = strstr(line->value, "://");

	path = strchr(path ? path + 3 : line->value, '/');
	if (!why && path && path[1])
		why = "is an origin: only https://host, its path means nothing";
	return why;
}

const char *provider_judge_link(struct provider_check *check,
				const struct provider_line *line)
{
	char origin[ORIGIN_MAX];

	(void)check;
	return origin_of(line->value, origin) == 0 ? NULL
						   : "must be an https page";
}

const char *provider_judge_uri(struct provider_check *check,
			       const struct provider_line *line)
{
	(void)check;
	return client_resource_ok(line->value)
		   ? NULL
		   : "must be an absolute URI without a fragment";
}

/* As client.c wants it: loopback with a port, or an https page. */
const char *provider_judge_redirect(struct provider_check *check,
				    const struct provider_line *line)
{
	struct buf filled = {0}, url = {0};
	char origin[ORIGIN_MAX] = "";
	const char *uri, *port, *why = NULL;
	int rc = fill_in(check, line->value, &filled);

	uri = buf_text(&filled);
	port = strstr(uri, "{port}");
	if (rc ||
	    buf_add(&url, uri, port ? (size_t)(port - uri) : strlen(uri)) ||
	    (port && buf_fmt(&url, "1024%s", port + strlen("{port}"))))
		check->no_memory = true;
	else if (origin_of(url.data, origin) != 0)
		why = "must be http://127.0.0.1 or http://localhost, or an "
		      "https page whose address is pasted";
	else if (strpbrk(url.data, "#{}") ||
		 (strncmp(origin, "http:", 5) == 0 && strchr(url.data, '?')))
		why = "must have no fragment, no {} but {port} and, if there "
		      "are instances, {host}, and no query if it is http";
	else if (strncmp(origin, "http:", 5) == 0 && !strchr(origin + 7, ':'))
		why = "needs a port, or {port} for any";
	else if (strncmp(origin, "https:", 6) == 0 && port)
		why = "is pasted back if it is https: {port} is invalid";
	buf_free(&filled);
	buf_free(&url);
	return why;
}
