/* SPDX-License-Identifier: MIT */
/*
 * provider_resolve.c - what a provider's data says for one kind of client at
 * one instance: the kind's keys put in place of the general ones, the templates
 * filled in. See provider.h.
 */
#include "core/origin.h"
#include "provider.h"
#include <valetkey.h>

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* ---- parameters ---- */

bool provider_parameter_ok(const char *value)
{
	size_t len = strspn(value, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				   "abcdefghijklmnopqrstuvwxyz"
				   "0123456789._-");

	return len && len <= PROVIDER_VALUE_MAX && !value[len] &&
	       !strchr("._-", *value);
}

static bool copy_word(char *out, size_t size, const char **text)
{
	size_t len = strcspn(*text, " ");

	if (!len || len >= size)
		return false;
	memcpy(out, *text, len);
	out[len] = '\0';
	*text += len;
	*text += strspn(*text, " ");
	return true;
}

bool provider_parameter_read(const char *line,
			     struct provider_parameter *parameter)
{
	static const char *const ours[] = {"origin",	   "host",  "port",
					   "redirect_uri", "scope", NULL};
	struct provider_parameter *p = parameter;

	if (!copy_word(p->name, sizeof(p->name), &line) ||
	    !copy_word(p->usual, sizeof(p->usual), &line) ||
	    p->name[strspn(p->name, "abcdefghijklmnopqrstuvwxyz0123456789_")])
		return false;
	for (const char *const *word = ours; *word; word++)
		if (strcmp(p->name, *word) == 0)
			return false;
	snprintf(p->key, sizeof(p->key), "parameter.%s", p->name);
	p->text = line;
	if (strcmp(p->usual, "-") == 0)
		*p->usual = '\0';
	return !*p->usual || provider_parameter_ok(p->usual);
}

const char *provider_of_kind(const struct record *provider, const char *kind,
			     const char *key)
{
	char name[300];

	snprintf(name, sizeof(name), "client.%s.%s", kind, key);
	return record_get(provider, name);
}

/* Keys that describe the choice itself and are no part of the result. */
static bool is_choice(const char *key)
{
	return strncmp(key, "client.", 7) == 0 ||
	       strcmp(key, "client[]") == 0 || strcmp(key, "instance[]") == 0 ||
	       strcmp(key, "instance_domain[]") == 0 ||
	       strcmp(key, "parameter[]") == 0;
}

static int copy_general(const struct record *provider, struct record *merged)
{
	const char *key, *value;
	size_t at = 0;

	while ((key = record_each(provider, &at, &value)))
		if (!is_choice(key) && record_add(merged, key, value))
			return VALETKEY_ERR_NOMEM;
	return VALETKEY_OK;
}

/* The part after "client.KIND.", NULL for another kind's. The kind's own name
 * must not pass for the provider's. */
static const char *kind_key(const char *key, const char *kind)
{
	size_t len = strlen(kind);

	if (strncmp(key, "client.", 7) != 0 ||
	    strncmp(key + 7, kind, len) != 0 || key[7 + len] != '.')
		return NULL;
	key += 8 + len;
	return strcmp(key, "name") == 0 || strcmp(key, "use") == 0 ? NULL : key;
}

static int put_kind(const struct record *provider, const char *kind,
		    struct record *merged)
{
	const char *key, *value, *own;
	size_t at = 0;

	while ((key = record_each(provider, &at, &value))) {
		own = kind_key(key, kind);
		if (own)
			record_remove(merged, own);
	}
	at = 0;
	while ((key = record_each(provider, &at, &value))) {
		own = kind_key(key, kind);
		if (own && record_add(merged, own, value))
			return VALETKEY_ERR_NOMEM;
	}
	return VALETKEY_OK;
}

/* ---- templates ---- */

struct words {
	struct record fixed;	  /* origin, host, redirect_uri, scope */
	struct record parameters; /* what the person chose */
};

/* Whether what is added to a text now would be part of a URL's host. */
static bool in_host(const struct buf *text)
{
	const char *url = buf_text(text);
	bool host = false;

	while ((url = strstr(url, "://"))) {
		url += strlen("://");
		host = !url[strcspn(url, "/?# ")];
	}
	return host;
}

/* What "{name}" at the front of a text stands for; NULL: nothing. */
static const char *word_for_name(const struct words *words, const char *text,
				 const struct buf *before)
{
	size_t len = strcspn(text, "}");
	char name[sizeof((struct provider_parameter){0}.name)];
	const char *value;

	if (*text != '{' || text[len] != '}' || len - 1 >= sizeof(name))
		return NULL;
	memcpy(name, text + 1, len - 1);
	name[len - 1] = '\0';
	value = record_get(&words->fixed, name);
	if (!value && !in_host(before))
		value = record_get(&words->parameters, name);
	return value;
}

/* Fills {name} in; braces that mean nothing here, like {port}, stay. */
static int expand(const char *text, const struct words *words, struct buf *out)
{
	const char *word;
	size_t len;

	for (; *text; text += len) {
		word = word_for_name(words, text, out);
		len =
		    word ? strcspn(text, "}") + 1 : strcspn(text + 1, "{") + 1;
		if (word ? buf_str(out, word) : buf_add(out, text, len))
			return VALETKEY_ERR_NOMEM;
	}
	return VALETKEY_OK;
}

/* An empty value takes a general key back: it is not in the result. A host has no
 * folder. */
static int expand_all(const struct record *merged, const struct words *words,
		      struct record *resolved)
{
	char origin[ORIGIN_MAX];
	const char *key, *value;
	size_t at = 0;
	int rc = VALETKEY_OK;

	while (!rc && (key = record_each(merged, &at, &value))) {
		struct buf text = {0};

		if (!*value)
			continue;
		rc = expand(value, words, &text);
		if (!rc && strcmp(key, "hosts[]") == 0 &&
		    strstr(value, "{origin}") &&
		    origin_of(buf_text(&text), origin) == 0) {
			buf_clear(&text);
			rc = buf_str(&text, origin) ? VALETKEY_ERR_NOMEM : 0;
		}
		if (!rc && record_add(resolved, key, buf_text(&text)))
			rc = VALETKEY_ERR_NOMEM;
		buf_free(&text);
	}
	return rc;
}

/* ---- what was chosen ---- */

static int put_parameter(const char *line, const struct record *keys,
			 struct record *values, struct problem *problem)
{
	struct provider_parameter parameter;
	const char *value;

	if (!provider_parameter_read(line, &parameter))
		return problem_set(problem, VALETKEY_ERR_ARG,
				   "The provider's file has a malformed "
				   "parameter[].");
	value = keys ? record_get(keys, parameter.key) : NULL;
	if (!value && *parameter.usual)
		value = parameter.usual;
	if (!value)
		return problem_set(
		    problem, VALETKEY_ERR_ARG,
		    "The provider needs %s. Give it to 'valetkey "
		    "add': --set %s=VALUE.",
		    parameter.name, parameter.name);
	if (!provider_parameter_ok(value))
		return problem_set(problem, VALETKEY_ERR_ARG,
				   "%s must be letters, digits and ._- only, "
				   "and begin with a letter or digit.",
				   parameter.name);
	return record_add(values, parameter.name, value) ? VALETKEY_ERR_NOMEM
							 : VALETKEY_OK;
}

/* The instance, for the path of a redirect URI: git.example-8443. */
static int put_base(const char *base, struct words *words)
{
	struct buf host = {0};
	int rc;

	if (!base || !*base)
		return VALETKEY_OK;
	rc = buf_str(&host, strstr(base, "://") + 3);
	for (char *c = host.data; !rc && *c; c++)
		if (!isalnum((unsigned char)*c) && *c != '.')
			*c = '-';
	rc = rc || record_add(&words->fixed, "origin", base) ||
	     record_add(&words->fixed, "host", buf_text(&host));
	buf_free(&host);
	return rc ? VALETKEY_ERR_NOMEM : VALETKEY_OK;
}

/* With its own words filled in, as the steps tell it: any port is PORT there. */
static int put_redirect_word(const char *uri, struct words *words)
{
	struct buf text = {0};
	int rc = VALETKEY_OK;

	if (uri && (record_add(&words->fixed, "port", "PORT") ||
		    expand(uri, words, &text) ||
		    record_add(&words->fixed, "redirect_uri", buf_text(&text))))
		rc = VALETKEY_ERR_NOMEM;
	record_remove(&words->fixed, "port");
	buf_free(&text);
	return rc;
}

static int find_words(const struct record *provider,
		      const struct provider_choice *choice,
		      const struct record *merged, struct words *words,
		      struct problem *problem)
{
	const char *line = NULL;
	int rc = put_base(choice->base, words);

	if (!rc &&
	    record_add(&words->fixed, "scope", record_get(merged, "scope")))
		rc = VALETKEY_ERR_NOMEM;
	while (!rc && (line = record_next(provider, "parameter[]", line)))
		rc = put_parameter(line, choice->keys, &words->parameters,
				   problem);
	return rc ? rc
		  : put_redirect_word(record_get(merged, "redirect_uri"),
				      words);
}

static int no_kind(const char *kind, struct problem *problem)
{
	char quoted[PROBLEM_QUOTE_MAX];

	return problem_set(problem, VALETKEY_ERR_ARG,
			   "The provider has no kind of client \"%s\".",
			   problem_quote(quoted, kind));
}

int provider_resolve(const struct record *provider,
		     const struct provider_choice *choice,
		     struct record *resolved, struct problem *problem)
{
	const char *kind = choice->kind;
	struct record merged = {0};
	struct words words = {0};
	int rc;

	if (!kind)
		kind = record_next(provider, "client[]", NULL);
	if (kind && !record_has(provider, "client[]", kind))
		return no_kind(kind, problem);
	rc = copy_general(provider, &merged);
	if (!rc && kind)
		rc = put_kind(provider, kind, &merged);
	if (!rc)
		rc = find_words(provider, choice, &merged, &words, problem);
	if (!rc)
		rc = expand_all(&merged, &words, resolved);
	if (rc == VALETKEY_ERR_NOMEM)
		problem_no_memory(problem);
	record_free(&words.fixed);
	record_free(&words.parameters);
	record_free(&merged);
	return rc;
}
