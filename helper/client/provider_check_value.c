/* SPDX-License-Identifier: MIT */
/*
 * provider_check_value.c - whether the value of one line is what its key takes.
 * See provider_check.h.
 */
#include "client.h"
#include "core/origin.h"
#include "core/text.h"
#include "provider.h"
#include "provider_check.h"
#include "provider_keys.h"

#include <stdio.h>
#include <string.h>

/* ---- URLs ---- */

/* Templates are filled in by provider_resolve() itself, with a host and words that
 * stand for any, so that what passes here also works in a login. */

#define ANY_HOST "https://host.example"

/* Why a line's value is not what it must be; NULL: it is. */
typedef const char *provider_judge(struct provider_check *check,
				   const struct provider_line *line);

int provider_any_values(const struct record *provider, struct record *lines,
			struct record *keys)
{
	struct provider_parameter parameter;
	const char *line = NULL;
	int rc = 0;

	while (!rc && (line = record_next(provider, "parameter[]", line)))
		if (provider_parameter_read(line, &parameter))
			rc = record_add(keys, parameter.key, "any") ||
			     (lines && record_add(lines, "parameter[]", line));
	return rc;
}

/* The URL with its templates filled in. */
static int fill_in_templates(struct provider_check *check, const char *url,
			     struct buf *filled)
{
	struct record mini = {0}, keys = {0}, resolved = {0};
	bool instances = record_get(&check->provider, "instance[]") ||
			 record_get(&check->provider, "instance_domain[]");
	const struct provider_choice choice = {
	    NULL, instances ? ANY_HOST : NULL, &keys};
	struct problem ignored = {0};
	int rc = provider_any_values(&check->provider, &mini, &keys) ||
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

static const char *judge_endpoint(struct provider_check *check,
				  const struct provider_line *line)
{
	struct buf filled = {0};
	const char *why = NULL;

	if (fill_in_templates(check, line->value, &filled))
		check->no_memory = true;
	else
		why = why_no_url(check, line->value, buf_text(&filled));
	buf_free(&filled);
	return why;
}

/* Of a mail or directory server; nothing is filled in there. */
static bool is_service(const char *url)
{
	char origin[ORIGIN_MAX];

	return origin_of(url, origin) != 0 &&
	       origin_of_resource(url, origin) == 0;
}

static const char *judge_origin(struct provider_check *check,
				const struct provider_line *line)
{
	const char *why =
	    is_service(line->value) ? NULL : judge_endpoint(check, line);
	const char *path = strstr(line->value, "://");

	path = strchr(path ? path + 3 : line->value, '/');
	if (!why && path && path[1])
		why = "is an origin: only https://host, its path means nothing";
	return why;
}

static const char *judge_link(struct provider_check *check,
			      const struct provider_line *line)
{
	char origin[ORIGIN_MAX];

	(void)check;
	return origin_of(line->value, origin) == 0 ? NULL
						   : "must be an https page";
}

static const char *judge_uri(struct provider_check *check,
			     const struct provider_line *line)
{
	(void)check;
	return client_resource_ok(line->value)
		   ? NULL
		   : "must be an absolute URI without a fragment";
}

/* As client.c wants it: loopback with a port, or an https page. */
static const char *judge_redirect_uri(struct provider_check *check,
				      const struct provider_line *line)
{
	struct buf filled = {0}, url = {0};
	char origin[ORIGIN_MAX] = "";
	const char *uri, *port, *why = NULL;
	int rc = fill_in_templates(check, line->value, &filled);

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

/* ---- words ---- */

static const char *judge_text(struct provider_check *check,
			      const struct provider_line *line)
{
	(void)check;
	(void)line;
	return NULL;
}

static const char *judge_number(struct provider_check *check,
				const struct provider_line *line)
{
	size_t len = strspn(line->value, "0123456789");

	(void)check;
	return len && len < 12 && !line->value[len]
		   ? NULL
		   : "must be a whole number of seconds, from 0";
}

static const char *judge_days(struct provider_check *check,
			      const struct provider_line *line)
{
	size_t len = strspn(line->value, "0123456789");

	(void)check;
	return len && len < 6 && !line->value[len] && *line->value != '0'
		   ? NULL
		   : "must be a whole number of days, from 1";
}

static const char *judge_character(struct provider_check *check,
				   const struct provider_line *line)
{
	(void)check;
	return strlen(line->value) == 1 ? NULL : "must be one character";
}

static const char *judge_word(struct provider_check *check,
			      const struct provider_line *line)
{
	(void)check;
	return text_visible(line->value, strlen(line->value))
		   ? NULL
		   : "must be a word without spaces";
}

static const char *judge_scope_name(struct provider_check *check,
				    const struct provider_line *line)
{
	const char *why = judge_word(check, line);

	return !why && strcmp(line->value, "scope") != 0 &&
		       oauth_parameter_is_ours(line->value, strlen(line->value))
		   ? "names a parameter that valetkey sends itself"
		   : why;
}

static const char *judge_pair(struct provider_check *check,
			      const struct provider_line *line)
{
	size_t len = strcspn(line->value, "=");
	const char *pair = NULL;
	unsigned count = 0;

	if (!len || !line->value[len] || !text_visible(line->value, len))
		return "must be NAME=VALUE";
	if (oauth_parameter_is_ours(line->value, len))
		return "names a parameter that valetkey sends itself";
	while ((pair = record_next(&check->provider, line->key, pair)))
		count += strncmp(pair, line->value, len + 1) == 0;
	return count > 1 ? "names a parameter that is there twice" : NULL;
}

static const char *judge_error(struct provider_check *check,
			       const struct provider_line *line)
{
	static const char standard[] =
	    "|invalid_request|invalid_client|invalid_grant|unauthorized_client"
	    "|unsupported_grant_type|invalid_scope|authorization_pending"
	    "|slow_down|access_denied|expired_token|";
	const char *equals = strchr(line->value, '=');
	char error[64];

	(void)check;
	if (!equals || equals == line->value || strlen(equals) > 50 ||
	    strchr(equals, '|'))
		return "must be NAME=ERROR";
	snprintf(error, sizeof(error), "|%s|", equals + 1);
	return equals[1] && strstr(standard, error)
		   ? NULL
		   : "must end in an error of RFC 6749 5.2 or RFC 8628 3.5, "
		     "such as invalid_grant";
}

/* ---- for the proxy ---- */

/* A path of a URL, without query and fragment, and without a pair's '='. */
static bool is_path(const char *text, size_t len)
{
	return len && *text == '/' && text_visible(text, len) &&
	       !memchr(text, '?', len) && !memchr(text, '#', len) &&
	       !memchr(text, '=', len) && !memchr(text, '{', len);
}

static const char *judge_path(struct provider_check *check,
			      const struct provider_line *line)
{
	(void)check;
	return is_path(line->value, strlen(line->value))
		   ? NULL
		   : "must be a path such as /oauth/token";
}

static const char *judge_paths(struct provider_check *check,
			       const struct provider_line *line)
{
	size_t len = strcspn(line->value, "=");
	const char *to = line->value + len + (line->value[len] == '=');

	(void)check;
	return is_path(line->value, len) && is_path(to, strlen(to)) &&
		       line->value[len - 1] != '/'
		   ? NULL
		   : "must be FROM=TO, two paths such as /api/v2=/v2; FROM "
		     "does not end in a slash";
}

static const char *judge_variable(struct provider_check *check,
				  const struct provider_line *line)
{
	static const char *const kinds[] = {"=url", "=token", "=id", "=secret"};
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "abcdefghijklmnopqrstuvwxyz_0123456789";
	size_t len = strspn(line->value, letters);

	(void)check;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (len && !strchr("0123456789", *line->value) &&
		    strcmp(line->value + len, kinds[i]) == 0)
			return NULL;
	return "must be NAME=url, NAME=token, NAME=id or NAME=secret";
}

/* ---- what there is to choose ---- */

static const char *judge_instance(struct provider_check *check,
				  const struct provider_line *line)
{
	struct record one = {0};
	struct problem ignored = {0};
	char base[PROVIDER_BASE_MAX];
	const char *why = NULL;

	if (record_add(&one, "instance[]", line->value))
		check->no_memory = true;
	else if (!provider_code_ok(line->value) ||
		 provider_instance(&one, NULL, base, &ignored))
		why = "must be CODE ORIGIN TEXT, such as: eu "
		      "https://eu.example.com Europe; CODE of [A-Za-z0-9._-], "
		      "a letter or digit first";
	record_free(&one);
	return why;
}

static const char *judge_domain(struct provider_check *check,
				const struct provider_line *line)
{
	const char *domain = line->value;
	struct buf url = {0};
	char origin[ORIGIN_MAX];
	const char *why = NULL;

	if (strcmp(domain, "*") == 0)
		return NULL;
	if (buf_fmt(&url, "https://host%s", domain))
		check->no_memory = true;
	else if (*domain != '.' || origin_of(url.data, origin) != 0 ||
		 strcmp(url.data, origin) != 0)
		why = "must be a domain such as .example.com in lower case, or "
		      "*";
	else if (!strchr(domain + 1, '.'))
		why = "would let in every host of a top-level domain";
	buf_free(&url);
	return why;
}

static const char *judge_parameter(struct provider_check *check,
				   const struct provider_line *line)
{
	struct provider_parameter parameter;

	(void)check;
	return provider_parameter_read(line->value, &parameter)
		   ? NULL
		   : "must be NAME USUAL TEXT, such as: tenant common Your "
		     "tenant; NAME of [a-z0-9_] and not one of ours, USUAL of "
		     "[A-Za-z0-9._-], or - for none";
}

static const char *judge_scope_choice(struct provider_check *check,
				      const struct provider_line *line)
{
	size_t len = strcspn(line->value, " ");

	(void)check;
	return len && line->value[len] && !memchr(line->value, ',', len) &&
		       line->value[strspn(line->value, "0123456789")] != ' '
		   ? NULL
		   : "must be SCOPE TEXT, such as: read See what there is; "
		     "SCOPE without a comma and no number";
}

static const char *judge_kind(struct provider_check *check,
			      const struct provider_line *line)
{
	const char *kind = NULL;
	unsigned count = 0;

	while ((kind = record_next(&check->provider, "client[]", kind)))
		count += strcmp(kind, line->value) == 0;
	if (!provider_name_ok(line->value))
		return "must be of [a-z0-9-], a letter or digit first";
	return count > 1 ? "is there twice" : NULL;
}

/* ---- all ---- */

static provider_judge *const judges[] = {
    [PROVIDER_TEXT] = judge_text,
    [PROVIDER_LINK] = judge_link,
    [PROVIDER_ENDPOINT] = judge_endpoint,
    [PROVIDER_ORIGIN] = judge_origin,
    [PROVIDER_NUMBER] = judge_number,
    [PROVIDER_DAYS] = judge_days,
    [PROVIDER_CHARACTER] = judge_character,
    [PROVIDER_WORD] = judge_word,
    [PROVIDER_PAIR] = judge_pair,
    [PROVIDER_ERROR] = judge_error,
    [PROVIDER_URI] = judge_uri,
    [PROVIDER_INSTANCE] = judge_instance,
    [PROVIDER_DOMAIN] = judge_domain,
    [PROVIDER_PARAMETER] = judge_parameter,
    [PROVIDER_KIND] = judge_kind,
    [PROVIDER_REDIRECT] = judge_redirect_uri,
    [PROVIDER_SCOPE_NAME] = judge_scope_name,
    [PROVIDER_PATH] = judge_path,
    [PROVIDER_PATHS] = judge_paths,
    [PROVIDER_VARIABLE] = judge_variable,
    [PROVIDER_SCOPE] = judge_scope_choice,
};

/* "a, b or c" of "|a|b|c|". */
static void spell_choices(const char *choices, char *out, size_t size)
{
	size_t n = 0;

	for (const char *c = choices + 1; *c && n + 5 < size; c++) {
		const char *more = *c == '|' && c[1] ? strchr(c + 1, '|') : c;
		const char *between = more && more[1] ? ", " : " or ";

		if (*c != '|')
			out[n++] = *c;
		else if (c[1])
			n += (size_t)snprintf(out + n, size - n, "%s", between);
	}
	out[n] = '\0';
}

static void check_choice(struct provider_check *check,
			 const struct provider_line *line, const char *choices)
{
	char quoted[PROBLEM_QUOTE_MAX], list[160];
	struct buf wanted = {0};

	if (buf_fmt(&wanted, "|%s|", line->value)) {
		check->no_memory = true;
	} else if (strchr(line->value, '|') || !strstr(choices, wanted.data)) {
		spell_choices(choices, list, sizeof(list));
		provider_say(check, line->number, true, "%s must be %s.",
			     problem_quote(quoted, line->key), list);
	}
	buf_free(&wanted);
}

void provider_check_value(struct provider_check *check,
			  const struct provider_line *line, const char *name,
			  bool of_kind)
{
	const struct provider_key *key = provider_key_find(name, of_kind);
	char quoted[PROBLEM_QUOTE_MAX];
	const char *why = NULL;

	if (!*line->value) { /* takes a general key back */
		if (!of_kind && !strchr(line->key, '['))
			provider_say(check, line->number, false,
				     "%s has no value and does nothing.",
				     problem_quote(quoted, line->key));
		return;
	}
	if (key->value == PROVIDER_CHOICE)
		check_choice(check, line, key->choices);
	else
		why = judges[key->value](check, line);
	if (why)
		provider_say(check, line->number, true, "%s %s.",
			     problem_quote(quoted, line->key), why);
}
